//! A log line as one JSON object.
//!
//! | field | content |
//! |---|---|
//! | `timestamp` | RFC 3339 in UTC, milliseconds |
//! | `level` | `ERROR`, `WARN`, `INFO`, `DEBUG` or `TRACE` |
//! | `logger` | the event's target, which `LOG_LEVEL` filters by |
//! | `message` | the sentence |
//! | `module`, `line` | where in the source it is said |
//! | `function` | the innermost span, which is what the program is doing; `-` outside of all |
//! | `request_id`, `user_id`, `trace_id` | from the event or the spans around it, where known |
//! | `fields` | everything else the event carries |

use std::collections::BTreeMap;
use std::error::Error as StdError;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use storage_engine::clock::Clock;
use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// RFC 3339 with three digits always, so that lines sort as text.
const TIMESTAMP: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
/// What stands for the function where no span is open.
const NO_SPAN: &str = "-";
/// Fields that are looked for in the spans around an event.
const CONTEXT: [&str; 3] = ["request_id", "user_id", "trace_id"];

/// Writes every event as one line of JSON.
pub(super) struct JsonLines<W> {
    writer: W,
    clock: Arc<dyn Clock>,
}

impl<W> JsonLines<W> {
    pub(super) fn new(writer: W, clock: Arc<dyn Clock>) -> Self {
        Self { writer, clock }
    }
}

/// A line, its fields in the order in which they are written.
#[derive(Serialize)]
struct Line<'a> {
    timestamp: String,
    level: &'a str,
    logger: &'a str,
    message: Value,
    module: &'a str,
    function: &'a str,
    line: Option<u32>,
    #[serde(flatten)]
    context: BTreeMap<&'static str, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'static str, Value>,
}

/// The fields of a span or event.
#[derive(Default)]
struct Fields(BTreeMap<&'static str, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut extensions = span.extensions_mut();
            if let Some(fields) = extensions.get_mut::<Fields>() {
                values.record(fields);
            }
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut line = Line {
            timestamp: timestamp(self.clock.now_ms()),
            level: event.metadata().level().as_str(),
            logger: event.metadata().target(),
            message: fields.0.remove("message").unwrap_or_default(),
            module: event.metadata().module_path().unwrap_or_default(),
            function: NO_SPAN,
            line: event.metadata().line(),
            context: BTreeMap::new(),
            fields: BTreeMap::new(),
        };
        for name in CONTEXT {
            if let Some(value) = fields.0.remove(name) {
                line.context.insert(name, value);
            }
        }
        line.fields = fields.0;
        // From the innermost span outwards, so that what is nearer to the event wins.
        for span in context.event_scope(event).into_iter().flatten() {
            if line.function == NO_SPAN {
                line.function = span.metadata().name();
            }
            if let Some(Fields(known)) = span.extensions().get::<Fields>() {
                for name in CONTEXT {
                    if let Some(value) = known.get(name) {
                        line.context.entry(name).or_insert_with(|| value.clone());
                    }
                }
            }
        }
        self.write(&line);
    }
}

impl<W: for<'w> MakeWriter<'w>> JsonLines<W> {
    fn write(&self, line: &Line<'_>) {
        // A log that cannot be written has nowhere to report that, and must not stop the work.
        if let Ok(mut bytes) = serde_json::to_vec(line) {
            bytes.push(b'\n');
            self.writer.make_writer().write_all(&bytes).ok();
        }
    }
}

/// Milliseconds since 1970 in RFC 3339; the bare number for a clock beyond the year 9999.
pub(super) fn timestamp(now_ms: u64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(now_ms) * 1_000_000)
        .ok()
        .and_then(|moment| moment.format(TIMESTAMP).ok())
        .unwrap_or_else(|| now_ms.to_string())
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.into());
    }

    /// An error with everything below it: the line is the one place where it is told.
    fn record_error(&mut self, field: &Field, error: &(dyn StdError + 'static)) {
        let mut text = error.to_string();
        let mut below = error.source();
        while let Some(cause) = below {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            below = cause.source();
        }
        self.0.insert(field.name(), text.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}").into());
    }
}
