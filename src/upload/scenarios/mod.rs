//! Whole uploads against a server that misbehaves, on a virtual clock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::*;

mod bad_records;
mod delivery;
mod never_lost;
mod outages;
mod refusals;

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
    async fn post(&self, body: Bytes, token: Option<&Token>) -> Result<Reply, TransportError> {
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
