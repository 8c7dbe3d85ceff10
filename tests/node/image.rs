//! The image, built from the repository's Dockerfile, with the files that `.ci/image-root` makes in place of its build stage.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Instant;

use control_plane::node::node_packages;
use control_plane::{Image, Packages};
use serde_json::Value;

use crate::cluster::root;

/// What the pods of this lane ask for.
const NAME: &str = "rollcall.test/rollcall:node-lane";
/// The largest archive that is a small image. It was 18.9 MB before the login came with its provider, pages and passwords.
const LARGEST: u64 = 24 << 20;

/// The files of the image, each with what it is for. Nothing else belongs in it.
const FILES: [&str; 5] =
    ["etc/group", "etc/nsswitch.conf", "etc/passwd", "etc/ssl/certs/ca-certificates.crt", "rollcall"];

/// The beginnings of the variables with which cargo describes the package of a test.
const PACKAGE_VARIABLES: [&str; 4] = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"];

static BUILT: LazyLock<Image> = LazyLock::new(build);

/// The image, built by whoever asks first.
pub(crate) fn image() -> &'static Image {
    &BUILT
}

fn packages() -> Packages {
    node_packages().unwrap_or_else(|error| panic!("{error}"))
}

fn build() -> Image {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("image");
    drop(fs::remove_dir_all(&folder));
    let started = Instant::now();
    println!("== image: a release build, which takes minutes when it is the first");
    let mut command = Command::new(root().join(".ci/image-root"));
    // What cargo tells a test about its package would make build scripts of dependencies run again, and everything after them.
    for (name, _) in std::env::vars_os() {
        if PACKAGE_VARIABLES.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    let built = command.arg(folder.join("stage/image")).status().expect(".ci/image-root runs");
    assert!(built.success(), ".ci/image-root failed; its complaint stands above");
    let archive = folder.join("rollcall.tar");
    let stage = folder.join("stage");
    let image = Image::build(&packages(), root(), Some(("build", &stage)), NAME, archive);
    let image = image.unwrap_or_else(|error| panic!("{error}"));
    println!("   built in {:.1} s", started.elapsed().as_secs_f64());
    image
}

/// Unpacks a tar archive.
fn unpack(archive: &Path, into: &Path) {
    fs::create_dir_all(into).expect("a folder");
    let status = Command::new("tar").arg("-xf").arg(archive).arg("-C").arg(into).status().expect("tar runs");
    assert!(status.success(), "tar of {}", archive.display());
}

/// A blob of an OCI layout by its descriptor.
fn blob(layout: &Path, descriptor: &Value) -> PathBuf {
    let digest = descriptor["digest"].as_str().expect("a descriptor has a digest");
    layout.join("blobs").join(digest.replace(':', "/"))
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).expect("below").display().to_string(), path);
            }
        }
    }
    found
}

#[test]
#[ignore = "a release build and Debian's packages; see the top of main.rs"]
fn the_image_holds_the_program_and_what_it_cannot_do_without() {
    let image = image();
    let size = fs::metadata(&image.archive).expect("the archive").len();
    println!("   the image is {:.1} MB as an archive", size as f64 / 1e6);
    assert!(size < LARGEST, "{size} bytes");

    let folder = tempfile::tempdir().expect("a folder");
    let (layout, tree) = (folder.path().join("layout"), folder.path().join("tree"));
    unpack(&image.archive, &layout);
    let index = json(&layout.join("index.json"));
    let manifest = json(&blob(&layout, &index["manifests"][0]));
    for layer in manifest["layers"].as_array().expect("layers") {
        unpack(&blob(&layout, layer), &tree);
    }
    let found = files(&tree);
    assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), FILES);
    let roots = fs::read_to_string(&found["etc/ssl/certs/ca-certificates.crt"]).expect("text");
    assert!(roots.matches("BEGIN CERTIFICATE").count() > 100, "the roots of trust");
    let read = |name: &str| fs::read_to_string(&found[name]).expect("text");
    assert_eq!(read("etc/nsswitch.conf"), "hosts: files dns\n");
    assert!(read("etc/passwd").contains(":65532:65532:") && read("etc/group").contains(":65532:"));

    let config = json(&blob(&layout, &manifest["config"]));
    assert_eq!(config["config"]["User"], "65532:65532");
    assert_eq!(config["config"]["Entrypoint"], serde_json::json!(["/rollcall"]));
    let labels = &config["config"]["Labels"];
    let label = |name: &str| labels[format!("org.opencontainers.image.{name}")].as_str().unwrap_or_default().to_owned();
    assert_eq!(label("version"), env!("CARGO_PKG_VERSION"), "the Dockerfile says the version of Cargo.toml");
    assert_eq!((label("title"), label("licenses")), ("rollcall".to_owned(), "Apache-2.0".to_owned()));
    assert!(!label("description").is_empty());

    // Alone in its own tree, the program finds whatever it needs to start.
    let started =
        Command::new("chroot").arg("--userspec=65532:65532").arg(&tree).args(["/rollcall", "--version"]).output();
    let started = started.expect("chroot runs");
    let text = String::from_utf8_lossy(&started.stdout).into_owned() + &String::from_utf8_lossy(&started.stderr);
    assert!(started.status.success() && text.contains(env!("CARGO_PKG_VERSION")), "{text}");
}
