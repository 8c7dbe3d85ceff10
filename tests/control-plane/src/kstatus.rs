//! What Flux and Argo CD conclude of an object. Flux asks the library kstatus; Argo CD runs a script in Lua for each kind. Both are
//! asked here as they are: the library itself, and the interpreter that is built into Argo CD.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value, json};

use crate::binaries;
use crate::error::Error;

/// What kstatus says of each of these objects, in their order: `InProgress`, `Failed`, `Current`, `Terminating` or another word of
/// its own, and why. Builds the program where it is not there yet.
pub fn kstatus(objects: &[Value]) -> Result<Vec<(String, String)>, Error> {
    let [program, _] = binaries::kstatus()?;
    conclusions("kstatus", &program, objects)
}

/// What this health check of Argo CD says of each of these objects, in their order: `Healthy`, `Progressing` or `Degraded`, and why.
pub fn argocd_health(script: &str, objects: &[Value]) -> Result<Vec<(String, String)>, Error> {
    let [_, program] = binaries::kstatus()?;
    let questions: Vec<_> = objects.iter().map(|object| json!({ "script": script, "object": object })).collect();
    conclusions("argocd-health", &program, &questions)
}

/// Gives these lines to a program and reads a status and a message for each.
fn conclusions(name: &str, program: &Path, lines: &[Value]) -> Result<Vec<(String, String)>, Error> {
    let mut child =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let input: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    // Beside the reading: neither waits for the other where the pipes are full.
    let writing = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    writing.join().expect("writing does not panic")?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Failed { what: name.to_owned(), output });
    }
    let results = Deserializer::from_slice(&output.stdout).into_iter::<Value>().filter_map(Result::ok);
    let text = |result: &Value, field: &str| result[field].as_str().unwrap_or_default().to_owned();
    Ok(results.map(|result| (text(&result, "status"), text(&result, "message"))).collect())
}
