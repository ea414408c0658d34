//! The records of one session in a batch.

use std::collections::{HashMap, HashSet};

use super::known::Known;
use crate::fleet::{Keys, Meta, SessionSums, WIDTH};
use crate::ingest::store::{Batch, Entry, RecordKey};
use crate::record::Level;

/// The records of one session that came in one request.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) install: String,
    pub(super) session: String,
    /// The last user that the records name.
    user: String,
    pub(super) text: String,
    /// What is known of each record; `end` is within this text.
    pub(super) records: Vec<Entry>,
}

impl Part {
    /// The parts of a batch, in the order in which their sessions come up,
    /// each with no more records than a message may have.
    pub(super) fn all(batch: &mut Batch) -> Vec<Part> {
        let text = std::mem::take(&mut batch.text);
        let records = std::mem::take(&mut batch.records);
        let mut parts: Vec<Part> = Vec::new();
        let mut places: HashMap<(&str, &str), usize> = HashMap::new();
        let mut start = 0;
        for mut record in records {
            let line = &text[start..record.end];
            start = record.end;
            let origin = &batch.origins[record.origin];
            let place = places
                .get(&(origin.install.as_str(), origin.session.as_str()))
                .copied()
                .filter(|place| parts[*place].records.len() < WIDTH as usize)
                .unwrap_or_else(|| {
                    parts.push(Part {
                        install: origin.install.clone(),
                        session: origin.session.clone(),
                        user: String::new(),
                        text: String::new(),
                        records: Vec::new(),
                    });
                    places.insert((&origin.install, &origin.session), parts.len() - 1);
                    parts.len() - 1
                });
            let part = &mut parts[place];
            part.text.push_str(line);
            if !origin.user.is_empty() {
                part.user.clone_from(&origin.user);
            }
            record.end = part.text.len();
            part.records.push(record);
        }
        parts
    }

    /// Two halves of a part that is too large for one message.
    pub(super) fn halves(mut self) -> [Part; 2] {
        let mut records = self.records.split_off(self.records.len() / 2);
        let middle = self.records.last().map_or(0, |record| record.end);
        for record in &mut records {
            record.end -= middle;
        }
        let second = Part {
            install: self.install.clone(),
            session: self.session.clone(),
            user: self.user.clone(),
            text: self.text.split_off(middle),
            records,
        };
        [self, second]
    }

    /// Keeps only some of the records.
    pub(super) fn retain(&mut self, keep: impl Fn(&RecordKey) -> bool) {
        let mut text = String::with_capacity(self.text.len());
        let mut start = 0;
        let whole = &self.text;
        self.records.retain_mut(|record| {
            let line = &whole[start..record.end];
            start = record.end;
            let is_kept = keep(&record.key);
            if is_kept {
                text.push_str(line);
                record.end = text.len();
            }
            is_kept
        });
        self.text = text;
    }

    /// Drops records that stand twice in the part.
    pub(super) fn drop_repeated(&mut self) {
        let mut seen = HashSet::with_capacity(self.records.len());
        if self.records.iter().all(|record| seen.insert(record.key)) {
            return;
        }
        let again = std::cell::RefCell::new(HashSet::new());
        self.retain(|key| again.borrow_mut().insert(*key));
    }

    /// What stands for the sender in the records' keys.
    pub(super) fn sender(&self) -> u64 {
        let key = self.records.first().map_or([0; 24], |record| record.key.0);
        let mut sender = [0; 8];
        sender.copy_from_slice(&key[..8]);
        u64::from_be_bytes(sender)
    }

    /// The records' keys without their sender.
    pub(super) fn keys(&self) -> Keys {
        self.records
            .iter()
            .map(|record| within(&record.key))
            .collect()
    }

    /// What a message of this part says, behind what is known of the session.
    pub(super) fn meta(&self, batch: &Batch, known: &Known, length: usize) -> Meta {
        let keys = self.keys();
        let low = keys.iter().min().map(hex).unwrap_or_default();
        let high = keys.iter().max().map(hex).unwrap_or_default();
        let times = || self.records.iter().map(|record| record.timestamp);
        let times = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        let level = self.records.iter().map(|record| record.level).max();
        Meta {
            version: Meta::VERSION,
            received_at: batch.received_at,
            length,
            records: self.records.len(),
            level: level.map_or(0, Level::number),
            times,
            sender: self.sender(),
            session: self.sums(batch, known, times, &high),
            keys: (low, high),
        }
    }

