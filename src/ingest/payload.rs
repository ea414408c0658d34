//! From the body of a request to a batch that can be kept.
//!
//! This is the hot path. A record is never built as a tree: its keys are
//! looked up in its text, what must change is spliced, and the text is kept.
//! One bad record never costs the others.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::store::{Batch, Entry, Occurrence, Origin, RecordKey};
use crate::record::{
    Envelope, Level, LogRecord, MAX_RECORD_BYTES, RecordError, keys, parse_timestamp,
};
use crate::sanitize::Sanitizer;

/// How many bytes of a resource are kept; a larger one is left out.
const MAX_RESOURCE_BYTES: usize = 16 << 10;

/// How many bytes an id may have.
const MAX_ID_BYTES: usize = 256;

/// What a body is taken in with.
pub(super) struct Intake<'a> {
    pub(super) sanitizer: &'a Sanitizer,
    /// The subject of the token, for whom the records speak.
    pub(super) subject: Option<&'a str>,
    /// The server's clock, in milliseconds since 1970.
    pub(super) received_at: i64,
    /// How many records a request may have.
    pub(super) max_records: usize,
    /// How deep a record may be nested.
    pub(super) max_depth: usize,
}

/// What a body came to.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) batch: Batch,
    pub(super) rejected: Vec<Rejected>,
}

/// A record that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Rejected {
    /// Its place in `logs`, from 0.
    pub(super) index: usize,
    /// What is wrong with it.
    pub(super) reason: String,
}

/// Why nothing of a body can be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum PayloadError {
    /// The body is not JSON; says where.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// The body is JSON of another shape.
    #[error("{0}")]
    NotPayload(String),
    /// There are more records than a request may have.
    #[error("too many records: at most {0} in one request")]
    TooMany(usize),
}

/// Reads the records of a body.
///
/// # Errors
///
/// Only what concerns the body as a whole; a bad record is among the
/// rejected.
pub(super) fn take_in(body: &[u8], intake: &Intake<'_>) -> Result<Taken, PayloadError> {
    // Checked once here, so that no value of it needs to be checked again.
    let text = std::str::from_utf8(body).map_err(|e| PayloadError::NotJson(e.to_string()))?;
    let payload: Payload<'_> = serde_json::from_str(text).map_err(payload_error)?;
    let logs = payload
        .logs
        .ok_or_else(|| PayloadError::NotPayload("`logs` is missing".to_owned()))?;
    if logs.len() > intake.max_records {
        return Err(PayloadError::TooMany(intake.max_records));
    }
    let mut taken = Taken {
        batch: Batch {
            received_at: intake.received_at,
            text: String::with_capacity(body.len()),
            records: Vec::with_capacity(logs.len()),
            ..Batch::default()
        },
        rejected: Vec::new(),
    };
    take_resource(payload.resource, intake, &mut taken.batch);
    let mut origins = Origins::default();
    for (index, log) in logs.into_iter().enumerate() {
        if let Err(reason) = take_record(log.get(), intake, &mut taken.batch, &mut origins) {
            taken.rejected.push(Rejected { index, reason });
        }
    }
    taken.batch.origins = origins.list;
    Ok(taken)
}

