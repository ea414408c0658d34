//! `.queue_meta`: how far the queue has been delivered, and what was dropped.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fs::QueueFile;

/// The format this program writes.
pub(super) const VERSION: u64 = 1;

/// How many bytes before a position identify the file it was taken in.
const WINDOW_BYTES: u64 = 4096;

/// Positions start high, so that a head that was rewritten longer than what it
/// replaces still starts above zero.
const ORIGIN: u64 = 1 << 32;

/// A place in the stream of records that outlives the rewriting of the file:
/// it counts every byte and record since the queue began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// Bytes before it.
    pub(super) bytes: u64,
    /// Lines before it that are a JSON object each.
    pub(super) records: u64,
    /// Stretches of damage before it.
    pub(super) damaged: u64,
}

impl Position {
    pub(super) const ORIGIN: Position = Position {
        bytes: ORIGIN,
        records: ORIGIN,
        damaged: 0,
    };
}

/// What the meta file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    /// For the deployed client: how many JSON objects at the head of the file
    /// are delivered. True of the file as it stands, at every instant.
    pub(super) confirmed: u64,
    /// The format.
    pub(super) version: u64,
    /// Where the file stands in the stream and how far it is delivered.
    pub(super) state: State,
    /// What holds instead once a rewritten file has taken the old one's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<Next>,
    /// Which bytes of the fatal file are being copied into the queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) merge: Option<Merge>,
}

/// Where the file stands in the stream and how far it is delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    /// Rises by one whenever records are taken out from the middle; starts
    /// anywhere, so that positions of a lost meta are not taken for ours.
    pub(super) generation: u64,
    /// Positions of earlier generations hold from here on.
    pub(super) floor: u64,
    /// The position of the file's first byte.
    pub(super) base: Position,
    /// How far records are delivered.
    pub(super) cursor: Position,
    /// Identifies the file by the bytes before the cursor; empty if there are
    /// none.
    pub(super) window: String,
    /// What was lost, ever.
    pub(super) dropped: Dropped,
}

/// What a queue has lost since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Dropped {
    /// Records dropped for want of room, fatal ones included.
    pub records: u64,
    /// Fatal records among them.
    pub fatal: u64,
    /// Bytes dropped, newlines included.
    pub bytes: u64,
    /// Stretches of damage in the queue file that were passed over.
    pub damaged: u64,
}

/// The state of a rewritten file, and how to tell that it is in place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Next {
    pub(super) state: State,
    /// The rewritten file's length when it took the old one's place.
    pub(super) len: u64,
    /// Its last bytes, as in [`State::window`].
    pub(super) window: String,
    /// The old file's length and last bytes.
    pub(super) old_len: u64,
    pub(super) old_window: String,
}

/// Bytes of the fatal file and where in the queue file they are copied to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Merge {
    pub(super) from: u64,
    pub(super) to: u64,
    /// The position of their first byte in the queue.
    pub(super) at: u64,
    pub(super) hash: String,
}

impl State {
    /// A queue of which nothing is known.
    pub(super) fn fresh() -> State {
        // 52 bits, which every JSON reader keeps exactly; the low ones leave
        // room to count up.
        let random = uuid::Uuid::new_v4().as_u64_pair().0 as u32;
        State {
            generation: u64::from(random) << 20,
            floor: 0,
            base: Position::ORIGIN,
            cursor: Position::ORIGIN,
            window: String::new(),
            dropped: Dropped::default(),
        }
    }

    /// The cursor as an offset into the file.
    pub(super) fn offset(&self) -> u64 {
        self.cursor.bytes - self.base.bytes
    }

    /// A position as an offset into the file, if it is in or behind it.
    pub(super) fn offset_of(&self, bytes: u64) -> Option<u64> {
        bytes.checked_sub(self.base.bytes)
    }

    /// Whether the numbers can be true, so that nothing computed from them runs
    /// over.
    fn is_consistent(&self) -> bool {
        const LOWEST: u64 = ORIGIN / 2;
        const HIGHEST: u64 = 1 << 62;
        let follows =
            |base: u64, cursor: u64| (LOWEST..=cursor).contains(&base) && cursor <= HIGHEST;
        follows(self.base.bytes, self.cursor.bytes)
            && follows(self.base.records, self.cursor.records)
            && self.generation <= HIGHEST
    }