    fn sums(&self, batch: &Batch, known: &Known, times: (i64, i64), high: &str) -> SessionSums {
        let is_first = known.message == 0;
        let before = &known.sums;
        let of_level = |level| {
            self.records
                .iter()
                .filter(|record| record.level == level)
                .count()
        };
        let resource_at = match (&batch.resource, before.resource_at) {
            (Some(_), _) => Some(0),
            (None, Some(0)) => Some(known.message),
            (None, earlier) => earlier,
        };
        SessionSums {
            install: self.install.clone(),
            session: self.session.clone(),
            user: match self.user.is_empty() {
                true => before.user.clone(),
                false => self.user.clone(),
            },
            alias: batch
                .alias
                .clone()
                .map(|alias| alias.to_lowercase())
                .or_else(|| before.alias.clone()),
            resource_at,
            first_received: match is_first {
                true => batch.received_at,
                false => before.first_received,
            },
            times: match is_first {
                true => times,
                false => (before.times.0.min(times.0), before.times.1.max(times.1)),
            },
            records: before.records + self.records.len() as u64,
            errors: before.errors + of_level(Level::Error) as u64,
            fatals: before.fatals + of_level(Level::Fatal) as u64,
            high: before.high.clone().max(high.to_owned()),
        }
    }
}

/// A record's key without its sender.
pub(super) fn within(key: &RecordKey) -> [u8; 16] {
    let mut within = [0; 16];
    within.copy_from_slice(&key.0[8..]);
    within
}

/// A key as hex, which sorts as the key does.
pub(super) fn hex(key: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::store::Origin;

    fn batch(sessions: &[(&str, u8)]) -> Batch {
        let mut batch = Batch::default();
        for (session, key) in sessions {
            let origin = batch.origins.iter().position(|o| o.session == *session);
            let origin = origin.unwrap_or_else(|| {
                batch.origins.push(Origin {
                    session: (*session).to_owned(),
                    ..Origin::default()
                });
                batch.origins.len() - 1
            });
            batch.text.push_str(&format!("{session}{key}\n"));
            batch.records.push(Entry {
                end: batch.text.len(),
                key: RecordKey([*key; 24]),
                timestamp: i64::from(*key),
                level: Level::Error,
                origin,
                occurrence: None,
            });
        }
        batch
    }

    #[test]
    fn a_batch_falls_into_its_sessions_and_a_part_into_halves() {
        let mut batch = batch(&[("a", 1), ("b", 2), ("a", 3), ("a", 4), ("a", 3)]);
        let mut parts = Part::all(&mut batch);
        assert_eq!(parts.len(), 2);
        let mut first = parts.remove(0);
        assert_eq!(
            (first.text.as_str(), parts[0].text.as_str()),
            ("a1\na3\na4\na3\n", "b2\n")
        );
        first.drop_repeated();
        assert_eq!(first.text, "a1\na3\na4\n");
        first.retain(|key| key.0[0] != 3);
        assert_eq!(first.text, "a1\na4\n");
        let [one, two] = first.halves();
        assert_eq!((one.text.as_str(), two.text.as_str()), ("a1\n", "a4\n"));
        assert_eq!((one.records[0].end, two.records[0].end), (3, 3));
    }

    #[test]
    fn a_session_adds_up_message_by_message() {
        let mut first = batch(&[("a", 5)]);
        first.resource = Some("{}".to_owned());
        first.received_at = 100;
        let part = Part::all(&mut first).remove(0);
        let meta = part.meta(&first, &Known::default(), 3);
        assert_eq!(meta.session.resource_at, Some(0));
        let known = Known {
            message: 7,
            sums: meta.session,
        };
        let mut second = batch(&[("a", 3), ("a", 9)]);
        second.received_at = 200;
        let part = Part::all(&mut second).remove(0);
        let sums = part.meta(&second, &known, 6).session;
        assert_eq!((sums.records, sums.errors, sums.times), (3, 3, (3, 9)));
        assert_eq!((sums.first_received, sums.resource_at), (100, Some(7)));
        assert_eq!(sums.high, hex(&[9; 16]));
    }
}
