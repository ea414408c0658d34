//! Requests as apps send them, over several connections at a time.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

/// How many records a body has.
pub(crate) const RECORDS: usize = 100;

/// Sends one body after another over each of so many connections, turn by turn
/// to the endpoints, for some time. Gives back how long each request took, in
/// microseconds.
pub(crate) async fn send_to(
    endpoints: &[String],
    connections: usize,
    time: Duration,
) -> Histogram<u64> {
    let senders = (0..connections).map(|connection| {
        let endpoint = endpoints[connection % endpoints.len()].clone();
        tokio::spawn(send(endpoint, time))
    });
    let mut waits = Histogram::<u64>::new(3).expect("three digits are allowed");
    for sender in futures_util::future::join_all(senders).await {
        waits += sender.expect("a sender does not panic");
    }
    waits
}

/// Sends so many bodies a second over one connection, for some time. Gives back
/// how long each request took, in microseconds.
#[allow(dead_code, reason = "each benchmark takes what it needs")]
pub(crate) async fn send_steadily(endpoint: &str, a_second: u64, time: Duration) -> Histogram<u64> {
    let mut pace = tokio::time::interval(Duration::from_secs(1) / a_second as u32);
    let mut sender = Sender::new(endpoint.to_owned());
    let started = Instant::now();
    while started.elapsed() < time {
        pace.tick().await;
        sender.send().await;
    }
    sender.waits
}

/// Sends one body after another over one connection.
async fn send(endpoint: String, time: Duration) -> Histogram<u64> {
    let mut sender = Sender::new(endpoint);
    let started = Instant::now();
    while started.elapsed() < time {
        sender.send().await;
    }
    sender.waits
}

/// One device on one connection.
struct Sender {
    endpoint: String,
    http: reqwest::Client,
    install: uuid::Uuid,
    session: uuid::Uuid,
    waits: Histogram<u64>,
}

impl Sender {
    fn new(endpoint: String) -> Sender {
        Sender {
            endpoint,
            http: reqwest::Client::new(),
            install: uuid::Uuid::new_v4(),
            session: uuid::Uuid::new_v4(),
            waits: Histogram::new(3).expect("three digits are allowed"),
        }
    }

    async fn send(&mut self) {
        let body = body(self.install, self.session);
        let sent = Instant::now();
        let reply = self.http.post(&self.endpoint).body(body).send().await;
        let reply = reply.expect("the server answers");
        assert_eq!(reply.status().as_u16(), 200);
        let answer = reply.text().await.expect("a whole answer");
        assert!(answer.starts_with("{\"accepted\":100,"), "{answer}");
        let took = sent.elapsed().as_micros() as u64;
        self.waits.record(took).expect("the histogram grows");
    }
}

/// A hundred records of some 300 bytes, as an app writes them.
fn body(install: uuid::Uuid, session: uuid::Uuid) -> String {
    let mut body = String::from("{\"logs\":[");
    for n in 0..RECORDS {
        if n > 0 {
            body.push(',');
        }
        let id = uuid::Uuid::now_v7();
        body.push_str(&format!(
            "{{\"timestamp\":\"2026-02-06T12:00:00.{n:03}Z\",\"level\":\"info\",\"logger\":\"HTTP\",\
             \"message\":\"GET /api/rooms/42 200 in {n} ms\",\"attributes\":{{\"status\":200,\"ms\":{n}}},\
             \"installId\":\"{install}\",\"sessionId\":\"{session}\",\"recordId\":\"{id}\"}}"
        ));
    }
    body.push_str("],\"resource\":{\"service.name\":\"bench\",\"service.version\":\"1.0.0\"}}");
    body
}
