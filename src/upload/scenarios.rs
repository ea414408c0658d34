//! Whole uploads against a server that misbehaves, on a virtual clock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;

/// Answers a request, given the numbers of its records and its own.
type Behaviour = dyn FnMut(&[u64], usize) -> Result<Reply, TransportError> + Send;

/// A server in memory. What it answers with 2xx it has taken in.
#[derive(Clone)]
struct Server(Arc<Mutex<State>>);

struct State {
    behaviour: Box<Behaviour>,
    requests: Vec<Request>,
    taken: BTreeSet<u64>,
}

struct Request {
    at: Instant,
    body: Value,
    bytes: usize,
    token: Option<String>,
}

impl Server {
    fn new(
        behaviour: impl FnMut(&[u64], usize) -> Result<Reply, TransportError> + Send + 'static,
    ) -> Server {
        Server(Arc::new(Mutex::new(State {
            behaviour: Box::new(behaviour),
            requests: Vec::new(),
            taken: BTreeSet::new(),
        })))
    }

    /// Refuses every request that holds one of these records.
    fn refusing(status: u16, bad: &'static [u64]) -> Server {
        Server::new(move |records, _| {
            let is_bad = records.iter().any(|record| bad.contains(record));
            Ok(Reply::empty(if is_bad { status } else { 200 }))
        })
    }

    /// Answers with these statuses in turn, then 200.
    fn answering(statuses: &'static [u16]) -> Server {
        Server::new(|_, n| Ok(Reply::empty(statuses.get(n).copied().unwrap_or(200))))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn requests(&self) -> usize {
        self.state().requests.len()
    }

    /// The pauses between requests, in whole seconds.
    fn pauses(&self) -> Vec<u64> {
        let state = self.state();
        let pairs = state.requests.windows(2);
        pairs
            .map(|pair| (pair[1].at - pair[0].at).as_secs())
            .collect()
    }
}

impl Transport for Server {
    async fn post(&self, body: Vec<u8>, token: Option<&Token>) -> Result<Reply, TransportError> {
        // A real request takes some time, which also lets others run.
        tokio::time::sleep(Duration::from_millis(1)).await;
        let json: Value = serde_json::from_slice(&body).unwrap();
        let records = numbers(&json);
        let mut state = self.state();
        let n = state.requests.len();
        state.requests.push(Request {
            at: Instant::now(),
            body: json,
            bytes: body.len(),
            token: token.map(|token| token.expose().to_owned()),
        });
        let reply = (state.behaviour)(&records, n)?;
        if (200..300).contains(&reply.status) && matches!(reply.body, Body::Whole(_)) {
            state.taken.extend(records);
        }
        Ok(reply)
    }
}

fn numbers(body: &Value) -> Vec<u64> {
    let logs = body["logs"].as_array().unwrap();
    logs.iter()
        .map(|record| record["n"].as_u64().unwrap())
        .collect()
}

fn with_body(status: u16, body: &Value) -> Reply {
    Reply {
        body: Body::Whole(body.to_string().into_bytes()),
        ..Reply::empty(status)
    }
}

/// A backlog in memory, shared with the test.
#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Shelf>>);

#[derive(Default)]
struct Shelf {
    lines: Vec<Vec<u8>>,
    handed_out: usize,
    confirmed: usize,
    letters: Vec<Letter>,
}

impl Memory {
    fn of(count: u64) -> Memory {
        let memory = Memory::default();
        memory.push(0..count);
        memory
    }

    fn push(&self, numbers: impl IntoIterator<Item = u64>) {
        let lines = numbers.into_iter().map(|n| {
            format!(r#"{{"n":{n},"message":"m","installId":"i","sessionId":"s"}}"#).into_bytes()
        });
        self.shelf().lines.extend(lines);
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap()
    }

    fn confirmed(&self) -> usize {
        self.shelf().confirmed
    }

    fn buried(&self) -> Vec<u64> {
        let shelf = self.shelf();
        let lines = shelf.letters.iter().map(|letter| &letter.line);
        lines
            .map(|line| {
                serde_json::from_slice::<Value>(line).unwrap()["n"]
                    .as_u64()
                    .unwrap()
            })
            .collect()
    }
}

impl Backlog for Memory {
    fn next(&mut self, records: usize, bytes: usize) -> Result<Vec<Vec<u8>>, BacklogError> {
        let mut shelf = self.shelf();
        let mut used = 0;
        let lines: Vec<Vec<u8>> = shelf.lines[shelf.handed_out..]
            .iter()
            .take(records)
            .enumerate()
            .take_while(|(index, line)| {
                used += line.len();
                *index == 0 || used <= bytes
            })
            .map(|(_, line)| line.clone())
            .collect();
        shelf.handed_out += lines.len();
        Ok(lines)
    }

