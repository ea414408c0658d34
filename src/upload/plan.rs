//! Which records to send next: a state machine without I/O.
//!
//! Batches stand in a window in the order of the backlog. The first is sent
//! until it is through. When the server fails on it again and again, others
//! are sent in its place as *witnesses*: if one goes through, the batch is to
//! blame and is halved until the bad record is found; if none does, there is
//! an outage and everything stays as it is.

use std::collections::VecDeque;

use bytes::Bytes;

use super::backlog::Letter;
use super::reply::Rejection;
use super::retry::Suspicion;
use super::supply::Ready;
use super::wire::Spelling;

/// How many batches are read ahead of the first one that is not through.
const MAX_WINDOW: usize = 8;

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Take another batch from the backlog into the window.
    Fetch,
    /// Send these records.
    Send(Parcel),
    /// Send a copy of a record that went through before: a witness where there
    /// is no other batch.
    SendCopy,
    /// Everything is through.
    Nothing,
}

/// Records of one batch to be sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parcel {
    batch: u64,
    slots: Vec<usize>,
}

impl Parcel {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}

/// What last went wrong with a batch.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) status: Option<u16>,
    pub(super) reason: String,
}

/// The batches under way.
#[derive(Debug, Default)]
pub(super) struct Plan {
    window: VecDeque<Batch>,
    next_id: u64,
    wants_witness: bool,
    went_through: Option<Bytes>,
}

impl Plan {
    /// The next thing to do, given whether the backlog may hold more.
    pub(super) fn next(&mut self, has_more: bool) -> Task {
        match self.window.front() {
            None if has_more => return Task::Fetch,
            None => return Task::Nothing,
            Some(head) if !self.wants_witness => return Task::Send(head.parcel()),
            Some(_) => {}
        }
        let has_room = self.window.len() < MAX_WINDOW;
        if let Some(fresh) = self.others().find(|batch| batch.suspicion().failures == 0) {
            return Task::Send(fresh.parcel());
        }
        if has_more && has_room {
            return Task::Fetch;
        }
        if self.went_through.is_some() {
            return Task::SendCopy;
        }
        if has_room && self.split_largest() {
            return self.next(has_more);
        }
        match self.others().min_by_key(|batch| batch.failures) {
            Some(witness) => Task::Send(witness.parcel()),
            None => Task::Send(self.window[0].parcel()),
        }
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.window.is_empty()
    }

    /// Takes records into the window, as one batch.
    pub(super) fn add(&mut self, ready: Ready) {
        let id = self.new_id();
        let mut batch = Batch::new(id, ready.lines);
        batch.body = Some((ready.spelling, ready.body));
        self.window.push_back(batch);
    }

    /// Takes a line into the window that cannot be sent at all, so that it is
    /// confirmed in its turn.
    pub(super) fn add_buried(&mut self, line: &Bytes, reason: String) -> Letter {
        let id = self.new_id();
        let mut batch = Batch::new(id, vec![line.clone()]);
        batch.rest.clear();
        self.window.push_back(batch);
        Letter {
            line: line.to_vec(),
            status: None,
            reason,
        }
    }

    pub(super) fn lines<'a>(&'a self, parcel: &'a Parcel) -> impl Iterator<Item = &'a Bytes> {
        let batch = self.window.iter().find(|batch| batch.id == parcel.batch);
        let slots = parcel.slots.iter();
        batch
            .into_iter()
            .flat_map(move |batch| slots.clone().map(|&slot| &batch.lines[slot]))
    }

    /// The body that was made of just these records in this spelling, if there
    /// is one.
    pub(super) fn body(&self, parcel: &Parcel, spelling: Spelling) -> Option<Bytes> {
        let batch = self.window.iter().find(|batch| batch.id == parcel.batch)?;
        let (spelled, body) = batch.body.as_ref()?;
        let is_whole = parcel.len() == batch.lines.len();
        (is_whole && *spelled == spelling).then(|| body.clone())
    }

    /// The record that the copy is of.
    pub(super) fn copy(&self) -> impl Iterator<Item = &Bytes> {
        self.went_through.iter()
    }

