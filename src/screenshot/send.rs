//! Sending screenshots, each as a request of its own.

use std::io;
use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use chrono::Utc;
use reqwest::Url;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::folder::{Folder, FolderError};
use crate::upload::{
    Credential, Decision, ENDPOINT_INTERVAL, Facts, HttpTransport, MaySend, Outcome, StopCause,
    TokenSource, decide, interpret, jitter,
};

/// How often the folder is looked at, and whether a token that was refused is
/// another one now.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// How long the end waits for the screenshots that are still there.
const LAST_SENDING: Duration = Duration::from_secs(3);

/// What is told while screenshots are sent.
#[derive(Debug)]
pub enum Event<'a> {
    /// The server has one.
    Sent,
    /// The server will never take one; it is gone.
    Refused {
        /// What the server says.
        reason: &'a str,
    },
    /// Those that are left wait.
    Failed(&'a SendError),
}

/// Why screenshots still wait.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The folder cannot be read or changed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The server cannot be reached, or does not take them now.
    #[error("cannot send screenshots to {url}: {reason}; they wait in {folder} for a later upload", folder = .folder.display())]
    Server {
        /// Where they were sent to.
        url: Url,
        /// Where they wait.
        folder: PathBuf,
        /// What went wrong.
        reason: String,
        /// When to try again.
        decision: Decision,
    },
}