fn take_record(
    json: &str,
    intake: &Intake<'_>,
    batch: &mut Batch,
    origins: &mut Origins,
) -> Result<(), String> {
    let in_words = |error: RecordError| error.to_string();
    if is_deeper(json, intake.max_depth) {
        return Err(format!("nested deeper than {}", intake.max_depth));
    }
    let envelope = Envelope::parse(json.as_bytes()).map_err(in_words)?;
    envelope.check().map_err(in_words)?;
    let id = |key| check_id(key, envelope.text(key).unwrap_or_default());
    let install = id(keys::INSTALL_ID)?;
    let session = id(keys::SESSION_ID)?;
    let claimed = id(keys::USER_ID)?;
    let user = intake.subject.map_or(claimed.clone(), Cow::Borrowed);
    let timestamp = envelope.text(keys::TIMESTAMP).unwrap_or_default();
    let timestamp =
        parse_timestamp(&timestamp).ok_or_else(|| in_words(RecordError::BadTimestamp))?;
    let timestamp = timestamp.timestamp_millis();
    let level = envelope
        .level()
        .ok_or_else(|| in_words(RecordError::BadLevel))?;
    let record_id = id(keys::RECORD_ID)?;

    let line = if envelope.is_canonical() && claimed == user && is_plain(json) {
        Cow::Borrowed(json)
    } else {
        Cow::Owned(rewrite(json, intake.subject).map_err(in_words)?)
    };
    let clean = intake.sanitizer.sanitize_line(line.as_bytes());
    let start = batch.text.len();
    match std::str::from_utf8(&clean) {
        Ok(line) if line.len() <= MAX_RECORD_BYTES => batch.text.push_str(line),
        _ => batch.text.push_str(&cut(&clean).map_err(in_words)?),
    }
    let kept = &batch.text[start..];
    let is_unchanged = matches!(clean, Cow::Borrowed(_));
    let user = match is_unchanged || memmem::find(kept.as_bytes(), user.as_bytes()).is_some() {
        true => user,
        // An id that was itself redacted or is written with escapes.
        false => Envelope::parse(kept.as_bytes())
            .map_err(in_words)?
            .text(keys::USER_ID)
            .map_or(Cow::Borrowed(""), |user| Cow::Owned(user.into_owned())),
    };
    let origin = origins.place(&install, &session, &user);
    let sender = origins.sender(intake.subject, origin);
    let key = record_key(sender, &record_id, timestamp, json);
    let occurrence = (level >= Level::Error)
        .then(|| occurrence(kept))
        .transpose()
        .map_err(in_words);
    let occurrence = match occurrence {
        Ok(occurrence) => occurrence,
        Err(reason) => {
            batch.text.truncate(start);
            return Err(reason);
        }
    };
    batch.text.push('\n');
    batch.records.push(Entry {
        end: batch.text.len(),
        key,
        timestamp,
        level,
        origin,
        occurrence,
    });
    Ok(())
}

/// An error as it is counted; errors are few, so that a tree is no matter.
fn occurrence(line: &str) -> Result<Box<Occurrence>, RecordError> {
    let record = LogRecord::parse(line.as_bytes())?;
    Ok(Box::new(Occurrence::of(&record)))
}

/// Refuses ids that are too long to be ids or would show as something else.
fn check_id<'a>(key: &str, id: Cow<'a, str>) -> Result<Cow<'a, str>, String> {
    if id.len() > MAX_ID_BYTES {
        return Err(format!("`{key}` is longer than {MAX_ID_BYTES} bytes"));
    }
    Ok(id)
}

/// Finds the key that only the server sets. Built once: building it costs more
/// than searching a record with it.
static SERVER_RECEIVED_AT: LazyLock<Finder<'static>> =
    LazyLock::new(|| Finder::new(keys::SERVER_RECEIVED_AT));

/// Whether a line can be kept as it stands: it fits, is one line, and says
/// nothing that only the server may say.
fn is_plain(json: &str) -> bool {
    json.len() <= MAX_RECORD_BYTES
        && memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_none()
        && SERVER_RECEIVED_AT.find(json.as_bytes()).is_none()
}

/// Cuts a record that is over the limit, at the cost of a tree.
fn cut(line: &[u8]) -> Result<String, RecordError> {
    let mut record = LogRecord::parse(line)?;
    record.truncate(MAX_RECORD_BYTES)?;
    serde_json::to_string(&record).map_err(|error| RecordError::NotJson(error.to_string()))
}

/// The distinct origins of a request's records.
#[derive(Default)]
struct Origins {
    list: Vec<Origin>,
    senders: Vec<[u8; 8]>,
    places: HashMap<Origin, usize>,
    last: usize,
}