    fn confirm(&mut self, records: usize) -> Result<(), BacklogError> {
        let mut shelf = self.shelf();
        shelf.confirmed += records;
        assert!(shelf.confirmed <= shelf.handed_out);
        Ok(())
    }

    fn bury(&mut self, letters: &[Letter]) -> Result<(), BacklogError> {
        self.shelf().letters.extend_from_slice(letters);
        Ok(())
    }
}

struct Scene {
    server: Server,
    memory: Memory,
    uploader: Uploader<Server, Memory>,
}

impl Scene {
    fn new(server: Server, memory: Memory, options: Options) -> Scene {
        let tokens = TokenSource::Anonymous;
        Scene::with_tokens(server, memory, tokens, options)
    }

    fn with_tokens(server: Server, memory: Memory, tokens: TokenSource, options: Options) -> Scene {
        let uploader = Uploader::new(server.clone(), memory.clone(), tokens, options);
        Scene {
            server,
            memory,
            uploader,
        }
    }

    async fn drain(&mut self) -> End {
        self.uploader
            .drain(&CancellationToken::new())
            .await
            .unwrap()
    }

    /// Drains for so long at the most.
    async fn drain_for(&mut self, limit: Duration) -> Option<End> {
        tokio::time::timeout(limit, self.drain()).await.ok()
    }

