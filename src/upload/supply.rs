//! Batches made ready to be sent, while others are under way.
//!
//! Reading, sanitizing and joining take longer than a fast server takes to
//! answer: nine tenths of an upload's instructions. So a thread of the
//! runtime's pool does these a few batches ahead of what is sent, and has a
//! second one sanitize half of the lines.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use bytes::Bytes;

use super::backlog::{Backlog, BacklogError};
use super::body::BodyBuilder;
use super::uploader::LineHook;
use super::wire::Spelling;

/// How many batches are made ready ahead of need, and how many bytes of them
/// are enough.
const DEPTH: usize = 16;
const DEPTH_BYTES: usize = 3_000_000;

/// How many batches are read from the backlog together: each time it reads a
/// block of the file and asks for the queue's lock.
const BATCHES_AT_ONCE: usize = 8;

/// Fewer lines are not worth another thread.
const MIN_LINES_PER_THREAD: usize = 100;

/// A batch that is ready.
#[derive(Debug)]
pub(super) enum Load {
    /// Records that fit into one request.
    Batch(Ready),
    /// A record that fits into no request.
    Oversized(Bytes),
}

/// Records, and the body that holds just these.
#[derive(Debug)]
pub(super) struct Ready {
    /// One line each; most are parts of the body.
    pub(super) lines: Vec<Bytes>,
    /// The body.
    pub(super) body: Bytes,
    /// How the body spells keys.
    pub(super) spelling: Spelling,
}

/// Takes batches from a backlog.
#[derive(Debug)]
pub(super) struct Supply<B> {
    shared: Arc<Shared<B>>,
}

/// What this and the thread that reads ahead have in common. Whoever needs both
/// locks takes that of the source first.
struct Shared<B> {
    source: Mutex<Source<B>>,
    shelf: Mutex<Shelf>,
    bodies: BodyBuilder,
    hook: Option<LineHook>,
    batch_records: usize,
}

struct Source<B> {
    backlog: B,
    /// Lines that were handed out and are in no batch yet.
    ahead: VecDeque<Bytes>,
}

struct Shelf {
    /// In the order of the backlog.
    loads: VecDeque<Result<Load, BacklogError>>,
    is_filling: bool,
    /// How many bytes of records a request has room for.
    room: usize,
    spelling: Spelling,
}

impl<B: Backlog> Supply<B> {
    pub(super) fn new(
        backlog: B,
        bodies: BodyBuilder,
        hook: Option<LineHook>,
        (batch_records, max_body_bytes): (usize, usize),
        spelling: Spelling,
    ) -> Supply<B> {
        let room = max_body_bytes.saturating_sub(bodies.overhead());
        Supply {
            shared: Arc::new(Shared {
                source: Mutex::new(Source {
                    backlog,
                    ahead: VecDeque::new(),
                }),
                shelf: Mutex::new(Shelf {
                    loads: VecDeque::new(),
                    is_filling: false,
                    room,
                    spelling,
                }),
                bodies,
                hook,
                batch_records,
            }),
        }
    }

    /// The next batch; `None` if there is none for now. Starts to make the
    /// following ones ready, which takes a runtime.
    pub(super) fn take(&self) -> Result<Option<Load>, BacklogError> {
        let load = self.take_ready().map_or_else(
            || {
                let mut source = self.shared.source();
                // It may just have been made ready.
                match self.take_ready() {
                    Some(load) => load.map(Some),
                    None => self.shared.make(&mut source),
                }
            },
            |load| load.map(Some),
        )?;
        if load.is_some() {
            self.read_ahead();
        }
        Ok(load)
    }

    /// The backlog; waits while something is read from it.
    pub(super) fn backlog(&self) -> impl DerefMut<Target = B> {
        Held(self.shared.source())
    }

    /// Has bodies spelled like this from now on.
    pub(super) fn spell(&self, spelling: Spelling) {
        self.shared.shelf().spelling = spelling;
    }

    /// Makes bodies no larger than this from now on.
    pub(super) fn limit(&self, max_body_bytes: usize) {
        let mut source = self.shared.source();
        let mut shelf = self.shared.shelf();
        let room = max_body_bytes.saturating_sub(self.shared.bodies.overhead());
        shelf.room = shelf.room.min(room);
        let (loads, errors): (Vec<_>, Vec<_>) = shelf.loads.drain(..).partition(Result::is_ok);
        shelf.loads.extend(errors);
        put_back(&mut source, loads.into_iter().flatten());
    }

