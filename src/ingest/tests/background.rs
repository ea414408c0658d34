//! Forwarding, alerts, log levels, screenshots and operations.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{TestServer, record};
use crate::ingest::auth::Secret;
use crate::ingest::store::AlertRule;
use crate::ingest::{ForwardOptions, RemoteLevel, Webhook};

/// What is answered to each body.
type Answers = Arc<Mutex<Box<dyn FnMut(&Value) -> u16 + Send>>>;

/// A server that notes each body it is sent and answers as it is told.
struct Collector {
    url: String,
    bodies: mpsc::UnboundedReceiver<(HeaderMap, Value)>,
    answers: Answers,
}

impl Collector {
    async fn start(answer: impl FnMut(&Value) -> u16 + Send + 'static) -> Collector {
        let (noted, bodies) = mpsc::unbounded_channel();
        let answers: Answers = Arc::new(Mutex::new(Box::new(answer)));
        let shared = Arc::clone(&answers);
        let app = Router::new().fallback(move |headers: HeaderMap, body: Bytes| {
            let body: Value = serde_json::from_slice(&body).unwrap();
            let status = shared.lock().unwrap()(&body);
            if status == 200 {
                let _ = noted.send((headers, body));
            }
            async move { (StatusCode::from_u16(status).unwrap(), "{}") }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        Collector {
            url,
            bodies,
            answers,
        }
    }

    fn answer_with(&self, answer: impl FnMut(&Value) -> u16 + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answer);
    }

    async fn next(&mut self) -> (HeaderMap, Value) {
        let next = tokio::time::timeout(Duration::from_secs(20), self.bodies.recv()).await;
        next.expect("a request in time").unwrap()
    }

    fn forward(&self) -> ForwardOptions {
        ForwardOptions {
            endpoint: Some(self.url.clone()),
            headers: vec![("authorization".to_owned(), Secret::new("made-up"))],
            json: true,
            ..ForwardOptions::default()
        }
    }
}

/// The messages in a request of OTLP.
fn bodies(request: &Value) -> Vec<String> {
    let array = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for resource in array(request, "resourceLogs") {
        for scope in array(&resource, "scopeLogs") {
            for record in array(&scope, "logRecords") {
                found.push(record["body"]["stringValue"].as_str().unwrap().to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn records_are_forwarded_with_their_own_resource() {
    let mut collector = Collector::start(|_| 200).await;
    let server = TestServer::with(|settings| settings.forward = Some(collector.forward())).await;
    let body = json!({ "logs": [record("a"), record("b")], "resource": { "service.name": "app" } });
    server.post_body(None, body.to_string()).await;
    let (headers, request) = collector.next().await;
    assert_eq!(headers["authorization"], "made-up");
    assert_eq!(bodies(&request), ["a", "b"]);
    let attributes = &request["resourceLogs"][0]["resource"]["attributes"];
    assert_eq!(
        *attributes,
        json!([{ "key": "service.name", "value": { "stringValue": "app" } }])
    );
    let body = json!({ "logs": [record("c")], "resource": { "service.name": "other" } });
    server.post_body(None, body.to_string()).await;
    let (_, request) = collector.next().await;
    let attributes = &request["resourceLogs"][0]["resource"]["attributes"];
    assert_eq!(attributes[0]["value"]["stringValue"], "other");
}

#[tokio::test]
async fn forwarding_goes_on_after_an_outage_and_a_restart_without_a_gap() {
    let mut collector = Collector::start(|_| 503).await;
    let forward = collector.forward();
    let server = TestServer::with(|settings| settings.forward = Some(forward.clone())).await;
    server.post(&[record("a")]).await;
    let folder = server.stop().await;
    collector.answer_with(|_| 200);
    let again = |settings: &mut crate::ingest::Settings| settings.forward = Some(forward.clone());
    let server = TestServer::over(folder, None, again).await;
    assert_eq!(bodies(&collector.next().await.1), ["a"]);
    server.post(&[record("b")]).await;
    assert_eq!(bodies(&collector.next().await.1), ["b"]);
}

#[tokio::test]
async fn one_record_that_the_collector_refuses_costs_no_other() {
    let is_bad = |request: &Value| bodies(request).iter().any(|message| message == "bad");
    let mut collector =
        Collector::start(move |request| if is_bad(request) { 400 } else { 200 }).await;
    let server = TestServer::with(|settings| settings.forward = Some(collector.forward())).await;
    server
        .post(&[record("a"), record("b"), record("bad"), record("c")])
        .await;
    let mut found = Vec::new();
    while found.len() < 3 {
        found.extend(bodies(&collector.next().await.1));
    }
    assert_eq!(found, ["a", "b", "c"]);
}

#[tokio::test]
async fn in_step_with_the_collector_its_failure_is_the_answer() {
    let collector = Collector::start(|_| 503).await;
    let forward = ForwardOptions {
        sync: true,
        ..collector.forward()
    };
    let server = TestServer::with(|settings| settings.forward = Some(forward)).await;
    assert_eq!(server.post(&[record("a")]).await.0, 502);
    collector.answer_with(|_| 200);
    let sent_again = async { while server.post(&[record("a")]).await.0 != 200 {} };
    tokio::time::timeout(Duration::from_secs(20), sent_again)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_backlog_over_its_bound_turns_records_away() {
    let collector = Collector::start(|_| 503).await;
    let forward = ForwardOptions {
        max_backlog: 2,
        ..collector.forward()
    };
    let server = TestServer::with(|settings| settings.forward = Some(forward)).await;
    assert_eq!(
        server
            .post(&[record("a"), record("b"), record("c")])
            .await
            .0,
        200
    );
    assert_eq!(server.post(&[record("d")]).await.0, 502);
    let (_, status) = server.get("/api/v1/status").await;
    let forward = &status["forward"];
    assert_eq!(
        (&forward["backlog"], &forward["maxBacklog"]),
        (&json!(3), &json!(2))
    );
}

#[tokio::test]
async fn an_alert_is_told_once_per_window_and_again_until_it_is_heard() {
    let mut collector = Collector::start(|_| 500).await;
    let rule = AlertRule {
        threshold: 3,
        window: i64::from(u32::MAX),
    };
    let webhook = Webhook {
        url: Secret::new(&collector.url),
        rule,
    };
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let server = TestServer::over(folder, Some(rule), |settings| {
        settings.webhook = Some(webhook)
    })
    .await;
    let error = |n: usize| {
        let mut record = record(&n.to_string());
        record["level"] = json!("error");
        record["error"] = json!("StateError: x");
        record
    };
    server.post(&[error(1), error(2), error(3)]).await;
    collector.answer_with(|_| 200);
    let (_, alert) = collector.next().await;
    assert_eq!(
        (&alert["count"], &alert["threshold"]),
        (&json!(3), &json!(3))
    );
    assert_eq!(alert["exceptionType"], "StateError");
    server.post(&[error(4), error(5)]).await;
    let again = tokio::time::timeout(Duration::from_secs(3), collector.bodies.recv()).await;
    assert!(again.is_err(), "told twice: {again:?}");
}

#[tokio::test]
async fn apps_are_told_their_level_and_only_when_it_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("levels.toml");
    std::fs::write(&path, "min_level = \"debug\"").unwrap();
    let levels = RemoteLevel::open(&path).unwrap();
    let server = TestServer::with(|settings| settings.remote_level = Some(levels)).await;
    let url = format!("{}/api/v1/config/logging?session=s1", server.url);
    let first = server.http.get(&url).send().await.unwrap();
    let etag = first.headers()["etag"].clone();
    assert_eq!(
        first.text().await.unwrap(),
        r#"{"min_level":"debug","modules":{}}"#
    );
    let same = server.http.get(&url).header("if-none-match", etag.clone());
    assert_eq!(same.send().await.unwrap().status(), 304);
    std::fs::write(&path, "min_level = \"warning\"").unwrap();
    let changed = server.http.get(&url).header("if-none-match", etag);
    assert_eq!(changed.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_screenshot_is_kept_and_served_under_a_name_of_ours() {
    let server = TestServer::open().await;
    let mut png = Vec::new();
    let encoder = png::Encoder::new(&mut png, 2, 2);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(&[0; 4])
        .unwrap();
    let url = format!("{}/api/v1/screenshots", server.url);
    let post = |kind: &str, body: Vec<u8>| {
        let request = server
            .http
            .post(&url)
            .header("content-type", kind.to_owned());
        request.body(body).send()
    };
    assert_eq!(post("image/jpeg", png.clone()).await.unwrap().status(), 415);
    assert_eq!(
        post("image/png", b"junk".to_vec()).await.unwrap().status(),
        422
    );
    assert_eq!(
        post("image/png", vec![0; 6 << 20]).await.unwrap().status(),
        413
    );
    assert_eq!(
        post("IMAGE/PNG; x=y", png.clone()).await.unwrap().status(),
        201
    );
    let named = server.http.post(format!("{url}?id=../../etc"));
    let named = named.header("content-type", "image/png").body(png.clone());
    assert_eq!(named.send().await.unwrap().status(), 400);
    let id = "0193E0A0-0000-7000-8000-00000000000A";
    let named = server.http.post(format!("{url}?id={id}"));
    let named = named.header("content-type", "image/png").body(png.clone());
    assert_eq!(named.send().await.unwrap().status(), 201);
    let shown = server.http.get(format!("{url}/{id}?x&thumbnail"));
    assert_eq!(shown.send().await.unwrap().status(), 200);
    let stored = post("image/png", png).await.unwrap();
    assert_eq!(stored.status(), 201);
    let id: Value = serde_json::from_str(&stored.text().await.unwrap()).unwrap();
    let path = format!("{url}/{}", id["id"].as_str().unwrap());
    let shown = server.http.get(&path).send().await.unwrap();
    assert_eq!(shown.headers()["content-type"], "image/png");
    assert_eq!(shown.headers()["x-content-type-options"], "nosniff");
    assert_eq!(server.get("/api/v1/screenshots/..%2f..%2fetc").await.0, 404);
}

#[tokio::test]
async fn the_interface_describes_itself() {
    let server = TestServer::open().await;
    let (_, document) = server.get("/openapi.json").await;
    for path in document["paths"].as_object().unwrap().keys() {
        let (status, _) = server.get(&path.replace("/stream", "")).await;
        assert_ne!(status, 500, "{path}");
    }
    assert_eq!(server.get("/nowhere").await.0, 404);
    assert_eq!(server.get("/readyz").await.0, 200);
    let text = server
        .http
        .get(format!("{}/metrics", server.url))
        .send()
        .await
        .unwrap();
    assert!(
        text.text()
            .await
            .unwrap()
            .contains("# TYPE soliplex_ingest_records_total counter")
    );
}
