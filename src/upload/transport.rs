//! One POST: the only place that touches the network.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue,
    LOCATION, RETRY_AFTER,
};
use reqwest::{Client, RequestBuilder, Response, Url};

use super::token::Token;
use crate::http_client::http_client;

/// The path of the contract, for an endpoint that names none.
const DEFAULT_PATH: &str = "/api/v1/logs";

/// How much of an answer is read.
const MAX_REPLY_BYTES: usize = 64 * 1024;

/// Sends one body and reads the answer to its end.
pub trait Transport: Send + Sync {
    /// Posts a JSON body.
    fn post(
        &self,
        body: Bytes,
        token: Option<&Token>,
    ) -> impl Future<Output = Result<Reply, TransportError>> + Send;
}

/// A body that brings no records: how it is answered shows whether the endpoint
/// is there.
pub const EMPTY_BODY: &[u8] = br#"{"logs":[],"resource":{}}"#;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The `Retry-After` header as it stands.
    pub retry_after: Option<String>,
    /// The `Location` header, without the token and as far as the reply hook
    /// lets it through.
    pub location: Option<String>,
    /// The `Date` header as it stands.
    pub date: Option<String>,
    /// The body, as far as it was read.
    pub body: Body,
}

/// The body of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it.
    Whole(Vec<u8>),
    /// It was not read to its end; says why.
    Cut(&'static str),
}

impl Reply {
    /// An answer of this status with no headers and no body.
    pub fn empty(status: u16) -> Reply {
        Reply {
            status,
            retry_after: None,
            location: None,
            date: None,
            body: Body::Whole(Vec::new()),
        }
    }
}

/// Why there was no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// No connection came about.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The whole exchange took too long.
    #[error("no answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The connection broke.
    #[error("the connection failed: {0}")]
    Broken(String),
}

/// Where logs are posted: an `http` or `https` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(Url);

/// Why a text is no endpoint.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    /// It is no URL.
    #[error(
        "`{text}` is no endpoint: {reason}; it should be a URL such as https://logs.example.com"
    )]
    NotUrl {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It holds a user name or a password.
    #[error(
        "the endpoint holds a user name or password; give a token in a file or an environment variable"
    )]
    UserInfo,
}

impl Endpoint {
    /// Reads an endpoint; one without a path gets `/api/v1/logs`.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] for what is not `http` or `https`, and for secrets in
    /// the URL.
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let not_url = |reason: &str| EndpointError::NotUrl {
            text: Endpoint::without_user_info(text).to_owned(),
            reason: reason.to_owned(),
        };
        let mut url = Url::parse(text.trim()).map_err(|error| not_url(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::UserInfo);
        }
        if !matches!(url.scheme(), "http" | "https") {
            return Err(not_url("the scheme is not http or https"));
        }
        if url.path() == "/" {
            url.set_path(DEFAULT_PATH);
        }
        url.set_fragment(None);
        Ok(Endpoint(url))
    }

    /// A text that may be no endpoint, to be shown: what stands before an `@`
    /// may be a password.
    pub fn without_user_info(text: &str) -> &str {
        text.rsplit('@').next().unwrap_or_default()
    }

    /// The URL.
    pub fn url(&self) -> &Url {
        &self.0
    }

    /// Another route of the same server, relative to this one: for
    /// `config/logging` the endpoint `/api/v1/logs` gives
    /// `/api/v1/config/logging`.
    pub fn beside(&self, route: &str) -> Url {
        // A relative path always joins to an http URL.
        self.0.join(route).unwrap_or_else(|_| self.0.clone())
    }

    /// Whether both name the same place. The case of the host and the default
    /// port make no difference to a URL, and a slash at the end none to us.
    pub fn is_same(&self, other: &Endpoint) -> bool {
        let trimmed = |endpoint: &Endpoint| {
            let mut url = endpoint.0.clone();
            let path = url.path().trim_end_matches('/').to_owned();
            url.set_path(&path);
            url
        };
        trimmed(self) == trimmed(other)
    }

    /// The host's name or address.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Posts to one endpoint over HTTP. Redirects are not followed and nothing is
/// decompressed; proxies of the environment are honoured.
#[derive(Clone)]
pub struct HttpTransport {
    client: Client,
    endpoint: Endpoint,
    timeout: Duration,
    reply_hook: Option<ReplyHook>,
}

/// Turns what a server says, a body or a header, into what may be kept and
/// shown of it. JSON stays JSON.
pub type ReplyHook = Arc<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>;

impl HttpTransport {
    /// A transport that gives each exchange, from connecting to the last byte,
    /// at most `timeout`.
    ///
    /// # Errors
    ///
    /// [`TransportError::Broken`] if TLS cannot be set up on this machine.
    pub fn new(endpoint: Endpoint, timeout: Duration) -> Result<HttpTransport, TransportError> {
        let client = http_client(endpoint.url().as_str(), |builder| {
            builder
                .default_headers(fixed_headers())
                .tcp_nodelay(true)
                .pool_max_idle_per_host(1)
        })
        .map_err(|error| TransportError::Broken(innermost(&error)))?;
        Ok(HttpTransport {
            client,
            endpoint,
            timeout,
            reply_hook: None,
        })
    }

    /// Has what servers say go through this before anybody sees it: a server
    /// may repeat what it was sent, or say what it had better not.
    #[must_use]
    pub fn with_reply_hook(mut self, hook: ReplyHook) -> HttpTransport {
        self.reply_hook = Some(hook);
        self
    }

