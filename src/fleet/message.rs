//! The form of a batch on JetStream.
//!
//! A message is one batch of one session. What a reader needs to pass it over
//! stands in the header `Soliplex-Batch` as JSON ([`Meta`]), so that consumers
//! of headers alone can tell sessions and times. The body is the text, packed
//! with zstd, with 16 bytes behind it for each record: its key within its
//! sender, in the order of the lines.
//!
//! The text is the request's resource as JSON (or nothing), a newline, and the
//! records' lines, each with a newline behind it.

use std::sync::Arc;

use async_nats::HeaderMap;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// How many numbers one message takes up in the sequence of records: more
/// than a message has records, so that the number of a record follows from its
/// message's number and its place in it.
pub const WIDTH: u64 = 1 << 14;

/// How many bytes of a record's key stand behind the text; what is before them
/// is the sender's, the same for the whole message.
const KEY_BYTES: usize = 16;

/// How many bytes a text may have that is unpacked, whatever a header says.
const MAX_TEXT: usize = 256 << 20;

/// The header with [`Meta`].
const HEADER: &str = "Soliplex-Batch";

/// The version of this form.
const VERSION: u8 = 1;

/// The keys of a message's records, in the order of their lines.
pub type Keys = Vec<[u8; KEY_BYTES]>;

/// What is known of a message without unpacking it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// The version of the form.
    pub version: u8,
    /// The server's clock when the batch came, in milliseconds since 1970.
    pub received_at: i64,
    /// How many bytes the text has, unpacked.
    pub length: usize,
    /// How many records there are.
    pub records: usize,
    /// The number of the most serious level.
    pub level: u16,
    /// The earliest and the latest instant by the client's clock.
    pub times: (i64, i64),
    /// What stands for the sender in each record's key, as a number.
    pub sender: u64,
    /// The lowest and the highest of the records' keys, as numbers in hex.
    pub keys: (String, String),
    /// The session up to and with this message.
    pub session: SessionSums,
}

/// What a session adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionSums {
    /// The installation; empty if it is not known.
    pub install: String,
    /// The run of the app; empty if it is not known.
    pub session: String,
    /// The signed-in user who was last known; empty if none was.
    pub user: String,
    /// The three-word name of the device, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// The number of the last message with a resource in it; 0 is this one.
    #[serde(default)]
    pub resource_at: Option<u64>,
    /// The server's clock at the first record, in milliseconds since 1970.
    pub first_received: i64,
    /// The earliest and the latest instant by the client's clock.
    pub times: (i64, i64),
    /// How many records there are.
    pub records: u64,
    /// How many of them are errors.
    pub errors: u64,
    /// How many of them are fatal.
    pub fatals: u64,
    /// The highest key of all records, in hex: whatever is above it is new.
    pub high: String,
}

/// A batch as it is kept.
#[derive(Clone, Debug)]
pub struct Message {
    /// What is known without unpacking.
    pub meta: Meta,
    packed: Bytes,
    keys: Bytes,
}

/// A message that is of another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMessage {
    /// The header is missing or makes no sense.
    #[error("a message without a header that can be read")]
    Header,
    /// It is of a later version of this program.
    #[error("a message of a newer version; update soliplex")]
    Newer,
    /// The body is not what the header says.
    #[error("a message whose body is damaged")]
    Body,
}

impl Meta {
    /// The version that this program writes.
    pub const VERSION: u8 = VERSION;
}

impl Message {
    /// Takes a message apart. One that was asked for without its body has no
    /// text and no keys.
    ///
    /// # Errors
    ///
    /// It is not of this form.
    pub fn read(headers: Option<&HeaderMap>, body: &Bytes) -> Result<Message, BadMessage> {
        let header = headers.and_then(|headers| headers.get(HEADER));
        let header = header.ok_or(BadMessage::Header)?;
        let meta: Meta = serde_json::from_str(header.as_str()).map_err(|_| BadMessage::Header)?;
        if meta.version > VERSION {
            return Err(BadMessage::Newer);
        }
        let packed = match body.is_empty() {
            true => 0,
            false => body
                .len()
                .checked_sub(meta.records * KEY_BYTES)
                .ok_or(BadMessage::Body)?,
        };
        Ok(Message {
            packed: body.slice(..packed),
            keys: body.slice(packed..),
            meta,
        })
    }

