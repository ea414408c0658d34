//! Keeping how shipping went, for `telemetry status`.

use crate::config::{Config, Shipped};
use crate::output::Printer;
use crate::record::now;

/// Keeps that records went through, if any did, and what went wrong, if
/// anything did.
pub(super) fn remember(
    delivered: u64,
    problem: Option<&str>,
    config: &Config,
    printer: &mut Printer,
) {
    if delivered == 0 && problem.is_none() {
        return;
    }
    let folder = &config.state_dir.value;
    let mut shipped = Shipped::load(folder);
    if delivered > 0 {
        shipped.last_upload = Some(now());
    }
    if let Some(problem) = problem {
        shipped.last_error = Some(format!("{} {problem}", now()));
    }
    // What was sent is sent; only `telemetry status` will not know.
    if let Err(error) = shipped.save(folder) {
        printer.detail(format_args!("cannot write {}: {error}", folder.display()));
    }
}
