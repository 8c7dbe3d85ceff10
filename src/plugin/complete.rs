//! What kubectl completes `kubectl directory` with.
//!
//! kubectl asks the executable `kubectl_complete-directory` on PATH: its arguments are the words that were typed, the last of
//! them the unfinished one, and it answers with a line for each candidate. The plugin is that executable too, under a
//! second name.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::engine::complete;

use super::PluginCli;

/// The name under which kubectl looks for it.
const EXECUTABLE: &str = "kubectl_complete-directory";
/// The last line, in the words of kubectl's library (cobra): the shell adds no names of files to these candidates.
const NO_FILES: &str = ":4";
/// The same, and no blank behind the candidate, because a folder goes on.
const NO_FILES_AND_NO_BLANK: &str = ":6";

/// Whether a program that was started under this name is asked by kubectl.
pub fn is_asked(program: Option<&OsStr>) -> bool {
    program.and_then(|program| Path::new(program).file_stem()).is_some_and(|name| name == EXECUTABLE)
}

/// The answer for these words.
pub fn answer(words: Vec<OsString>) -> io::Result<String> {
    let place = words.len();
    let command_line = [OsString::from(EXECUTABLE)].into_iter().chain(words).collect();
    let candidates = complete(&mut PluginCli::command(), command_line, place, env::current_dir().ok().as_deref())?;
    let lines = candidates.iter().filter(|candidate| !candidate.is_hide_set()).map(|candidate| {
        let value = candidate.get_value().to_string_lossy();
        match candidate.get_help().map(ToString::to_string) {
            Some(help) => format!("{value}\t{}\n", help.lines().next().unwrap_or_default()),
            None => format!("{value}\n"),
        }
    });
    let has_folder = candidates.iter().any(|candidate| candidate.get_value().to_string_lossy().ends_with('/'));
    let end = if has_folder { NO_FILES_AND_NO_BLANK } else { NO_FILES };
    Ok(lines.chain([format!("{end}\n")]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_is_told_the_commands_flags_and_values_that_fit() {
        for (words, expected) in [
            (&["wh"][..], &["why"][..]),
            (&["-n", "acme", "sus"], &["suspend"]),
            (&["token", ""], &["new"]),
            (&["--namesp"], &["--namespace"]),
            (&["find", "--output", "js"], &["json"]),
            (&["token", "new", "--scope", ""], &["provision", "introspect"]),
            (&["nothing-fits"], &[]),
        ] {
            let answer = answer(words.iter().map(OsString::from).collect()).expect("an answer");
            let (lines, end) = answer.trim_end().rsplit_once('\n').unwrap_or(("", answer.trim_end()));
            let values = lines.lines().map(|line| line.split('\t').next().unwrap_or_default());
            let values: Vec<_> = values.filter(|value| words.last() != Some(&"") || !value.starts_with('-')).collect();
            assert_eq!((&values[..], end), (expected, NO_FILES), "{words:?}: {answer}");
        }
        // Tests run in the folder of the package.
        let files = answer(["--kubeconfig", "Cargo.t"].map(OsString::from).to_vec()).expect("an answer");
        assert_eq!(files, "Cargo.toml\n:4\n");
        let folder = answer(["--kubeconfig", "chart"].map(OsString::from).to_vec()).expect("an answer");
        assert_eq!(folder, "charts/\n:6\n");
        let all = answer(vec![OsString::new()]).expect("an answer");
        assert!(all.contains("why\tSay whether a person may get in") && all.contains("\ndoctor\t"), "{all}");
    }

    #[test]
    fn the_program_is_asked_by_its_name() {
        for (program, is_it) in [
            ("/usr/local/bin/kubectl_complete-directory", true),
            ("kubectl_complete-directory.exe", true),
            ("/usr/local/bin/kubectl-directory", false),
            ("", false),
        ] {
            assert_eq!(is_asked(Some(OsStr::new(program))), is_it, "{program}");
        }
        assert!(!is_asked(None));
    }
}
