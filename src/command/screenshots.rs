//! Sending the screenshots that wait beside a queue.

use std::path::Path;

use super::upload::settings;
use crate::output::Printer;
use crate::screenshot::{Folder, send_all};
use crate::upload::{Credential, Endpoint};

/// Sends what waits. That it cannot be sent now is worth a warning: it is
/// tried again with the next upload, and the records are through.
pub(super) fn send(
    queue: &Path,
    endpoint: &Endpoint,
    credential: &Credential,
    printer: &mut Printer,
) -> anyhow::Result<()> {
    let folder = Folder::of_queue(queue);
    match settings::runtime()?.block_on(send_all(&folder, endpoint, credential)) {
        Ok(sent) if sent.sent > 0 => printer.note(format_args!("{} screenshots sent", sent.sent)),
        Ok(_) => {}
        Err(error) => printer.warn(error),
    }
    Ok(())
}