    /// Has these come again, before all others.
    pub(super) fn put_back(&self, lines: impl DoubleEndedIterator<Item = Bytes>) {
        let mut source = self.shared.source();
        let loads: Vec<_> = self.shared.shelf().loads.drain(..).flatten().collect();
        put_back(&mut source, loads.into_iter());
        for line in lines.rev() {
            source.ahead.push_front(line);
        }
    }

    fn take_ready(&self) -> Option<Result<Load, BacklogError>> {
        self.shared.shelf().loads.pop_front()
    }

    fn read_ahead(&self) {
        let mut shelf = self.shared.shelf();
        if shelf.is_filling || shelf.is_full(2) {
            return;
        }
        shelf.is_filling = true;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || shared.fill());
    }
}

/// Takes what was made ready apart again.
fn put_back<B>(source: &mut Source<B>, loads: impl DoubleEndedIterator<Item = Load>) {
    for load in loads.rev() {
        let lines = match load {
            Load::Batch(ready) => ready.lines,
            Load::Oversized(line) => vec![line],
        };
        for line in lines.into_iter().rev() {
            source.ahead.push_front(line);
        }
    }
}

impl<B: Backlog> Shared<B> {
    /// Makes batches ready until there are enough or there is nothing more.
    fn fill(&self) {
        loop {
            let mut source = self.source();
            let made = self.make(&mut source).transpose();
            let mut shelf = self.shelf();
            let is_last = !matches!(made, Some(Ok(_)));
            shelf.loads.extend(made);
            if is_last || shelf.is_full(1) {
                shelf.is_filling = false;
                return;
            }
        }
    }

    /// Makes one batch of what comes next in the backlog.
    fn make(&self, source: &mut Source<B>) -> Result<Option<Load>, BacklogError> {
        let (room, spelling) = {
            let shelf = self.shelf();
            (shelf.room, shelf.spelling)
        };
        if source.ahead.is_empty() {
            let records = self.batch_records.saturating_mul(BATCHES_AT_ONCE);
            let lines = source.backlog.next(records, room)?;
            source.ahead.extend(self.prepared(lines));
        }
        let mut used = 0;
        let fitting = source
            .ahead
            .iter()
            .take(self.batch_records)
            .take_while(|line| {
                used += BodyBuilder::cost(line);
                used <= room
            });
        let count = fitting.count();
        if count == 0 {
            return Ok(source.ahead.pop_front().map(Load::Oversized));
        }
        let lines = source.ahead.drain(..count).collect();
        let (lines, body) = self.bodies.join(lines, spelling);
        Ok(Some(Load::Batch(Ready {
            lines,
            body,
            spelling,
        })))
    }

    /// The lines as they are sent, in the same order.
    fn prepared(&self, mut lines: Vec<Vec<u8>>) -> Vec<Bytes> {
        let Some(hook) = &self.hook else {
            return lines.into_iter().map(Bytes::from).collect();
        };
        let prepare = |mut lines: Vec<Vec<u8>>| -> Vec<Bytes> {
            hook(&mut lines);
            lines.into_iter().map(Bytes::from).collect()
        };
        if lines.len() < 2 * MIN_LINES_PER_THREAD {
            return prepare(lines);
        }
        let second = lines.split_off(lines.len() / 2);
        thread::scope(|scope| {
            let second = scope.spawn(|| prepare(second));
            let mut prepared = prepare(lines);
            match second.join() {
                Ok(rest) => prepared.extend(rest),
                Err(panic) => panic::resume_unwind(panic),
            }
            prepared
        })
    }
}

impl Shelf {
    /// Whether there is enough on it, or a part of that.
    fn is_full(&self, part: usize) -> bool {
        let bytes = self.loads.iter().flatten().map(|load| match load {
            Load::Batch(ready) => ready.body.len(),
            Load::Oversized(line) => line.len(),
        });
        self.loads.len() >= DEPTH / part || bytes.sum::<usize>() >= DEPTH_BYTES / part
    }
}

impl<B> Shared<B> {
    fn source(&self) -> MutexGuard<'_, Source<B>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<B> std::fmt::Debug for Shared<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("ready", &self.shelf().loads.len())
            .finish_non_exhaustive()
    }
}

/// A backlog that nobody else reads from meanwhile.
struct Held<'a, B>(MutexGuard<'a, Source<B>>);

impl<B> Deref for Held<'_, B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.0.backlog
    }
}

impl<B> DerefMut for Held<'_, B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.0.backlog
    }
}