    /// The headers and the body of a message to be sent.
    ///
    /// # Errors
    ///
    /// The header cannot be written.
    pub fn write(
        meta: &Meta,
        packed: &[u8],
        keys: &Keys,
    ) -> Result<(HeaderMap, Bytes), BadMessage> {
        let json = serde_json::to_string(meta).map_err(|_| BadMessage::Header)?;
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, json.as_str());
        let body = [packed, keys.as_flattened()].concat();
        Ok((headers, Bytes::from(body)))
    }

    /// The records' keys.
    pub fn keys(&self) -> impl Iterator<Item = [u8; KEY_BYTES]> {
        self.keys.as_chunks().0.iter().copied()
    }

    /// The resource of the request, if it had one, and the records' lines.
    ///
    /// # Errors
    ///
    /// The body is not what the header says.
    pub fn unpack(&self) -> Result<(Option<Arc<str>>, String), BadMessage> {
        if self.meta.length > MAX_TEXT {
            return Err(BadMessage::Body);
        }
        let text = zstd::bulk::decompress(&self.packed, self.meta.length);
        let text = text.map_err(|_| BadMessage::Body)?;
        let mut text = String::from_utf8(text).map_err(|_| BadMessage::Body)?;
        let end = text.find('\n').ok_or(BadMessage::Body)?;
        let resource = (end > 0).then(|| Arc::from(&text[..end]));
        text.drain(..=end);
        Ok((resource, text))
    }
}

/// The number of a message's first record.
pub fn position(message: u64) -> u64 {
    message.saturating_mul(WIDTH)
}

/// A number behind a message's last record and before the next message's
/// first.
pub fn end_of(message: u64) -> u64 {
    position(message).saturating_add(WIDTH - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta() -> Meta {
        Meta {
            version: VERSION,
            received_at: 1,
            length: 0,
            records: 2,
            level: 200,
            times: (-5, 5),
            sender: u64::MAX,
            keys: ("00".to_owned(), "ff".to_owned()),
            session: SessionSums {
                user: "ä \"quoted\"".to_owned(),
                ..SessionSums::default()
            },
        }
    }

    fn message(resource: &str, lines: &str) -> Message {
        let text = format!("{resource}\n{lines}");
        let meta = Meta {
            length: text.len(),
            ..meta()
        };
        let packed = zstd::bulk::compress(text.as_bytes(), 1).unwrap();
        let keys = vec![[1; 16], [2; 16]];
        let (headers, body) = Message::write(&meta, &packed, &keys).unwrap();
        let read = Message::read(Some(&headers), &body).unwrap();
        assert_eq!(read.meta, meta);
        assert_eq!(read.keys().collect::<Vec<_>>(), keys);
        let (headless, _) = Message::write(&meta, &packed, &keys).unwrap();
        assert_eq!(
            Message::read(Some(&headless), &Bytes::new()).unwrap().meta,
            meta
        );
        read
    }

    #[test]
    fn what_is_written_comes_out_as_it_was() {
        let (resource, lines) = message("{\"a\":1}", "{}\n{}\n").unpack().unwrap();
        assert_eq!(resource.as_deref(), Some("{\"a\":1}"));
        assert_eq!(lines, "{}\n{}\n");
        let (resource, lines) = message("", "{}\n{}\n").unpack().unwrap();
        assert_eq!((resource, lines.as_str()), (None, "{}\n{}\n"));
    }

    #[test]
    fn what_is_not_of_this_form_is_an_error_and_no_panic() {
        let bytes = Bytes::from_static(b"xx");
        assert_eq!(Message::read(None, &bytes).unwrap_err(), BadMessage::Header);
        let newer = Meta {
            version: 9,
            ..meta()
        };
        let (headers, body) = Message::write(&newer, b"x", &Vec::new()).unwrap();
        let error = Message::read(Some(&headers), &body).unwrap_err();
        assert_eq!(error, BadMessage::Newer);
        let (headers, _) = Message::write(&meta(), b"x", &Vec::new()).unwrap();
        let error = Message::read(Some(&headers), &bytes).unwrap_err();
        assert_eq!(error, BadMessage::Body);
        let body = Bytes::from(vec![7; 40]);
        let damaged = Message::read(Some(&headers), &body).unwrap();
        assert_eq!(damaged.unpack().unwrap_err(), BadMessage::Body);
    }
}
