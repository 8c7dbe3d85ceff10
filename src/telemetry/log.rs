//! The log: one line for each event, JSON or text, with constant messages and variable fields.
//!
//! A value cannot make a line of its own: control characters are escaped in both formats. No field holds a secret.
//! Personal data is at debug level at most, with one exception: lines about one object name it, at any level, and in a
//! Directory with `naming: Readable` a name begins with the local part of the userName. `naming: Opaque` is for who wants
//! none of it in the log. The line of a request has the endpoint's pattern in place of the path, the id of its resource, and
//! of the sentence that was answered only what is constant in it.

use std::any::Any;
use std::fmt::{self as text, Debug, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Layer, Registry, reload};

use super::traces::{self, Traces};
use crate::audit::{self, AuditFile};
use crate::config::{self, LogFormat};

/// The subscriber of a process, and what changes its filter. Audit lines go to `audit` whatever is logged, and spans to `traces`.
pub fn subscriber<W>(
    format: LogFormat,
    filter: EnvFilter,
    writer: W,
    audit: Option<AuditFile>,
    traces: Option<&Traces>,
) -> (Box<dyn Subscriber + Send + Sync>, LogFilter)
where
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let given = filter.to_string();
    let (filter, handle) = reload::Layer::new(filter);
    let filter = filter.and(filter_fn(|data: &Metadata<'_>| data.target() != traces::TARGET));
    let log = fmt::layer().with_writer(writer);
    let log: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Json => Box::new(log.json().flatten_event(true).with_span_list(false).with_filter(filter)),
        LogFormat::Text => {
            let fields = debug_fn(|writer: &mut Writer<'_>, field, value: &dyn Debug| match field.name() {
                "message" => write_escaped(writer, value),
                name => {
                    write!(writer, "{name}=")?;
                    write_escaped(writer, value)
                }
            });
            Box::new(log.with_ansi(false).fmt_fields(fields.delimited(" ")).with_filter(filter))
        }
    };
    let audit = audit.map(|file| {
        let lines = fmt::layer().json().flatten_event(true).with_span_list(false).with_level(false).with_target(false);
        // The span of a request is at the highest level; those of other levels would be made for this alone.
        let is_wanted =
            |data: &Metadata<'_>| data.target() == audit::TARGET || (data.is_span() && *data.level() == Level::ERROR);
        lines.with_writer(file).with_filter(filter_fn(is_wanted))
    });
    let traces = traces.map(|traces| {
        let layer = tracing_opentelemetry::layer().with_tracer(traces.tracer()).with_location(false);
        let layer = layer.with_threads(false).with_tracked_inactivity(false);
        layer.with_filter(filter_fn(traces::is_traced))
    });
    let subscriber = tracing_subscriber::registry().with(log).with(audit).with(traces);
    (Box::new(subscriber), LogFilter(Arc::new(Filter { handle, given, changes: AtomicU64::new(0) })))
}

/// Makes the process's log. Once; a second call changes nothing. Panics become lines of it.
pub fn start(format: LogFormat, filter: EnvFilter, audit: Option<AuditFile>, traces: Option<&Traces>) -> LogFilter {
    let (subscriber, filter) = subscriber(format, filter, std::io::stderr, audit, traces);
    tracing::subscriber::set_global_default(subscriber).ok();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(place, reason = panic_reason(panic.payload()), "panic");
    }));
    filter
}

/// What is logged, which may be changed while the process runs. Cheap to clone.
#[derive(Clone, Debug)]
pub struct LogFilter(Arc<Filter>);

#[derive(Debug)]
struct Filter {
    handle: reload::Handle<EnvFilter, Registry>,
    /// What the flags said.
    given: String,
    /// How often it was changed: the end of a change that has been overtaken takes nothing back.
    changes: AtomicU64,
}

impl LogFilter {
    /// What is logged now.
    pub fn current(&self) -> String {
        self.0.handle.with_current(ToString::to_string).unwrap_or_default()
    }

