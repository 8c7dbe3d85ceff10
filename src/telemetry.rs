//! The log: one line for each event, JSON or text, with constant messages and variable fields.
//!
//! A value cannot make a line of its own: control characters are escaped in both formats. No field holds a secret.
//! Personal data is at debug level at most, with one exception: lines about one object name it, at any level, and in a
//! Directory with `naming: Readable` a name begins with the local part of the userName. `naming: Opaque` is for who wants
//! none of it in the log. The line of a request has the endpoint's pattern in place of the path, the id of its resource, and
//! of the sentence that was answered only what is constant in it.

use std::any::Any;
use std::fmt::{self, Write as _};

use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};

use crate::config::LogFormat;

/// The subscriber of a process: `filter` is a level or a list of `target=level`.
pub fn subscriber<W>(format: LogFormat, filter: EnvFilter, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    match format {
        LogFormat::Json => Box::new(builder.json().flatten_event(true).with_span_list(false).finish()),
        LogFormat::Text => {
            let fields = debug_fn(|writer: &mut Writer<'_>, field, value: &dyn fmt::Debug| match field.name() {
                "message" => write_escaped(writer, value),
                name => {
                    write!(writer, "{name}=")?;
                    write_escaped(writer, value)
                }
            });
            Box::new(builder.with_ansi(false).fmt_fields(fields.delimited(" ")).finish())
        }
    }
}

/// Makes the process's log. Once; a second call changes nothing. Panics become lines of it.
pub fn start(format: LogFormat, filter: EnvFilter) {
    tracing::subscriber::set_global_default(subscriber(format, filter, std::io::stderr)).ok();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, reason = panic_reason(panic.payload()), "panic");
    }));
}

/// What a panic says.
pub fn panic_reason(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

fn write_escaped(writer: &mut Writer<'_>, value: &dyn fmt::Debug) -> fmt::Result {
    let mut text = String::new();
    write!(text, "{value:?}")?;
    for character in text.chars() {
        if character.is_control() || is_line_separator(character) {
            write!(writer, "{}", character.escape_unicode())?;
        } else {
            writer.write_char(character)?;
        }
    }
    Ok(())
}

/// Characters that some viewers take for the end of a line.
fn is_line_separator(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn captured(format: LogFormat, log: impl FnOnce()) -> String {
        let lines = Captured::default();
        let writer = lines.clone();
        let subscriber = subscriber(format, EnvFilter::new("info"), move || writer.clone());
        tracing::subscriber::with_default(subscriber, log);
        let bytes = lines.0.lock().clone();
        String::from_utf8(bytes).expect("the log is UTF-8")
    }

    #[test]
    fn a_value_cannot_forge_a_line() {
        for format in [LogFormat::Json, LogFormat::Text] {
            let log = captured(format, || {
                let forged = "x\n{\"level\":\"INFO\",\"message\":\"all is well\"}\u{1b}[31m\r\u{2028}";
                let _span = tracing::info_span!("request", request_id = %forged).entered();
                tracing::info!(reason = %forged, "refused");
                tracing::info!("a message with {forged}");
            });
            assert_eq!(log.lines().count(), 2, "{format:?}: {log:?}");
            assert!(!log.trim_end().chars().any(|c| c.is_control() && c != '\n'), "{format:?}: {log:?}");
        }
    }

    #[test]
    fn a_json_line_is_an_object_with_its_fields_and_its_span() {
        let log = captured(LogFormat::Json, || {
            let _span = tracing::info_span!("request", request_id = "r-1").entered();
            tracing::info!(status = 200, "request");
        });
        let line: serde_json::Value = serde_json::from_str(&log).expect("JSON");
        assert_eq!(
            (&line["status"], &line["message"], &line["level"]),
            (&200.into(), &"request".into(), &"INFO".into())
        );
        assert_eq!(line["span"]["request_id"], "r-1");
    }

    #[test]
    fn a_text_line_names_its_fields() {
        let log = captured(LogFormat::Text, || tracing::info!(status = 200, reason = "none", "request"));
        assert!(log.contains("request status=200 reason=\"none\""), "{log}");
    }
}