    /// The parcel went through, but for some records. Returns what is to be
    /// buried; so do the following.
    pub(super) fn delivered(
        &mut self,
        parcel: &Parcel,
        rejected: &[Rejection],
        status: Option<u16>,
    ) -> Vec<Letter> {
        let Some(batch) = self.batch(parcel) else {
            return Vec::new();
        };
        let letters = batch.letters(parcel, rejected, status);
        let good = (0..parcel.len()).find(|index| rejected.iter().all(|bad| bad.index != *index));
        let witness = good.map(|index| batch.lines[parcel.slots[index]].clone());
        batch.delivered();
        self.went_through = witness.or(self.went_through.take());
        let mut all = self.something_went_through(Some(parcel.batch));
        all.extend(letters);
        all
    }

    /// The copy went through.
    pub(super) fn copy_delivered(&mut self) -> Vec<Letter> {
        self.something_went_through(None)
    }

    /// The server failed on the parcel.
    pub(super) fn failed(&mut self, parcel: &Parcel, trouble: Trouble) {
        let was_witness = self.wants_witness;
        if let Some(batch) = self.batch(parcel) {
            batch.failed(trouble);
            self.wants_witness = !was_witness && batch.suspicion().wants_witness();
        }
    }

    /// The server failed on the copy.
    pub(super) fn copy_failed(&mut self) {
        self.wants_witness = false;
    }

    /// The parcel holds a bad record, by the server's word.
    pub(super) fn halve(&mut self, parcel: &Parcel, trouble: Trouble) -> Vec<Letter> {
        let Some(batch) = self.batch(parcel) else {
            return Vec::new();
        };
        batch.trouble = Some(trouble);
        batch.halve().into_iter().collect()
    }

    /// These records of the parcel are bad, by the server's word.
    pub(super) fn set_aside(
        &mut self,
        parcel: &Parcel,
        bad: &[Rejection],
        status: Option<u16>,
    ) -> Vec<Letter> {
        let Some(batch) = self.batch(parcel) else {
            return Vec::new();
        };
        let letters = batch.letters(parcel, bad, status);
        let slots: Vec<usize> = bad.iter().map(|bad| parcel.slots[bad.index]).collect();
        batch.remove(&slots);
        letters
    }

    /// Lets go of the records at the front that are through; says how many.
    pub(super) fn take_finished(&mut self) -> usize {
        let mut finished = 0;
        while let Some(batch) = self.window.front_mut() {
            finished += batch.take_finished();
            if !batch.lines.is_empty() {
                break;
            }
            self.window.pop_front();
        }
        finished
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn batch(&mut self, parcel: &Parcel) -> Option<&mut Batch> {
        self.window
            .iter_mut()
            .find(|batch| batch.id == parcel.batch)
    }

    /// The batches besides the first that are not through.
    fn others(&self) -> impl Iterator<Item = &Batch> {
        self.window
            .iter()
            .skip(1)
            .filter(|batch| !batch.is_through())
    }

    /// Everyone else's last failure is proven to be no outage.
    fn something_went_through(&mut self, id: Option<u64>) -> Vec<Letter> {
        self.wants_witness = false;
        self.window
            .iter_mut()
            .filter(|batch| Some(batch.id) != id)
            .filter_map(Batch::proven)
            .collect()
    }

    /// Makes two batches of one, so that the halves can be each other's
    /// witnesses. `false` if every batch is a single record.
    fn split_largest(&mut self) -> bool {
        let sizes = self.window.iter().map(Batch::splittable).enumerate();
        let Some((index, size)) = sizes.max_by_key(|(index, size)| (*size, usize::MAX - index))
        else {
            return false;
        };
        if size < 2 {
            return false;
        }
        let id = self.new_id();
        let second = self.window[index].split(id);
        self.window.insert(index + 1, second);
        true
    }
}

/// Lines that were taken from the backlog together.
#[derive(Debug)]
struct Batch {
    id: u64,
    lines: Vec<Bytes>,
    /// The body of all these lines and its spelling, as long as none is gone.
    body: Option<(Spelling, Bytes)>,
    /// Slots among which there is a bad record, in order.
    bad: Vec<usize>,
    /// Slots of which nothing is known, in order.
    rest: Vec<usize>,
    /// How often the present parcel failed in a row.
    failures: u32,
    /// How many of these failures were no outage.
    proven: u32,
    /// Whether it is not known yet if the last failure was an outage.
    is_open: bool,
    trouble: Option<Trouble>,
}

impl Batch {
    fn new(id: u64, lines: Vec<Bytes>) -> Batch {
        Batch {
            id,
            bad: Vec::new(),
            rest: (0..lines.len()).collect(),
            lines,
            body: None,
            failures: 0,
            proven: 0,
            is_open: false,
            trouble: None,
        }
    }

