//! Records as lines of text.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::sink::{LogSink, SinkError};
use crate::record::{LogRecord, keys};

/// Writes each record as a line: its time, level, logger, message, attributes
/// and error, then its stack trace. Control characters come out escaped.
pub struct ConsoleSink {
    out: Mutex<Box<dyn Write + Send>>,
}

impl ConsoleSink {
    /// Writes to the process's stderr.
    pub fn stderr() -> ConsoleSink {
        ConsoleSink::to(io::stderr())
    }

    /// Writes to anything.
    pub fn to(out: impl Write + Send + 'static) -> ConsoleSink {
        ConsoleSink {
            out: Mutex::new(Box::new(out)),
        }
    }
}

impl std::fmt::Debug for ConsoleSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsoleSink").finish_non_exhaustive()
    }
}

impl LogSink for ConsoleSink {
    fn write(&self, record: &Arc<LogRecord>) -> Result<(), SinkError> {
        let mut text = record.text(keys::TIMESTAMP).unwrap_or_default().to_owned();
        text.push(' ');
        text.push_str(&record.to_string());
        let mut lines = escaped(&text);
        for frame in record.stack_trace().unwrap_or_default().lines() {
            lines.push_str("    ");
            lines.push_str(escaped(frame).trim());
            lines.push('\n');
        }
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(out.write_all(lines.as_bytes())?)
    }

    fn flush(&self) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // A console that is gone is nothing a program could act on.
        let _ = out.flush();
    }
}

/// A line that no terminal acts on, with its end.
fn escaped(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            // Writing to a String cannot fail.
            let _ = write!(line, "{}", character.escape_default());
        } else {
            line.push(character);
        }
    }
    line.push('\n');
    line
}

/// Characters that reorder or hide what stands beside them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Level;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_record_is_a_line_and_its_stack_and_nothing_in_it_is_raw() {
        let shared = Shared::default();
        let record = LogRecord::new(Level::Error, "Db", "cannot\u{1b}[31m\nsave")
            .with(keys::TIMESTAMP, "2026-02-06T12:00:00.000Z")
            .with_attribute("table", "notes")
            .with(keys::ERROR, "SqliteException(14)")
            .with(keys::STACK_TRACE, "#0 f\n#1 \u{1b}g");
        ConsoleSink::to(shared.clone())
            .write(&Arc::new(record))
            .unwrap();
        let text = String::from_utf8(shared.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "2026-02-06T12:00:00.000Z ERROR Db: cannot\\u{1b}[31m\\nsave {\"table\":\"notes\"} (SqliteException(14))\n    #0 f\n    #1 \\u{1b}g\n"
        );
    }
}
