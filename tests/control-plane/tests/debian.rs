//! Programs of Debian's packages run from the cache, with the libraries that came along.

use control_plane::packages;

#[test]
fn a_program_runs_with_the_libraries_that_came_along() {
    let fetched = packages(&["nftables"]).unwrap_or_else(|error| panic!("{error}"));
    let output = fetched.command("nft").expect("the program").arg("--version").output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.starts_with("nftables v"), "{text}");
    assert!(fetched.path("/usr/share/doc/nftables").is_dir(), "the package is unpacked");
    let missing = fetched.program("no-such-program").expect_err("no program").to_string();
    assert!(missing.contains("no-such-program") && missing.contains("holds no program"), "{missing}");
}

#[test]
fn a_package_that_does_not_exist_is_named() {
    let error = packages(&["rollcall-no-such-package"]).expect_err("no package").to_string();
    assert!(error.contains("rollcall-no-such-package"), "{error}");
}
