//! A real browser: Chromium of Debian, driven by playwright, with axe to look for what keeps people from using a page.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::debian::{Packages, packages};
use crate::error::Error;
use crate::npm::{self, Scripts};
use crate::process::Process;

const SCRIPTS: Scripts = Scripts { folder: "browser" };
/// The browser, and fonts: pages look the same on every machine.
const PACKAGES: [&str; 3] = ["chromium", "fonts-dejavu-core", "fonts-liberation"];
/// The package's own start script holds paths of an installed system.
const CHROMIUM: &str = "/usr/lib/chromium/chromium";
const POLL: Duration = Duration::from_millis(50);

/// The programs of a browser, ready to run tours.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    environment: Vec<(&'static str, OsString)>,
    folder: TempDir,
}

/// What a tour is run with.
#[derive(Clone, Debug)]
pub struct Tour<'a> {
    /// The script: its default export is an async function of `{ open, axe, input }`.
    pub script: &'a Path,
    /// What it is told.
    pub input: Value,
    /// Where hosts are: `app.contoso.example` or `app.contoso.example:443`, and the address that stands for it.
    pub hosts: &'a [(&'a str, &'a str)],
    /// How long it may take.
    pub deadline: Duration,
}

impl Browser {
    /// Downloads what is missing.
    pub fn locate() -> Result<Self, Error> {
        npm::check_node()?;
        let fetched = packages(&PACKAGES)?;
        let folder = tempfile::Builder::new().prefix("rollcall-browser-").tempdir()?;
        SCRIPTS.lay_out(folder.path())?;
        let fonts = write_fonts(&fetched, folder.path())?;
        let [_, libraries] = fetched.environment();
        let environment = vec![libraries, ("FONTCONFIG_FILE", fonts.into())];
        Ok(Self { chromium: fetched.path(CHROMIUM), environment, folder })
    }

    /// Where Chromium is.
    pub fn chromium(&self) -> &Path {
        &self.chromium
    }

    /// Runs a tour in a Chromium of its own and returns its result. Nothing of it outlives the caller.
    pub async fn run(&self, tour: Tour<'_>) -> Result<Value, Error> {
        let folder = tempfile::Builder::new().prefix("rollcall-tour-").tempdir()?;
        let (options, result) = (folder.path().join("options.json"), folder.path().join("result.json"));
        let text = json!({ "chromium": self.chromium, "hosts": tour.hosts, "input": tour.input }).to_string();
        fs::write(&options, text)?;
        let mut command: Vec<OsString> = vec!["env".into()];
        for (name, value) in &self.environment {
            let mut variable = OsString::from(format!("{name}="));
            variable.push(value);
            command.push(variable);
        }
        // Profiles and sockets go with the folder.
        let mut home = OsString::from("HOME=");
        home.push(folder.path());
        let mut temporary = OsString::from("TMPDIR=");
        temporary.push(folder.path());
        command.extend([home, temporary, "node".into(), self.folder.path().join("run.mjs").into()]);
        command.extend([tour.script.into(), options.into(), result.clone().into()]);
        let mut process = Process::start("browser", &command, folder.path())?;
        let started = Instant::now();
        let status = loop {
            if let Some(status) = process.exit_status()? {
                break status;
            }
            if started.elapsed() > tour.deadline {
                let what = format!("{} is not over after {:?}", tour.script.display(), tour.deadline);
                return Err(Error::Failed { what, output: process.log_tail() });
            }
            tokio::time::sleep(POLL).await;
        };
        if !status.success() {
            return Err(Error::Failed { what: tour.script.display().to_string(), output: process.log() });
        }
        let text = fs::read(&result)?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::Failed { what: tour.script.display().to_string(), output: error.to_string() })
    }
}

/// A configuration of fonts that knows those of the packages alone. Whatever a page asks for, it gets one of them.
fn write_fonts(fetched: &Packages, folder: &Path) -> Result<PathBuf, Error> {
    let path = folder.join("fonts.conf");
    let (fonts, cache) = (fetched.path("/usr/share/fonts"), folder.join("font-cache"));
    let family = |name, font| format!("<alias><family>{name}</family><prefer><family>{font}</family></prefer></alias>");
    let text = format!(
        "<?xml version=\"1.0\"?>\n<fontconfig>\n<dir>{}</dir>\n<cachedir>{}</cachedir>\n{}\n{}\n<match target=\"pattern\"><edit \
         name=\"family\" mode=\"append\" binding=\"weak\"><string>Liberation Sans</string></edit></match>\n</fontconfig>\n",
        fonts.display(),
        cache.display(),
        family("serif", "Liberation Serif"),
        family("monospace", "DejaVu Sans Mono"),
    );
    fs::write(&path, text)?;
    Ok(path)
}
