//! A server in this process, and what it takes to talk to it.

use std::sync::Arc;

use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::ingest::auth::{Auth, Key, OperatorTokens, Secret, Tokens};
use crate::ingest::store::{AlertRule, SqliteStore};
use crate::ingest::{App, Listener, Settings, serve};
use crate::sanitize::Sanitizer;

pub(super) const SECRET: &str = "an obviously made-up secret of enough length";
pub(super) const OPERATOR: &str = "the-token-of-an-operator";

/// A running server over a store in a folder of its own.
pub(super) struct TestServer {
    pub(super) url: String,
    pub(super) http: reqwest::Client,
    folder: Arc<tempfile::TempDir>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl TestServer {
    /// One that lets anyone in.
    pub(super) async fn open() -> TestServer {
        TestServer::with(|_| {}).await
    }

    /// One that asks for tokens.
    pub(super) async fn with_tokens() -> TestServer {
        TestServer::with(|settings| settings.auth = tokens()).await
    }

    /// One with other settings.
    pub(super) async fn with(change: impl FnOnce(&mut Settings)) -> TestServer {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        TestServer::over(folder, None, change).await
    }

    /// One over the store of an earlier one.
    pub(super) async fn over(
        folder: Arc<tempfile::TempDir>,
        alerts: Option<AlertRule>,
        change: impl FnOnce(&mut Settings),
    ) -> TestServer {
        let mut settings = Settings::new(Auth::Open, Sanitizer::default());
        change(&mut settings);
        let store = SqliteStore::open(&folder.path().join("store.db"), alerts).unwrap();
        let app = Arc::new(App::new(Arc::new(store), settings));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serve(vec![Listener::tcp(listener)], app, stopped)
                .await
                .unwrap();
        });
        TestServer {
            url,
            http: reqwest::Client::new(),
            folder,
            stop,
            served,
        }
    }

    /// Stops it, and hands on where its store is.
    pub(super) async fn stop(self) -> Arc<tempfile::TempDir> {
        let _ = self.stop.send(());
        self.served.await.unwrap();
        self.folder
    }

    pub(super) fn address(&self) -> &str {
        self.url.strip_prefix("http://").unwrap()
    }

    /// Sends records, and says what was answered.
    pub(super) async fn post(&self, records: &[Value]) -> (u16, Value) {
        self.post_body(None, json!({ "logs": records }).to_string())
            .await
    }

    pub(super) async fn post_body(
        &self,
        token: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> (u16, Value) {
        let mut request = self
            .http
            .post(format!("{}/api/v1/logs", self.url))
            .body(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await
    }

    /// Asks for something as an operator.
    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let request = self.http.get(format!("{}{path}", self.url));
        answer(request.bearer_auth(OPERATOR)).await
    }

    /// The records that a query finds.
    pub(super) async fn records(&self, query: &str) -> Vec<Value> {
        let (status, body) = self.get(&format!("/api/v1/logs{query}")).await;
        assert_eq!(status, 200, "{body}");
        body["records"].as_array().unwrap().clone()
    }

    /// Their messages.
    pub(super) async fn messages(&self, query: &str) -> Vec<String> {
        let records = self.records(query).await;
        let messages = records
            .iter()
            .map(|record| record["message"].as_str().unwrap().to_owned());
        messages.collect()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// What such a server lets in.
pub(super) fn tokens() -> Auth {
    Auth::Tokens(Box::new(Tokens {
        keys: vec![Key::hs256(&Secret::new(SECRET)).unwrap()],
        operators: OperatorTokens::from_lines(OPERATOR).expect("a token"),
        ..Tokens::default()
    }))
}

/// A device's token for a subject.
pub(super) fn token(subject: &str) -> String {
    let claims = json!({ "sub": subject, "exp": chrono::Utc::now().timestamp() + 600 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap()
}

/// A record with an id made from its message.
pub(super) fn record(message: &str) -> Value {
    json!({
        "timestamp": "2026-02-06T12:00:00.000Z",
        "level": "info",
        "logger": "Test",
        "message": message,
        "installId": "i1",
        "sessionId": "s1",
        "recordId": format!("r-{message}"),
    })
}