    /// Where it posts to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks for another route of the same server; see [`Endpoint::beside`].
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn get(&self, route: &str, token: Option<&Token>) -> Result<Reply, TransportError> {
        let request = self.client.get(self.endpoint.beside(route));
        self.exchange(request, token).await
    }

    /// Posts something else than records to another route of the same server;
    /// see [`Endpoint::beside`].
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn post_to(
        &self,
        route: &str,
        content_type: &'static str,
        body: Bytes,
        token: Option<&Token>,
    ) -> Result<Reply, TransportError> {
        let request = self
            .client
            .post(self.endpoint.beside(route))
            .header(CONTENT_TYPE, content_type)
            .body(body);
        self.exchange(request, token).await
    }

    async fn exchange(
        &self,
        request: RequestBuilder,
        token: Option<&Token>,
    ) -> Result<Reply, TransportError> {
        let deadline = tokio::time::Instant::now() + self.timeout;
        let mut response = tokio::time::timeout_at(deadline, send(request, token))
            .await
            .map_err(|_| TransportError::Timeout(self.timeout))??;
        let reply = Reply {
            retry_after: header(response.headers(), RETRY_AFTER),
            location: header(response.headers(), LOCATION).map(|text| self.shown_text(text, token)),
            date: header(response.headers(), DATE),
            ..Reply::empty(response.status().as_u16())
        };
        let body = tokio::time::timeout_at(deadline, read_body(&mut response))
            .await
            .unwrap_or(Body::Cut("the answer did not end in time"));
        let body = match body {
            Body::Whole(text) => Body::Whole(self.shown(text, token)),
            body => body,
        };
        Ok(Reply { body, ..reply })
    }

    /// What may be shown of what a server says.
    fn shown(&self, text: Vec<u8>, token: Option<&Token>) -> Vec<u8> {
        let text = match token {
            Some(token) => without(text, token.expose()),
            None => text,
        };
        match &self.reply_hook {
            Some(hook) => hook(&text),
            None => text,
        }
    }

    fn shown_text(&self, text: String, token: Option<&Token>) -> String {
        String::from_utf8_lossy(&self.shown(text.into_bytes(), token)).into_owned()
    }
}

impl std::fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpTransport")
            .field("endpoint", &self.endpoint)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Transport for HttpTransport {
    async fn post(&self, body: Bytes, token: Option<&Token>) -> Result<Reply, TransportError> {
        let request = self.client.post(self.endpoint.url().clone()).body(body);
        self.exchange(request, token).await
    }
}

async fn send(
    mut request: RequestBuilder,
    token: Option<&Token>,
) -> Result<Response, TransportError> {
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, bearer(token)?);
    }
    request.send().await.map_err(|error| {
        let reason = innermost(&error);
        if error.is_connect() {
            TransportError::Connect(reason)
        } else {
            TransportError::Broken(reason)
        }
    })
}

fn fixed_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (ACCEPT, HeaderValue::from_static("application/json")),
        // A compressed answer could be a bomb, and the real one is tiny.
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
    ])
}

fn bearer(token: &Token) -> Result<HeaderValue, TransportError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| TransportError::Broken("the token fits into no header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

async fn read_body(response: &mut Response) -> Body {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_REPLY_BYTES => {
                return Body::Cut("the answer is over 64 KiB");
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return Body::Whole(body),
            Err(_) => return Body::Cut("the answer was cut off"),
        }
    }
}

/// An answer that does not repeat the token, since what a server says is shown.
fn without(text: Vec<u8>, token: &str) -> Vec<u8> {
    let repeats = token.len() <= text.len()
        && text
            .windows(token.len())
            .any(|part| part == token.as_bytes());
    match repeats {
        true => String::from_utf8_lossy(&text)
            .replace(token, "(redacted)")
            .into_bytes(),
        false => text,
    }
}

/// The cause at the bottom of an error, which is the part that says something.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_without_a_path_gets_the_one_of_the_contract() {
        let endpoint = |text: &str| Endpoint::parse(text).unwrap().to_string();
        assert_eq!(
            endpoint("http://127.0.0.1:8080"),
            "http://127.0.0.1:8080/api/v1/logs"
        );
        assert_eq!(
            endpoint("https://a.example/x/logs#f"),
            "https://a.example/x/logs"
        );
    }

    #[test]
    fn other_routes_are_beside_the_endpoint_wherever_that_is() {
        let endpoint = Endpoint::parse("https://a.example/base/api/v1/logs?x=1").unwrap();
        let beside = |route| endpoint.beside(route).to_string();
        assert_eq!(
            beside("config/logging"),
            "https://a.example/base/api/v1/config/logging"
        );
        assert_eq!(beside("../../healthz"), "https://a.example/base/healthz");
        let short = Endpoint::parse("http://[::1]:8080/logs").unwrap();
        assert_eq!(
            short.beside("../../healthz").as_str(),
            "http://[::1]:8080/healthz"
        );
    }

    #[test]
    fn what_is_no_endpoint_is_refused_without_repeating_secrets() {
        for text in [
            "",
            "logs.example.com",
            "ftp://a.example",
            "http://",
            "file:///etc",
        ] {
            let error = Endpoint::parse(text).unwrap_err().to_string();
            assert!(error.contains("is no endpoint"), "{text}: {error}");
        }
        let error = Endpoint::parse("http://me:hunter2@a.example/")
            .unwrap_err()
            .to_string();
        assert!(!error.contains("hunter2"));
    }
}
