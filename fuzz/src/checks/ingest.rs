//! The body of a request to the server.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use soliplex::ingest::auth::Auth;
use soliplex::ingest::store::SqliteStore;
use soliplex::ingest::{App, Settings, app};
use soliplex::sanitize::Sanitizer;
use tokio::runtime::Runtime;
use tower::Service;

const ENCODINGS: [&str; 4] = ["identity", "gzip", "deflate", "zstd"];

/// The server answers any body with a JSON account of it, never with an error
/// of its own, and what it has stored can be read.
pub fn ingest(data: &[u8]) {
    let (encoding, body) = data.split_first().unwrap_or((&0, &[]));
    let encoding = ENCODINGS[usize::from(*encoding) % ENCODINGS.len()];
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    let post = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/logs")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::CONTENT_ENCODING, encoding)
        .body(Body::from(body.to_vec()))
        .expect("a request");
    let (status, verdict) = server.answer(post);
    assert!(
        status.is_success() || status.is_client_error(),
        "{status}: {verdict}"
    );
    if status != StatusCode::OK {
        return;
    }
    let stored = verdict["accepted"].as_u64().expect("a count");
    if stored > 0 {
        let get = Request::builder()
            .uri("/api/v1/logs?n=5")
            .body(Body::empty())
            .expect("a request");
        let (status, page) = server.answer(get);
        assert_eq!(status, StatusCode::OK, "{page}");
        let records = page["records"].as_array().expect("records");
        assert!(!records.is_empty(), "stored, and not there");
    }
}

/// One server for all inputs, as a real one sees them.
static SERVER: LazyLock<Mutex<Server>> = LazyLock::new(|| Mutex::new(Server::new()));

struct Server {
    runtime: Runtime,
    app: Router,
    _folder: tempfile::TempDir,
}

impl Server {
    fn new() -> Server {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = SqliteStore::open(&folder.path().join("store.db"), None).expect("a store");
        let settings = Settings::new(Auth::Open, Sanitizer::default());
        Server {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            app: app(Arc::new(App::new(Arc::new(store), settings))),
            _folder: folder,
        }
    }

    fn answer(&mut self, request: Request<Body>) -> (StatusCode, Value) {
        self.runtime.block_on(async {
            let response = self.app.call(request).await.expect("an answer");
            let status = response.status();
            let body = response.into_body().collect().await.expect("a body");
            let text = body.to_bytes();
            let value = serde_json::from_slice(&text).expect("an answer is JSON");
            (status, value)
        })
    }
}