/// Sends every screenshot that waits, the oldest first, and removes it once
/// the server has it. One that the server fails on is passed over; a second
/// one ends it, as does any other failure. What is not sent then waits for the
/// next time.
///
/// # Errors
///
/// See [`SendError`].
pub async fn send_all(
    folder: &Folder,
    transport: &HttpTransport,
    credential: &Credential,
    tell: impl Fn(Event<'_>),
) -> Result<(), SendError> {
    send(folder, transport, credential, 0, &tell).await
}

/// Sends those that wait, after so many failures in a row.
async fn send(
    folder: &Folder,
    transport: &HttpTransport,
    credential: &Credential,
    failures: u32,
    tell: &impl Fn(Event<'_>),
) -> Result<(), SendError> {
    let token = match credential {
        Credential::Bearer(token) => Some(token),
        Credential::Anonymous => None,
        Credential::Pending => return Ok(()),
    };
    let mut failed = None;
    for id in folder.pending()? {
        // Another process may have sent it, or made room.
        let Some(png) = folder.read(&id)? else {
            continue;
        };
        let route = format!("screenshots?id={id}");
        let posted = transport.post_to(&route, "image/png", png.into(), token);
        let outcome = interpret(posted.await, 1);
        let facts = Facts {
            failures: failures + 1,
            now: Utc::now(),
            jitter: jitter(),
            may_respell_from: None,
        };
        let decision = match outcome.status() {
            // What we send is a picture: this server takes none.
            Some(400 | 415) => Decision::Stop(StopCause::NoEndpoint),
            _ => decide(&outcome, &facts),
        };
        match decision {
            Decision::Confirm(_) => tell(Event::Sent),
            Decision::Halve | Decision::SetAside(_) | Decision::Respell(_) => {
                let reason = &said(&outcome);
                tell(Event::Refused { reason });
            }
            Decision::Retry { .. } | Decision::Stop(_) => {
                let is_about_this = outcome.status().is_some_and(|status| status >= 500);
                let error = SendError::Server {
                    url: transport.endpoint().beside("screenshots"),
                    folder: folder.path().to_owned(),
                    reason: said(&outcome),
                    decision,
                };
                if failed.is_some() || !is_about_this {
                    return Err(error);
                }
                failed = Some(error);
                continue;
            }
        }
        folder.remove(&id)?;
    }
    failed.map_or(Ok(()), Err)
}

/// What a server answered, in short.
fn said(outcome: &Outcome) -> String {
    let reason = outcome.reason();
    match outcome.status() {
        None => reason.to_owned(),
        Some(status) if reason.is_empty() => format!("the server answered {status}"),
        Some(status) => format!("the server answered {status} ({reason})"),
    }
}

/// Sends screenshots as they come, from a thread of its own, so that neither
/// they nor their failures hold up anything else, until it is dropped.
#[derive(Debug)]
pub struct Sender {
    cancel: CancellationToken,
    _stop: DropGuard,
    thread: JoinHandle<()>,
}

impl Sender {
    /// Starts to send what comes into a folder while `may_send` says so. `tell`
    /// hears what happens, but a failure only if it is another than the last
    /// one.
    ///
    /// # Errors
    ///
    /// If the system has no thread to spare.
    pub fn start(
        folder: Folder,
        transport: HttpTransport,
        tokens: TokenSource,
        may_send: MaySend,
        tell: impl Fn(Event<'_>) + Send + 'static,
    ) -> io::Result<Sender> {
        let cancel = CancellationToken::new();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let sending = Sending {
            folder,
            transport,
            tokens,
            may_send,
            tell,
            last_told: String::new(),
            failures: 0,
            refused: None,
        };
        let thread = thread::Builder::new()
            .name("soliplex-screenshots".to_owned())
            .spawn({
                let cancel = cancel.clone();
                move || runtime.block_on(sending.run(&cancel))
            })?;
        Ok(Sender {
            _stop: cancel.clone().drop_guard(),
            cancel,
            thread,
        })
    }

    /// Has it come to its end, without waiting for that.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Sends what is still there, for at most three seconds since it was told
    /// to stop.
    pub fn finish(self) {
        self.stop();
        // A thread that panicked has said so, and what waits is on the disk.
        let _ = self.thread.join();
    }
}

/// What the thread works with.
struct Sending<F> {
    folder: Folder,
    transport: HttpTransport,
    tokens: TokenSource,
    may_send: MaySend,
    tell: F,
    /// The failure that was told last.
    last_told: String,
    /// How many times in a row it went wrong.
    failures: u32,
    /// The credential that the server does not accept.
    refused: Option<Credential>,
}

impl<F: Fn(Event<'_>)> Sending<F> {
    async fn run(mut self, cancel: &CancellationToken) {
        let work = async {
            while !cancel.is_cancelled() {
                let pause = self.look().await;
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = tokio::time::sleep(pause) => {}
                }
            }
            self.look().await;
        };
        let end = async {
            cancel.cancelled().await;
            tokio::time::sleep(LAST_SENDING).await;
        };
        tokio::select! {
            () = work => {}
            () = end => {}
        }
    }

    /// Sends what waits, and says when to look again.
    async fn look(&mut self) -> Duration {
        let is_empty = self.folder.pending().is_ok_and(|ids| ids.is_empty());
        if is_empty || !(self.may_send)() {
            return LOOK_INTERVAL;
        }
        // Whoever ships the records tells what is wrong with the token.
        let Ok(credential) = self.tokens.credential() else {
            return LOOK_INTERVAL;
        };
        if self.refused.as_ref() == Some(&credential) {
            return LOOK_INTERVAL;
        }
        let sent = std::cell::Cell::new(false);
        let tell = |event: Event<'_>| {
            sent.set(sent.get() || matches!(event, Event::Sent));
            (self.tell)(event);
        };
        let result = send(
            &self.folder,
            &self.transport,
            &credential,
            self.failures,
            &tell,
        );
        let result = result.await;
        if sent.get() {
            self.failures = 0;
            self.last_told.clear();
        }
        let Err(error) = result else {
            self.failures = 0;
            return LOOK_INTERVAL;
        };
        self.failures += 1;
        let text = error.to_string();
        if text != self.last_told {
            (self.tell)(Event::Failed(&error));
            self.last_told = text;
        }
        match &error {
            SendError::Server { decision, .. } => match decision {
                Decision::Retry { after, .. } => *after,
                Decision::Stop(StopCause::Unauthorized) => {
                    self.refused = Some(credential);
                    LOOK_INTERVAL
                }
                _ => ENDPOINT_INTERVAL,
            },
            SendError::Folder(_) => ENDPOINT_INTERVAL,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use wiremock::matchers::{body_bytes, header, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::screenshot::new_id;
    use crate::upload::Endpoint;

    /// Has a picture answered with this status, so many times.
    async fn answer(server: &MockServer, id: &str, status: u16, times: u64) {
        Mock::given(method("POST"))
            .and(path("/api/v1/screenshots"))
            .and(query_param("id", id))
            .and(header("content-type", "image/png"))
            .and(body_bytes(b"png"))
            .respond_with(ResponseTemplate::new(status))
            .expect(times)
            .mount(server)
            .await;
    }

    /// Sends what waits; what was told, and how it ended.
    async fn sent(server: &MockServer, folder: &Folder) -> (String, Result<(), SendError>) {
        let endpoint = Endpoint::parse(&server.uri()).unwrap();
        let transport = HttpTransport::new(endpoint, Duration::from_secs(30)).unwrap();
        let told = Mutex::new(String::new());
        let tell = |event: Event<'_>| {
            let text = match event {
                Event::Sent => "sent ".to_owned(),
                Event::Refused { reason } => format!("refused: {reason} "),
                Event::Failed(error) => format!("failed: {error} "),
            };
            told.lock().unwrap().push_str(&text);
        };
        let result = send_all(folder, &transport, &Credential::Anonymous, tell).await;
        (told.into_inner().unwrap(), result)
    }

    fn folder_of(ids: &[String]) -> (tempfile::TempDir, Folder) {
        let queue = tempfile::tempdir().unwrap();
        let folder = Folder::of_queue(queue.path());
        for id in ids {
            folder.put(id, b"png").unwrap();
        }
        (queue, folder)
    }

    #[tokio::test]
    async fn a_screenshot_waits_until_the_server_has_it_or_never_will() {
        let id = new_id();
        let (_queue, folder) = folder_of(std::slice::from_ref(&id));
        for status in [500, 401, 403, 404, 400, 415, 429, 302] {
            let server = MockServer::start().await;
            answer(&server, &id, status, 1).await;
            let (told, result) = sent(&server, &folder).await;
            let error = result.unwrap_err().to_string();
            assert!(error.contains(&status.to_string()), "{error}");
            assert!(error.contains(&server.uri()), "{error}");
            assert_eq!(told, "");
            assert_eq!(folder.pending().unwrap(), std::slice::from_ref(&id));
        }
        for (status, says) in [
            (201, "sent "),
            (413, "refused: the server answered 413 "),
            (422, "refused: the server answered 422 "),
        ] {
            folder.put(&id, b"png").unwrap();
            let server = MockServer::start().await;
            answer(&server, &id, status, 1).await;
            let (told, result) = sent(&server, &folder).await;
            assert_eq!(told, says);
            assert!(result.is_ok());
            assert!(folder.pending().unwrap().is_empty());
        }
    }

    #[tokio::test]
    async fn one_that_the_server_fails_on_does_not_hold_up_the_others_and_an_outage_costs_two() {
        let ids: Vec<String> = (0..4).map(|_| new_id()).collect();
        let (_queue, folder) = folder_of(&ids);
        let server = MockServer::start().await;
        answer(&server, &ids[0], 500, 1).await;
        for id in &ids[1..] {
            answer(&server, id, 201, 1).await;
        }
        let (told, result) = sent(&server, &folder).await;
        assert_eq!(told, "sent sent sent ");
        assert!(result.is_err());
        assert_eq!(folder.pending().unwrap(), ids[..1]);

        let (_queue, folder) = folder_of(&ids);
        let server = MockServer::start().await;
        for (id, times) in ids.iter().zip([1, 1, 0, 0]) {
            answer(&server, id, 503, times).await;
        }
        assert!(sent(&server, &folder).await.1.is_err());
        assert_eq!(folder.pending().unwrap(), ids);
    }

    /// Work that goes on by itself, against a server on the same machine.
    fn sending<F: Fn(Event<'_>)>(
        server: &MockServer,
        folder: &Folder,
        token: &std::sync::Arc<Mutex<String>>,
        tell: F,
    ) -> Sending<F> {
        let endpoint = Endpoint::parse(&server.uri()).unwrap();
        let token = std::sync::Arc::clone(token);
        Sending {
            folder: folder.clone(),
            transport: HttpTransport::new(endpoint, Duration::from_secs(30)).unwrap(),
            tokens: TokenSource::Provider(Box::new(move || Some(token.lock().unwrap().clone()))),
            may_send: Box::new(|| true),
            tell,
            last_told: String::new(),
            failures: 0,
            refused: None,
        }
    }

    #[tokio::test]
    async fn failures_are_waited_out_longer_and_longer_and_told_once() {
        let id = new_id();
        let (_queue, folder) = folder_of(std::slice::from_ref(&id));
        let server = MockServer::start().await;
        answer(&server, &id, 500, 3).await;
        let told = Mutex::new(0);
        let mut sending = sending(&server, &folder, &std::sync::Arc::default(), |_| {
            *told.lock().unwrap() += 1;
        });
        for seconds in [1, 2, 4] {
            let pause = sending.look().await;
            let least = Duration::from_secs(seconds);
            assert!(pause >= least && pause < least * 2, "{pause:?}");
        }
        server.verify().await;
        server.reset().await;
        answer(&server, &id, 404, 1).await;
        assert_eq!(sending.look().await, ENDPOINT_INTERVAL);
        server.reset().await;
        answer(&server, &id, 201, 1).await;
        assert_eq!(sending.look().await, LOOK_INTERVAL);
        assert_eq!(sending.look().await, LOOK_INTERVAL);
        // The 500, the 404, and that it was sent.
        assert_eq!(*told.lock().unwrap(), 3);
    }

    #[tokio::test]
    async fn a_refused_token_is_one_request_until_there_is_another() {
        let id = new_id();
        let (_queue, folder) = folder_of(std::slice::from_ref(&id));
        let server = MockServer::start().await;
        answer(&server, &id, 401, 1).await;
        let token = std::sync::Arc::new(Mutex::new("old".to_owned()));
        let mut sending = sending(&server, &folder, &token, |_| ());
        for _ in 0..3 {
            assert_eq!(sending.look().await, LOOK_INTERVAL);
        }
        server.verify().await;
        server.reset().await;
        answer(&server, &id, 201, 1).await;
        *token.lock().unwrap() = "new".to_owned();
        sending.look().await;
        assert!(folder.pending().unwrap().is_empty());
    }

    #[tokio::test]
    async fn while_nothing_may_be_sent_nothing_is() {
        let id = new_id();
        let (_queue, folder) = folder_of(std::slice::from_ref(&id));
        let server = MockServer::start().await;
        let mut sending = sending(&server, &folder, &std::sync::Arc::default(), |_| ());
        sending.may_send = Box::new(|| false);
        sending.look().await;
        assert!(server.received_requests().await.unwrap().is_empty());
        assert_eq!(folder.pending().unwrap(), [id]);
    }
}