    fn is_through(&self) -> bool {
        self.bad.is_empty() && self.rest.is_empty()
    }

    /// How many of the bad slots are sent at a time: half of them.
    fn half(&self) -> usize {
        self.bad.len().div_ceil(2)
    }

    fn slots(&self) -> &[usize] {
        if self.bad.is_empty() {
            &self.rest
        } else {
            &self.bad[..self.half()]
        }
    }

    fn parcel(&self) -> Parcel {
        Parcel {
            batch: self.id,
            slots: self.slots().to_vec(),
        }
    }

    fn suspicion(&self) -> Suspicion {
        Suspicion {
            records: self.slots().len(),
            failures: self.failures,
            proven: self.proven,
            is_hunted: !self.bad.is_empty(),
        }
    }

    fn forget_failures(&mut self) {
        self.failures = 0;
        self.proven = 0;
        self.is_open = false;
    }

    /// The present parcel is through. If it was half of the bad ones, the bad
    /// one is in the other half.
    fn delivered(&mut self) {
        if self.bad.is_empty() {
            self.rest.clear();
        } else {
            self.bad.drain(..self.half());
        }
        self.forget_failures();
    }

    fn failed(&mut self, trouble: Trouble) {
        self.failures = self.failures.saturating_add(1);
        self.is_open = true;
        self.trouble = Some(trouble);
    }

    /// Something else went through after the last failure.
    fn proven(&mut self) -> Option<Letter> {
        if !std::mem::take(&mut self.is_open) {
            return None;
        }
        self.proven += 1;
        self.suspicion().is_poison().then(|| self.halve())?
    }

    /// There is a bad record in the present parcel: looks for it in there, or
    /// gives it up if it is found.
    fn halve(&mut self) -> Option<Letter> {
        self.forget_failures();
        let half = self.half();
        let slots = if self.bad.is_empty() {
            std::mem::take(&mut self.rest)
        } else {
            let other = self.bad.split_off(half);
            self.rest.extend(other);
            self.rest.sort_unstable();
            std::mem::take(&mut self.bad)
        };
        if let [slot] = slots[..] {
            let trouble = self.trouble.clone();
            return Some(Letter {
                line: self.lines[slot].to_vec(),
                status: trouble.as_ref().and_then(|trouble| trouble.status),
                reason: trouble.map_or_else(String::new, |trouble| trouble.reason),
            });
        }
        self.bad = slots;
        None
    }

    /// Takes bad records out; of the others nothing is known then.
    fn remove(&mut self, slots: &[usize]) {
        self.rest.append(&mut self.bad);
        self.rest.retain(|slot| !slots.contains(slot));
        self.rest.sort_unstable();
        self.forget_failures();
    }

    fn letters(&self, parcel: &Parcel, bad: &[Rejection], status: Option<u16>) -> Vec<Letter> {
        bad.iter()
            .map(|bad| Letter {
                line: self.lines[parcel.slots[bad.index]].to_vec(),
                status,
                reason: bad.reason.clone(),
            })
            .collect()
    }

    /// Lets go of the records before the first that is not through.
    fn take_finished(&mut self) -> usize {
        let first = self.bad.iter().chain(&self.rest).min();
        let finished = first.copied().unwrap_or(self.lines.len());
        if finished > 0 {
            self.body = None;
            self.lines.drain(..finished);
        }
        for slot in self.bad.iter_mut().chain(&mut self.rest) {
            *slot -= finished;
        }
        finished
    }

    /// How many records could be split into two batches.
    fn splittable(&self) -> usize {
        if self.bad.is_empty() {
            self.rest.len()
        } else {
            0
        }
    }

    fn split(&mut self, id: u64) -> Batch {
        let second = self.rest.split_off(self.rest.len() / 2);
        let start = second[0];
        self.forget_failures();
        self.body = None;
        let mut batch = Batch::new(id, self.lines.split_off(start));
        batch.rest = second.into_iter().map(|slot| slot - start).collect();
        batch
    }
}