    /// Every record is through or buried, and confirmed.
    fn assert_all_but(&self, buried: &[u64]) {
        let mut found = self.memory.buried();
        found.sort_unstable();
        assert_eq!(found, buried);
        let total = self.memory.shelf().lines.len();
        assert_eq!(self.memory.confirmed(), total);
        let taken = self.server.state().taken.clone();
        let expected = (0..total as u64).filter(|n| !buried.contains(n)).collect();
        assert_eq!(taken, expected);
    }
}

fn batches_of(batch_records: usize) -> Options {
    Options {
        batch_records,
        ..Options::default()
    }
}

#[tokio::test(start_paused = true)]
async fn everything_goes_in_order_in_batches_of_the_right_size() {
    let server = Server::answering(&[]);
    let mut scene = Scene::new(server.clone(), Memory::of(250), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let sizes: Vec<usize> = state
        .requests
        .iter()
        .map(|r| numbers(&r.body).len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    let all: Vec<u64> = state
        .requests
        .iter()
        .flat_map(|r| numbers(&r.body))
        .collect();
    assert!(all.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn no_body_is_over_the_limit_and_a_record_that_fits_into_none_is_buried() {
    let server = Server::answering(&[]);
    let memory = Memory::of(5);
    memory.shelf().lines[2].splice(1..1, format!(r#""x":"{}","#, "y".repeat(500)).bytes());
    let options = Options {
        max_body_bytes: 300,
        ..Options::default()
    };
    let mut scene = Scene::new(server.clone(), memory.clone(), options);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[2]);
    assert!(
        server
            .state()
            .requests
            .iter()
            .all(|request| request.bytes <= 300)
    );
    assert!(
        memory.shelf().letters[0]
            .reason
            .contains("fit into no request")
    );
}

#[tokio::test(start_paused = true)]
async fn failures_are_waited_out_longer_and_longer_and_nothing_is_lost() {
    let server = Server::answering(&[503, 500, 429, 502]);
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    for (pause, nominal) in server.pauses().into_iter().zip([1, 2, 4, 8]) {
        assert!(
            (nominal..=nominal * 5 / 4 + 1).contains(&pause),
            "{pause} for {nominal}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_a_minute() {
    let server = Server::new(|_, n| {
        let retry_after = ["7", "86400"].get(n).map(|&text| text.to_owned());
        let status = if retry_after.is_some() { 429 } else { 200 };
        Ok(Reply {
            retry_after,
            ..Reply::empty(status)
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(server.pauses(), [7, 60]);
}

#[tokio::test(start_paused = true)]
async fn an_unclear_answer_is_sent_again_unchanged() {
    let server = Server::new(|_, n| match n {
        0 => Err(TransportError::Timeout(Duration::from_secs(30))),
        1 => Err(TransportError::Broken("reset".to_owned())),
        2 => Ok(Reply {
            location: Some("https://b.example".to_owned()),
            ..Reply::empty(307)
        }),
        3 => Ok(Reply {
            body: Body::Whole(b"<html>".to_vec()),
            ..Reply::empty(200)
        }),
        4 => Ok(Reply {
            body: Body::Cut("cut"),
            ..Reply::empty(200)
        }),
        _ => Ok(Reply::empty(200)),
    });
    // A single batch: a long failure must not be taken for poison.
    let mut scene = Scene::new(server.clone(), Memory::of(1), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    assert!(
        state
            .requests
            .iter()
            .all(|request| request.body == state.requests[0].body)
    );
}

#[tokio::test(start_paused = true)]
async fn one_bad_record_in_a_hundred_is_found_in_at_most_14_requests_wherever_it_stands() {
    for status in [400, 413, 422] {
        for bad in 0..100 {
            let server = Server::new(move |records, _| {
                Ok(Reply::empty(if records.contains(&bad) {
                    status
                } else {
                    200
                }))
            });
            let mut scene = Scene::new(server.clone(), Memory::of(100), Options::default());
            assert_eq!(scene.drain().await, End::Empty);
            scene.assert_all_but(&[bad]);
            assert!(
                server.requests() <= 14,
                "{} requests for {bad}",
                server.requests()
            );
            assert_eq!(scene.memory.shelf().letters[0].status, Some(status));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_422_that_names_the_record_goes_straight_to_it() {
    let server = Server::new(|records, _| {
        Ok(match records.iter().position(|record| *record == 37) {
            Some(index) => with_body(
                422,
                &json!({"detail": [{"loc": ["body", "logs", index, "message"],
                    "type": "string_type", "msg": "Input should be a valid string"}]}),
            ),
            None => Reply::empty(200),
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(100), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[37]);
    assert_eq!(server.requests(), 2);
    let reason = scene.memory.shelf().letters[0].reason.clone();
    assert_eq!(reason, "message: Input should be a valid string");
}

#[tokio::test(start_paused = true)]
async fn records_rejected_in_a_200_are_buried_and_the_rest_is_through() {
    let body = json!({"accepted": 7, "duplicates": 1, "rejected": [{"index": 4, "reason": "no"}, {"index": 9, "reason": "no"}]});
    let server = Server::new(move |_, _| Ok(with_body(200, &body)));
    let mut scene = Scene::new(server.clone(), Memory::of(10), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(scene.memory.buried(), [4, 9]);
    assert_eq!(scene.memory.confirmed(), 10);
    let receipt = scene.uploader.receipt();
    let counts = (
        receipt.sent,
        receipt.accepted,
        receipt.duplicates,
        receipt.rejected,
    );
    assert_eq!(counts, (10, 7, 1, 2));
    assert_eq!(server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_while_another_goes_through_is_hunted_down() {
    for bad in [0, 37, 99, 250] {
        let server = Server::new(move |records, _| {
            Ok(Reply::empty(if records.contains(&bad) { 500 } else { 200 }))
        });
        let mut scene = Scene::new(server.clone(), Memory::of(251), Options::default());
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[bad]);
        assert_eq!(scene.memory.shelf().letters[0].status, Some(500));
    }
}

#[tokio::test(start_paused = true)]
async fn poison_is_found_without_another_batch_too() {
    let server = Server::refusing(500, &[3, 4, 60]);
    let mut scene = Scene::new(server, Memory::of(100), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[3, 4, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_makes_the_server_hang_is_poison_too() {
    let server = Server::new(|records, _| match records.contains(&17) {
        true => Err(TransportError::Timeout(Duration::from_secs(30))),
        false => Ok(Reply::empty(200)),
    });
    let mut scene = Scene::new(server, Memory::of(40), batches_of(10));
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[17]);
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_costs_nothing_and_few_requests() {
    let start = Instant::now();
    let day = Duration::from_secs(24 * 3600);
    let server = Server::new(move |_, _| match start.elapsed() < day {
        true => Ok(Reply::empty(503)),
        false => Ok(Reply::empty(200)),
    });
    let mut scene = Scene::new(server.clone(), Memory::of(1_000), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    assert!(server.requests() < 1_500, "{} requests", server.requests());
}

#[tokio::test(start_paused = true)]
async fn an_outage_in_the_middle_of_a_hunt_costs_no_good_record() {
    let start = Instant::now();
    for outage in 8..30 {
        let server = Server::new(move |records, _| {
            let seconds = start.elapsed().as_secs();
            let is_out = (outage..outage + 3_600).contains(&seconds);
            Ok(Reply::empty(if is_out || records.contains(&37) {
                500
            } else {
                200
            }))
        });
        let mut scene = Scene::new(server, Memory::of(300), Options::default());
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[37]);
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_never_blamed_on_a_batch() {
    let server =
        Server::new(|records, _| Ok(Reply::empty(if records.contains(&3) { 429 } else { 200 })));
    let mut scene = Scene::new(server, Memory::of(100), batches_of(10));
    assert_eq!(scene.drain_for(Duration::from_secs(3_600)).await, None);
    assert!(scene.memory.buried().is_empty());
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_at_once_and_another_one_goes_on() {
    for status in [401, 403] {
        let server = Server::answering(match status {
            401 => &[401],
            _ => &[403],
        });
        let current = Arc::new(Mutex::new("first"));
        let provided = Arc::clone(&current);
        let tokens = TokenSource::Provider(Box::new(move || {
            Some((*provided.lock().unwrap()).to_owned())
        }));
        let memory = Memory::of(3);
        let mut scene = Scene::with_tokens(server.clone(), memory, tokens, Options::default());
        for _ in 0..3 {
            let end = scene.drain().await;
            let End::Stopped {
                cause: StopCause::Unauthorized,
                status: said,
                ..
            } = end
            else {
                panic!("{end:?}");
            };
            assert_eq!(said, status);
        }
        assert_eq!(server.requests(), 1);
        assert_eq!(scene.memory.confirmed(), 0);
        *current.lock().unwrap() = "second";
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[]);
        assert_eq!(server.state().requests[1].token.as_deref(), Some("second"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_token_yet_nothing_is_sent_and_nothing_lost() {
    let server = Server::answering(&[]);
    let tokens = TokenSource::Provider(Box::new(|| None));
    let mut scene = Scene::with_tokens(server.clone(), Memory::of(3), tokens, Options::default());
    assert_eq!(scene.drain().await, End::NoToken);
    assert_eq!(server.requests(), 0);
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_endpoint_stops_and_may_be_tried_again() {
    let server = Server::answering(&[404]);
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    let end = scene.drain().await;
    assert!(matches!(
        end,
        End::Stopped {
            cause: StopCause::NoEndpoint,
            status: 404,
            ..
        }
    ));
    assert_eq!(server.requests(), 1);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
}

#[tokio::test(start_paused = true)]
async fn attempts_run_out_where_they_are_counted() {
    let server = Server::new(|_, _| Err(TransportError::Connect("refused".to_owned())));
    let options = Options {
        max_failures: Some(4),
        ..Options::default()
    };
    let mut scene = Scene::new(server.clone(), Memory::of(3), options);
    let reason = "cannot connect: refused".to_owned();
    assert_eq!(scene.drain().await, End::GaveUp { reason });
    assert_eq!(server.requests(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_snake_case_gets_it_and_keeps_it() {
    let server = Server::new(|_, n| {
        let missing = json!({"detail": [{"loc": ["body", "logs", 0, "install_id"],
            "type": "missing", "msg": "Field required"}]});
        Ok(if n == 0 {
            with_body(422, &missing)
        } else {
            Reply::empty(200)
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(150), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let keys = |n: usize| {
        state.requests[n].body["logs"][0]
            .as_object()
            .unwrap()
            .clone()
    };
    assert!(keys(0).contains_key("installId"));
    assert!(keys(1).contains_key("install_id") && keys(2).contains_key("session_id"));
    assert_eq!(state.requests.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_no_spelling_does_not_go_round_for_ever() {
    let server = Server::new(|_, n| {
        let key = if n % 2 == 0 {
            "install_id"
        } else {
            "installId"
        };
        let missing = json!({"detail": [{"loc": ["body", "logs", 0, key], "type": "missing"}]});
        Ok(with_body(422, &missing))
    });
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(scene.memory.buried(), [0, 1, 2]);
    assert!(server.requests() <= 5);
}

#[tokio::test(start_paused = true)]
async fn the_line_hook_sees_everything_that_is_sent() {
    let server = Server::answering(&[]);
    let hook: LineHook = Box::new(|line| {
        let text = String::from_utf8_lossy(line).replace("\"m\"", "\"clean\"");
        text.into_bytes().into()
    });
    let options = Options {
        line_hook: Some(hook),
        ..batches_of(4)
    };
    let mut scene = Scene::new(server.clone(), Memory::of(10), options);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let records = state
        .requests
        .iter()
        .flat_map(|r| r.body["logs"].as_array().unwrap());
    assert!(records.clone().all(|record| record["message"] == "clean"));
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_wait_at_once_and_a_request_within_the_grace() {
    let start = Instant::now();
    let cancel = CancellationToken::new();
    let server = Server::answering(&[503, 503, 503, 503, 503, 503]);
    let mut scene = Scene::new(server, Memory::of(3), Options::default());
    let canceller = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        cancel.cancel();
    };
    let (end, ()) = tokio::join!(scene.uploader.drain(&cancel), canceller);
    assert_eq!(end.unwrap(), End::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(11));
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn new_records_are_sent_by_the_next_drain() {
    let server = Server::answering(&[]);
    let memory = Memory::of(3);
    let mut scene = Scene::new(server, memory.clone(), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    memory.push(3..8);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a server does for a while, in the end every record is through
    /// or among the dead letters, and only what it refuses for good is buried.
    #[test]
    fn nothing_is_ever_lost_and_nothing_good_is_buried(
        count in 1_u64..120,
        batch in 1_usize..30,
        bad in proptest::collection::btree_set(0_u64..120, 0..6),
        bad_status in prop_oneof![Just(400_u16), Just(422), Just(500)],
        start in 0_usize..40,
        outage in proptest::collection::vec(
            prop_oneof![Just(0_u16), Just(301), Just(429), Just(500), Just(503)], 0..40),
    ) {
        let bad: BTreeSet<u64> = bad.into_iter().filter(|n| *n < count).collect();
        let refused = bad.clone();
        let server = Server::new(move |records, n| match outage.get(n.wrapping_sub(start)) {
            Some(0) => Err(TransportError::Broken("reset".to_owned())),
            Some(status) => Ok(Reply::empty(*status)),
            _ if records.iter().any(|record| refused.contains(record)) => Ok(Reply::empty(bad_status)),
            _ => Ok(Reply::empty(200)),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new(server.clone(), Memory::of(count), batches_of(batch));
            let end = scene.drain_for(Duration::from_secs(7 * 24 * 3600)).await;
            let taken = scene.server.state().taken.clone();
            let buried: BTreeSet<u64> = scene.memory.buried().into_iter().collect();
            for n in 0..scene.memory.confirmed() as u64 {
                prop_assert!(taken.contains(&n) || buried.contains(&n), "{n} is lost");
            }
            prop_assert!(taken.intersection(&bad).next().is_none());
            prop_assert!(buried.is_subset(&bad));
            // With nothing good to compare with, a failing server looks like
            // an outage, and the records stay.
            if bad_status < 500 || bad.len() < count as usize {
                prop_assert_eq!(end, Some(End::Empty));
                prop_assert_eq!(scene.memory.confirmed() as u64, count);
                prop_assert_eq!(buried, bad);
            }
            Ok(())
        })?;
    }
}
