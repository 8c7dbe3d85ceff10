//! What Flux and Argo CD conclude of an object: kstatus, the library that Flux asks itself.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Deserializer, Value};

use crate::binaries;
use crate::error::Error;

/// What kstatus says of each of these objects, in their order: `InProgress`, `Failed`, `Current`, `Terminating` or another word of
/// its own, and why. Builds the program where it is not there yet.
pub fn kstatus(objects: &[Value]) -> Result<Vec<(String, String)>, Error> {
    let program = binaries::kstatus()?;
    let mut child =
        Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let input: String = objects.iter().map(|object| format!("{object}\n")).collect();
    let mut pipe = child.stdin.take().expect("standard input is a pipe");
    // Beside the reading: neither waits for the other where the pipes are full.
    let writing = std::thread::spawn(move || pipe.write_all(input.as_bytes()));
    let output = child.wait_with_output()?;
    writing.join().expect("writing does not panic")?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(Error::Failed { what: "kstatus".to_owned(), output });
    }
    let results = Deserializer::from_slice(&output.stdout).into_iter::<Value>().filter_map(Result::ok);
    let text = |result: &Value, field: &str| result[field].as_str().unwrap_or_default().to_owned();
    Ok(results.map(|result| (text(&result, "status"), text(&result, "message"))).collect())
}
