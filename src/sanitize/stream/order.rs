//! Blocks on their way from the reader through the cleaning threads to the writer, in their order.
//!
//! No thread does nothing but write: whoever brings the block that comes next writes it, and what
//! stands ready behind it, while the others go on. And the reader is woken when half of the blocks
//! are gone, not for each of them. To wake two more threads for every block took a twentieth of the
//! processor time.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::Stats;
use super::pool::{Job, Pool};

/// Lines that are clean.
pub(super) struct Done {
    pub(super) out: Vec<u8>,
    pub(super) stats: Stats,
}

/// The blocks that have been read and not yet written, at most `room` of them.
pub(super) struct Order<W> {
    state: Mutex<State<W>>,
    room: usize,
    /// There is a block to clean, or there will be none.
    has_job: Condvar,
    /// Half of the room is free, or the stream has failed.
    has_room: Condvar,
}

struct State<W> {
    /// Blocks that no thread has taken yet, with their numbers.
    jobs: VecDeque<(u64, Job)>,
    closed: bool,
    /// How many blocks came, and how many of them are written.
    entered: u64,
    written: u64,
    /// Clean blocks that wait for those before them.
    ready: BTreeMap<u64, Done>,
    /// None while a thread writes, and after an error.
    writer: Option<W>,
    stats: Stats,
    failure: Option<io::Error>,
}

impl<W: Write> Order<W> {
    pub(super) fn new(writer: W, room: usize) -> Order<W> {
        Order {
            state: Mutex::new(State {
                jobs: VecDeque::new(),
                closed: false,
                entered: 0,
                written: 0,
                ready: BTreeMap::new(),
                writer: Some(writer),
                stats: Stats::default(),
                failure: None,
            }),
            room,
            has_job: Condvar::new(),
            has_room: Condvar::new(),
        }
    }

    /// Hands in a block to clean, once there is room. Returns false when the stream has failed.
    pub(super) fn submit(&self, job: Job) -> bool {
        let Some((mut state, number)) = self.enter() else {
            return false;
        };
        state.jobs.push_back((number, job));
        self.has_job.notify_one();
        true
    }

    /// Hands in a block that is clean. Returns false when the stream has failed.
    pub(super) fn pass(&self, done: Done, pool: &Pool) -> bool {
        let Some((state, number)) = self.enter() else {
            return false;
        };
        drop(state);
        self.deliver(number, done, pool);
        true
    }

    /// No more blocks will come.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.has_job.notify_all();
    }

    /// The next block to clean, with its number; None when there will be none.
    pub(super) fn next(&self) -> Option<(u64, Job)> {
        let mut state = self.lock();
        loop {
            if state.failure.is_some() {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .has_job
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes back a block that is clean, and writes it and those behind it when its turn has come
    /// and nobody else does. Flushes when there is nothing to write.
    pub(super) fn deliver(&self, number: u64, done: Done, pool: &Pool) {
        let mut state = self.lock();
        state.ready.insert(number, done);
        let Some(mut writer) = state.writer.take() else {
            return;
        };
        loop {
            let next = state.written;
            let done = state.ready.remove(&next);
            drop(state);
            let result = match &done {
                Some(done) => writer.write_all(&done.out),
                None => writer.flush(),
            };
            state = self.lock();
            if let Err(error) = result {
                self.fail_with(state, error);
                return;
            }
            match done {
                Some(done) => {
                    state.stats.merge(&done.stats);
                    state.written += 1;
                    if state.inside() == self.room / 2 {
                        self.has_room.notify_one();
                    }
                    pool.put(done.out);
                }
                None if state.ready.contains_key(&next) => {}
                None => {
                    state.writer = Some(writer);
                    return;
                }
            }
        }
    }

    /// Ends the stream with an error, unless it has failed before.
    pub(super) fn fail(&self, error: io::Error) {
        self.fail_with(self.lock(), error);
    }

    /// What went through, once all threads are done.
    pub(super) fn finish(self) -> io::Result<Stats> {
        let state = self
            .state
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        match state.failure {
            Some(error) => Err(error),
            None => Ok(state.stats),
        }
    }

    /// Waits for room. Returns the number of a new block, or None when the stream has failed.
    fn enter(&self) -> Option<(MutexGuard<'_, State<W>>, u64)> {
        let mut state = self
            .has_room
            .wait_while(self.lock(), |state| {
                state.failure.is_none() && state.inside() >= self.room
            })
            .unwrap_or_else(PoisonError::into_inner);
        if state.failure.is_some() {
            return None;
        }
        let number = state.entered;
        state.entered += 1;
        Some((state, number))
    }

    fn fail_with(&self, mut state: MutexGuard<'_, State<W>>, error: io::Error) {
        state.failure.get_or_insert(error);
        drop(state);
        self.has_job.notify_all();
        self.has_room.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> State<W> {
    /// How many blocks have been read and not yet written.
    fn inside(&self) -> usize {
        (self.entered - self.written) as usize
    }
}