    /// Whether the cursor was taken in this file.
    fn fits(&self, file: &dyn QueueFile) -> std::io::Result<bool> {
        Ok(window(file, self.offset())?.as_ref() == Some(&self.window))
    }
}

impl Meta {
    /// A meta that says one thing of one file.
    pub(super) fn of(state: State) -> Meta {
        Meta {
            confirmed: state.cursor.records - state.base.records,
            version: VERSION,
            state,
            next: None,
            merge: None,
        }
    }

    fn is_consistent(&self) -> bool {
        self.state.is_consistent()
            && self
                .next
                .as_ref()
                .is_none_or(|next| next.state.is_consistent())
    }

    /// The text of the file: one line of JSON whose last key is a checksum of
    /// all before it.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut text = serde_json::to_vec(self).unwrap_or_default();
        text.pop();
        let sum = hash(&text);
        text.extend_from_slice(CHECK.as_bytes());
        text.extend_from_slice(sum.as_bytes());
        text.extend_from_slice(b"\"}\n");
        text
    }
}

const CHECK: &str = ",\"check\":\"";

/// What the bytes of a meta file turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// There is no file, or it is empty of anything.
    Nothing,
    /// Ours, and whole.
    Ours(Box<Meta>),
    /// The deployed client's: only how many records are delivered.
    Count(u64),
    /// Neither can be read out of it.
    Damaged(&'static str),
}

/// Reads the bytes of a meta file; the second value is its format, if it says.
pub(super) fn read(bytes: &[u8]) -> (Found, Option<u64>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return (Found::Damaged("it is not text"), None);
    };
    if text.is_empty() {
        return (Found::Damaged("it is empty"), None);
    }
    if text.bytes().all(|byte| byte == 0) {
        return (Found::Damaged("it is all zero bytes"), None);
    }
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(text) else {
        return (Found::Damaged("it is not a JSON object"), None);
    };
    let is_whole = whole(text);
    let version = fields.get("version").and_then(serde_json::Value::as_u64);
    let version = version.filter(|_| is_whole);
    if ["version", "state", "check", "next", "merge"]
        .iter()
        .any(|key| fields.contains_key(*key))
    {
        let found = match is_whole {
            true => match serde_json::from_str::<Meta>(text) {
                Ok(meta) if meta.is_consistent() => Found::Ours(Box::new(meta)),
                _ => Found::Damaged("its keys make no sense"),
            },
            false => Found::Damaged("its checksum does not match"),
        };
        return (found, version);
    }
    match fields.get("confirmed").and_then(serde_json::Value::as_u64) {
        Some(count) => (Found::Count(count), None),
        None => (
            Found::Damaged("it does not say how many records are confirmed"),
            None,
        ),
    }
}

fn whole(text: &str) -> bool {
    let Some((body, rest)) = text.rsplit_once(CHECK) else {
        return false;
    };
    rest.trim_end().strip_suffix("\"}") == Some(hash(body.as_bytes()).as_str())
}

/// Finds which of the states a meta tells of is that of the file, if any.
///
/// Files are recognised by their content, so that a copy of the folder reads
/// like the original.
pub(super) fn match_file(meta: &Meta, file: &dyn QueueFile) -> std::io::Result<Option<State>> {
    let state = &meta.state;
    if let Some(next) = &meta.next
        && window(file, next.old_len)?.as_ref() != Some(&next.old_window)
    {
        let is_in_place = match next.len {
            // All that the new file ever held came after it was announced.
            0 => true,
            len => window(file, len)?.as_ref() == Some(&next.window),
        };
        return Ok(is_in_place.then(|| next.state.clone()));
    }
    let fits = state.offset() == 0 || state.fits(file)?;
    Ok(fits.then(|| state.clone()))
}

/// The identity of a file as seen from an offset: a hash of the bytes before
/// it. `None` if the file is shorter.
pub(super) fn window(file: &dyn QueueFile, offset: u64) -> std::io::Result<Option<String>> {
    let len = offset.min(WINDOW_BYTES);
    let mut bytes = vec![0; len as usize];
    if file.read_at(&mut bytes, offset - len)? < bytes.len() {
        return Ok(None);
    }
    Ok(Some(match len {
        0 => String::new(),
        _ => hash(&bytes),
    }))
}

/// The first 128 bits of SHA-256 in hexadecimal: enough to tell files apart
/// and to see damage.
pub(super) fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
