//! A panic as a fatal record.

use std::backtrace::Backtrace;
use std::panic::{self, PanicHookInfo};

use super::entry::Logger;

/// Makes every panic of this process a fatal record of `logger` before
/// anything else happens about it; then goes on as before.
///
/// A [`BackendSink`](super::BackendSink) has the record on the disk when the
/// hook returns, so that it survives the end of the process.
pub fn panic_hook(logger: Logger) {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        log(&logger, info);
        previous(info);
    }));
}

fn log(logger: &Logger, info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a value that is no text");
    let stack = Backtrace::force_capture().to_string();
    let mut entry = logger
        .fatal(&format!("panicked: {message}"))
        .error_text(&format!("panic: {message}"))
        .stack_trace(&stack);
    if let Some(location) = info.location() {
        entry = entry.attribute("location", location.to_string());
    }
    if let Some(name) = std::thread::current().name() {
        entry = entry.attribute("thread", name);
    }
    entry.log();
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::logger::{LogManager, MemorySink};
    use crate::record::Level;

    #[test]
    fn a_panic_becomes_a_fatal_record_with_its_place_and_stack() {
        let memory = Arc::new(MemorySink::default());
        let manager = LogManager::builder().sink(memory.clone()).build();
        panic_hook(manager.logger("Crash"));
        let result = std::thread::spawn(|| panic!("the sky is falling")).join();
        // Undo it, as other tests panic on purpose.
        drop(panic::take_hook());
        assert!(result.is_err());
        let records = memory.snapshot();
        let record = records
            .iter()
            .find(|record| record.message().contains("the sky is falling"))
            .unwrap();
        assert_eq!(record.level(), Some(Level::Fatal));
        assert_eq!(record.error(), Some("panic: the sky is falling"));
        assert!(
            record
                .attribute("location")
                .unwrap()
                .as_str()
                .unwrap()
                .contains("panic.rs")
        );
        assert!(record.stack_trace().is_some());
    }
}