    /// Logs what this level or list of levels says; returns the number of the change. The error says what is wrong with it.
    pub fn change(&self, text: &str) -> Result<u64, String> {
        let filter = config::log_filter(text).map_err(|error| error.reason)?;
        self.apply(filter)
    }

    /// Logs what the flags said again.
    pub fn reset(&self) -> Result<u64, String> {
        let filter = EnvFilter::try_new(&self.0.given).map_err(|error| error.to_string())?;
        self.apply(filter)
    }

    /// The same, unless there was a change after that of this number.
    pub fn reset_unless_changed_since(&self, change: u64) -> Result<(), String> {
        if self.0.changes.load(Ordering::SeqCst) == change { self.reset().map(|_| ()) } else { Ok(()) }
    }

    fn apply(&self, filter: EnvFilter) -> Result<u64, String> {
        self.0.handle.reload(filter).map_err(|error| error.to_string())?;
        Ok(self.0.changes.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// What a panic says.
pub fn panic_reason(payload: &(dyn Any + Send)) -> &str {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no words")
}

fn write_escaped(writer: &mut Writer<'_>, value: &dyn Debug) -> text::Result {
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
        let (subscriber, _) = subscriber(format, EnvFilter::new("info"), move || writer.clone(), None, None);
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

    #[test]
    fn what_is_logged_is_changed_while_the_process_runs() {
        let lines = Captured::default();
        let writer = lines.clone();
        let (subscriber, filter) = subscriber(
            LogFormat::Text,
            config::log_filter("info").expect("a filter"),
            move || writer.clone(),
            None,
            None,
        );
        tracing::subscriber::with_default(subscriber, || {
            tracing::debug!("before");
            let change = filter.change("info,rollcall=debug").expect("a filter");
            tracing::debug!("meanwhile");
            filter.change("warn").expect("a filter");
            filter.reset_unless_changed_since(change).expect("it is overtaken");
            tracing::info!("quiet");
            filter.change("loud").expect_err("it is no level");
            filter.reset().expect("the flags were good");
            tracing::info!("after");
            tracing::debug!("after all");
        });
        let log = String::from_utf8(lines.0.lock().clone()).expect("UTF-8");
        let told: Vec<_> = log.lines().filter_map(|line| line.split(": ").nth(1)).collect();
        assert_eq!(told, ["meanwhile", "after"], "{log}");
    }

    #[test]
    fn audit_lines_go_to_their_file_whatever_is_logged_and_nothing_else_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.log");
        let audit = AuditFile::open(path.clone()).expect("a file");
        for format in [LogFormat::Json, LogFormat::Text] {
            let lines = Captured::default();
            let writer = lines.clone();
            let filter = config::log_filter("error").expect("a filter");
            let (subscriber, _) = subscriber(format, filter, move || writer.clone(), Some(audit.clone()), None);
            tracing::subscriber::with_default(subscriber, || {
                let _span = tracing::error_span!("request", request_id = "r-1", key = tracing::field::Empty).entered();
                tracing::Span::current().record("key", "entra");
                tracing::error!("broken");
                crate::audit::write(&crate::audit::AuditRecord {
                    object: Some("ada-1"),
                    ..crate::audit::AuditRecord::new(
                        "updated",
                        ("acme", "staff"),
                        crate::audit::AuditDoor::Scim,
                        crate::audit::AuditAction::Update,
                        crate::audit::AuditOutcome::Done,
                    )
                });
            });
            let log = String::from_utf8(lines.0.lock().clone()).expect("UTF-8");
            assert_eq!(log.lines().count(), 1, "{log}");
        }
        let text = std::fs::read_to_string(&path).expect("the file");
        assert_eq!(text.lines().count(), 2, "{text}");
        for line in text.lines() {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(
                (&line["action"], &line["object"], &line["format"]),
                (&"update".into(), &"ada-1".into(), &1.into())
            );
            assert_eq!((&line["span"]["request_id"], &line["span"]["key"]), (&"r-1".into(), &"entra".into()));
            assert!(line["reason"].is_null() && line["timestamp"].is_string(), "{line}");
        }
    }
}
