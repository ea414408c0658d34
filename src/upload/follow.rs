//! Keeps shipping: at intervals, when something serious comes, and once more
//! at the end.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::observer::Event;
use super::retry::{self, StopCause};
use super::transport::Transport;
use super::uploader::{End, UploadError, Uploader};

/// How often a token that was refused, or is not there yet, is looked at again.
const TOKEN_INTERVAL: Duration = Duration::from_secs(1);

/// How often an endpoint that is not there is tried again.
pub const ENDPOINT_INTERVAL: Duration = Duration::from_secs(600);

/// How long each record that a server refused, having taken none, keeps it
/// from being tried again: these are refused one by one.
const PAUSE_PER_REFUSED: Duration = Duration::from_secs(3);

/// How long it may take to end, the request under way included.
const LAST_FLUSH: Duration = Duration::from_secs(4);

/// Ships the backlog every `interval`, and at once when `wake` is notified,
/// until `cancel` is called; then once more, for at most four seconds.
///
/// Nothing ends it early: a token that is refused, an endpoint that is missing
/// and a disk that fails are told to the observer and tried again.
///
/// # Errors
///
/// What kept the last flush from being written down.
pub async fn follow<T: Transport, B: Backlog>(
    uploader: &mut Uploader<T, B>,
    interval: Duration,
    wake: &Notify,
    cancel: &CancellationToken,
) -> Result<(), UploadError> {
    let mut errors = 0;
    let told_to_end = OnceLock::new();
    while !cancel.is_cancelled() {
        let drained = tokio::select! {
            drained = uploader.drain(cancel) => drained,
            never = notice_end(cancel, &told_to_end) => never,
        };
        let pause = match drained {
            Ok(end) => {
                errors = 0;
                Pause::after(&end, interval)
            }
            Err(error) => {
                errors += 1;
                let reason = error.to_string();
                uploader.tell(&Event::Trouble { reason: &reason });
                match error {
                    UploadError::Token(_) => Pause::deaf(TOKEN_INTERVAL),
                    UploadError::Backlog(_) => Pause::deaf(retry::backoff(errors, 0)),
                }
            }
        };
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(pause.length) => {}
            () = wake.notified(), if pause.can_be_woken => {}
        }
    }
    let deadline = told_to_end.get().copied().unwrap_or_else(Instant::now) + LAST_FLUSH;
    let last = CancellationToken::new();
    if let Ok(result) = tokio::time::timeout_at(deadline, uploader.drain(&last)).await {
        result?;
    }
    uploader.write_down()
}

/// Notes when it was told to end, which may be in the middle of a request.
async fn notice_end<T>(cancel: &CancellationToken, at: &OnceLock<Instant>) -> T {
    cancel.cancelled().await;
    // It is told only once.
    let _ = at.set(Instant::now());
    std::future::pending().await
}

/// How long to wait, and whether new records are a reason to wait no longer.
#[derive(Clone, Copy, Debug)]
struct Pause {
    length: Duration,
    can_be_woken: bool,
}

impl Pause {
    fn deaf(length: Duration) -> Pause {
        Pause {
            length,
            can_be_woken: false,
        }
    }

    fn after(end: &End, interval: Duration) -> Pause {
        match end {
            End::Empty | End::Cancelled | End::Held | End::GaveUp { .. } => Pause {
                length: interval,
                can_be_woken: true,
            },
            End::NoToken => Pause::deaf(TOKEN_INTERVAL),
            End::Stopped { cause, .. } => Pause::deaf(match cause {
                StopCause::Unauthorized => TOKEN_INTERVAL,
                StopCause::NoEndpoint => ENDPOINT_INTERVAL,
                StopCause::RefusesAll { records } => PAUSE_PER_REFUSED
                    .saturating_mul(u32::try_from(*records).unwrap_or(u32::MAX))
                    .clamp(interval.min(ENDPOINT_INTERVAL), ENDPOINT_INTERVAL),
            }),
        }
    }
}
