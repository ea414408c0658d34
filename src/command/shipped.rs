//! Keeping how shipping went, for `telemetry status`.

use crate::config::{Config, Shipped};
use crate::output::Printer;
use crate::record::now;

/// Keeps that records went through, or why they did not.
pub(super) fn remember(problem: Option<&str>, config: &Config, printer: &mut Printer) {
    let folder = &config.state_dir.value;
    let mut shipped = Shipped::load(folder);
    match problem {
        Some(problem) => shipped.last_error = Some(format!("{} {problem}", now())),
        None => shipped.last_upload = Some(now()),
    }
    // What was sent is sent; only `telemetry status` will not know.
    if let Err(error) = shipped.save(folder) {
        printer.detail(format_args!("cannot write {}: {error}", folder.display()));
    }
}
