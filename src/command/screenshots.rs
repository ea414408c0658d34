//! Sending the screenshots that wait beside a queue.

use std::path::Path;

use super::upload::settings;
use crate::error::in_one_line;
use crate::output::Printer;
use crate::screenshot::{Folder, send_all};
use crate::upload::{Credential, Endpoint};

/// Sends what waits. That it cannot be sent now is worth a warning: it is
/// tried again with the next upload, and the records are through.
pub(super) fn send(
    queue: &Path,
    endpoint: &Endpoint,
    credential: anyhow::Result<Credential>,
    printer: &mut Printer,
) {
    match try_to_send(queue, endpoint, credential) {
        Ok(0) => {}
        Ok(sent) => printer.note(format_args!("{sent} screenshots sent")),
        Err(error) => printer.warn(in_one_line(&error)),
    }
}

fn try_to_send(
    queue: &Path,
    endpoint: &Endpoint,
    credential: anyhow::Result<Credential>,
) -> anyhow::Result<usize> {
    let folder = Folder::of_queue(queue);
    let credential = credential?;
    let sending = send_all(&folder, endpoint, &credential);
    Ok(settings::runtime()?.block_on(sending)?.sent)
}