impl Origins {
    /// The key of an origin's sender, computed once.
    fn sender(&mut self, subject: Option<&str>, place: usize) -> [u8; 8] {
        for origin in &self.list[self.senders.len()..] {
            self.senders.push(sender_key(subject, &origin.install));
        }
        self.senders[place]
    }

    fn place(&mut self, install: &str, session: &str, user: &str) -> usize {
        // The records of one request are mostly all of one origin.
        let last = self.list.get(self.last);
        if last.is_some_and(|o| o.session == session && o.install == install && o.user == user) {
            return self.last;
        }
        let origin = Origin {
            install: install.to_owned(),
            session: session.to_owned(),
            user: user.to_owned(),
        };
        let next = self.list.len();
        self.last = *self.places.entry(origin).or_insert_with_key(|origin| {
            self.list.push(origin.clone());
            next
        });
        self.last
    }
}

/// Computes a record's key.
///
/// The first 8 bytes are a hash of the token's subject and the installation.
/// The other 16 are the `recordId` itself if that is a UUIDv7; else the
/// record's time (6 bytes, as in a UUIDv7) and a hash of the `recordId`, or of
/// the whole record as it was sent if it has none.
fn record_key(sender: [u8; 8], record_id: &str, timestamp: i64, json: &str) -> RecordKey {
    let mut key = [0; 24];
    key[..8].copy_from_slice(&sender);
    match uuid::Uuid::try_parse(record_id) {
        Ok(uuid) if uuid.get_version_num() == 7 => key[8..].copy_from_slice(uuid.as_bytes()),
        _ => {
            let text = if record_id.is_empty() {
                json
            } else {
                record_id
            };
            let hash = Sha256::new()
                .chain_update([u8::from(record_id.is_empty())])
                .chain_update(text)
                .finalize();
            key[8..14].copy_from_slice(&timestamp.to_be_bytes()[2..]);
            key[14..].copy_from_slice(&hash[..10]);
        }
    }
    RecordKey(key)
}

/// Stands for who sent a record. With the subject in it, nobody can suppress
/// another user's records by sending their ids first.
fn sender_key(subject: Option<&str>, install: &str) -> [u8; 8] {
    let hash = Sha256::new()
        .chain_update(subject.unwrap_or_default())
        .chain_update([0, u8::from(subject.is_some())])
        .chain_update(install)
        .finalize();
    let mut key = [0; 8];
    key.copy_from_slice(&hash[..8]);
    key
}

