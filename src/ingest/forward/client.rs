//! The HTTP client beneath the exporter, which notes what the other side said.
//!
//! The exporter turns any failure into one text. Whether to try again, and
//! when, depends on the status and on `Retry-After`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{Request, Response, header};
use opentelemetry_http::{HttpClient, HttpError};

/// The most bytes of an answer that are read.
const MAX_ANSWER: usize = 64 << 10;

/// What the other side said to the last request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    /// The status; `None` if it could not be reached.
    pub(super) status: Option<u16>,
    /// How long to wait, if it said so in seconds.
    pub(super) retry_after: Option<Duration>,
}

/// Sends requests, and remembers what was said to the last one.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    said: Arc<Mutex<Said>>,
}

impl Client {
    pub(super) fn new(http: reqwest::Client) -> Client {
        Client {
            http,
            said: Arc::default(),
        }
    }

    /// What was said to the last request.
    pub(super) fn said(&self) -> Said {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, said: Said) {
        *self.said.lock().unwrap_or_else(PoisonError::into_inner) = said;
    }
}

/// Nothing of a request shows, since its headers hold the token.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.note(Said::default());
        let request = reqwest::Request::try_from(request.map(reqwest::Body::from))?;
        let sent = self.http.execute(request).await;
        let mut answer = sent.map_err(reqwest::Error::without_url)?;
        let seconds = answer.headers().get(header::RETRY_AFTER);
        let seconds = seconds.and_then(|value| value.to_str().ok()?.parse().ok());
        self.note(Said {
            status: Some(answer.status().as_u16()),
            retry_after: seconds.map(Duration::from_secs),
        });
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            *headers = answer.headers().clone();
        }
        let mut body = Vec::new();
        while body.len() < MAX_ANSWER
            && let Some(chunk) = answer.chunk().await.map_err(reqwest::Error::without_url)?
        {
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(Bytes::from(body))?)
    }
}
