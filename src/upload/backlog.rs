//! Where records to send come from.

/// Records waiting to be sent, in order.
///
/// The uploader reads ahead, since only another batch going through tells a
/// bad batch from an outage. So handing out and confirming are apart: `next`
/// never repeats itself, and what was handed out but not confirmed comes again
/// from the next one who opens the same backlog.
pub trait Backlog: Send + 'static {
    /// The next lines, each one JSON object without a newline: at most
    /// `records` of them and about `bytes` bytes, but at least one if there is
    /// any. Empty when there is nothing more for now.
    ///
    /// # Errors
    ///
    /// Why the backlog cannot be read.
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError>;

    /// Forgets, durably, the first `records` of what was handed out and is not
    /// confirmed yet.
    ///
    /// # Errors
    ///
    /// Why this cannot be written down.
    fn confirm(&mut self, records: usize) -> Result<(), BacklogError>;

    /// Keeps records that the server refuses; durable when it returns, and
    /// called before they are confirmed.
    ///
    /// # Errors
    ///
    /// Why they cannot be written down.
    fn bury(&mut self, letters: &[Letter]) -> Result<(), BacklogError>;
}

/// A record that cannot be delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// The record, one JSON object without a newline.
    pub line: Vec<u8>,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// Why.
    pub reason: String,
}

/// Why a backlog failed; its text names the file.
pub type BacklogError = Box<dyn std::error::Error + Send + Sync>;