/// Whether brackets stand deeper than they may.
fn is_deeper(json: &str, max_depth: usize) -> bool {
    let mut opening = memchr::memchr2_iter(b'{', b'[', json.as_bytes());
    if opening.nth(max_depth).is_none() {
        return false;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => {
                depth += 1;
                if depth > max_depth {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// The same record with its keys in camelCase, each once, on one line,
/// without what only the server says, and speaking for the token's subject.
fn rewrite(json: &str, subject: Option<&str>) -> Result<String, RecordError> {
    let not_json = |error: serde_json::Error| RecordError::NotJson(error.to_string());
    let members: Members<'_> = serde_json::from_str(json).map_err(not_json)?;
    let mut line = String::with_capacity(json.len() + 64);
    let mut members = members.0;
    if let Some(subject) = subject {
        let subject = serde_json::to_string(subject).map_err(not_json)?;
        let user = members.iter_mut().find(|(key, _)| key == keys::USER_ID);
        match user {
            Some((_, value)) => *value = Cow::Owned(subject),
            None => members.push((keys::USER_ID.into(), Cow::Owned(subject))),
        }
    }
    for (key, value) in &members {
        line.push(if line.is_empty() { '{' } else { ',' });
        line.push_str(&serde_json::to_string(key).map_err(not_json)?);
        line.push(':');
        // Line ends in valid JSON stand between tokens only.
        line.extend(value.chars().map(|character| match character {
            '\n' | '\r' => ' ',
            other => other,
        }));
    }
    line.push_str(if line.is_empty() { "{}" } else { "}" });
    Ok(line)
}

/// The members of an object in order, each key in camelCase; of a key that
/// stands twice the last one wins.
struct Members<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Members<'de>, M::Error> {
                let mut members: Vec<(Cow<'de, str>, Cow<'de, str>)> = Vec::new();
                let mut places = HashMap::new();
                while let Some(key) = map.next_key::<String>()? {
                    let value = Cow::Borrowed(map.next_value::<&RawValue>()?.get());
                    let key = keys::camel_case(&key).to_owned();
                    if key == keys::SERVER_RECEIVED_AT {
                        continue;
                    }
                    match places.get(&key) {
                        Some(place) => {
                            let member: &mut (_, _) = &mut members[*place];
                            member.1 = value;
                        }
                        None => {
                            places.insert(key.clone(), members.len());
                            members.push((Cow::Owned(key), value));
                        }
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// What a client says about itself; whatever is wrong with it costs no record.
fn take_resource(resource: Option<&RawValue>, intake: &Intake<'_>, batch: &mut Batch) {
    let Some(json) = resource.map(RawValue::get) else {
        return;
    };
    let is_bounded = json.len() <= MAX_RESOURCE_BYTES && !is_deeper(json, intake.max_depth);
    if !json.starts_with('{') || !is_bounded {
        return;
    }
    let clean = intake.sanitizer.sanitize_line(json.as_bytes());
    let Ok(clean) = std::str::from_utf8(&clean) else {
        return;
    };
    let Ok(Some(members)) = serde_json::from_str::<Option<Members<'_>>>(clean) else {
        return;
    };
    let alias = members.0.iter().find(|(key, _)| key == ALIAS);
    batch.alias = alias
        .and_then(|(_, json)| serde_json::from_str::<String>(json).ok())
        .filter(|alias| !alias.is_empty() && alias.len() <= MAX_ID_BYTES);
    batch.resource = Some(clean.replace(['\n', '\r'], " "));
}

/// The key of a resource under which deployed clients give the name that a
/// user reads out on the phone.
const ALIAS: &str = "device.alias";

/// The body: `{"logs": […], "resource": {…}}`, anything else ignored.
struct Payload<'a> {
    logs: Option<Vec<&'a RawValue>>,
    resource: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Payload<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PayloadVisitor)
    }
}

struct PayloadVisitor;

impl<'de> Visitor<'de> for PayloadVisitor {
    type Value = Payload<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with `logs`")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Payload<'de>, M::Error> {
        let mut payload = Payload {
            logs: None,
            resource: None,
        };
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "logs" => payload.logs = Some(map.next_value::<Logs<'de>>()?.0),
                "resource" => payload.resource = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(payload)
    }
}

/// The elements of `logs`.
struct Logs<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Logs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Array;
        impl<'de> Visitor<'de> for Array {
            type Value = Logs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array in `logs`")
            }

            fn visit_seq<S: SeqAccess<'de>>(self, mut seq: S) -> Result<Logs<'de>, S::Error> {
                let mut logs = Vec::with_capacity(128);
                while let Some(log) = seq.next_element()? {
                    logs.push(log);
                }
                Ok(Logs(logs))
            }
        }
        deserializer.deserialize_seq(Array)
    }
}

/// Never quotes the body: what is wrong in it may be long, or a secret.
fn payload_error(error: serde_json::Error) -> PayloadError {
    let (line, column) = (error.line(), error.column());
    match error.classify() {
        serde_json::error::Category::Data => PayloadError::NotPayload(format!(
            "the body should be an object with an array in `logs`; see line {line} column {column}"
        )),
        _ => PayloadError::NotJson(error.to_string()),
    }
}
