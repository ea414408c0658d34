//! Reading a body without ever holding more of it than is allowed.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;

use super::problem::Problem;

/// How many bytes of bodies may be held at a time, by all requests together and
/// by those of one sender.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    all: usize,
    /// Only of senders that hold something, of which there are no more than
    /// connections.
    by_sender: HashMap<String, usize>,
}

/// One sender may hold this part of it, so that nobody alone can have all others
/// turned away.
const SHARE: usize = 8;

impl Budget {
    pub(super) fn new(bytes: usize) -> Budget {
        Budget {
            bytes,
            held: Arc::default(),
        }
    }

    /// The part of a request, by whom it was sent if that is known; nothing yet.
    /// What is only announced costs nothing, so that it takes sending to use
    /// the budget up.
    fn part(&self, sender: Option<&str>) -> Part {
        Part {
            held: Arc::clone(&self.held),
            sender: sender.map(str::to_owned),
            bytes: 0,
        }
    }

    /// Makes a part larger.
    fn grow(&self, part: &mut Part, bytes: usize) -> Result<(), Problem> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let of_sender = part.sender.as_ref().map(|sender| {
            let held = held.by_sender.get(sender).copied();
            held.unwrap_or(0)
        });
        let is_over = held.all + bytes > self.bytes
            || of_sender.is_some_and(|held| held + bytes > self.bytes / SHARE);
        if is_over {
            let message = "too much is being sent at once";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, message);
            return Err(problem.retry_after(1));
        }
        held.all += bytes;
        if let Some(sender) = &part.sender {
            *held.by_sender.entry(sender.clone()).or_default() += bytes;
        }
        part.bytes += bytes;
        Ok(())
    }
}

/// What a request holds of the budget, until it is dropped.
#[derive(Debug)]
struct Part {
    held: Arc<Mutex<Held>>,
    sender: Option<String>,
    bytes: usize,
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.all -= self.bytes;
        let Some(sender) = &self.sender else {
            return;
        };
        if let Some(of_sender) = held.by_sender.get_mut(sender) {
            *of_sender -= self.bytes;
            if *of_sender == 0 {
                held.by_sender.remove(sender);
            }
        }
    }
}

/// A body that was read, and its part of the budget.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    part: Part,
}

/// Reads a body of at most `limit` bytes, counted after decoding, however it
/// is framed and encoded.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    budget: &Budget,
    sender: Option<&str>,
) -> Result<Received, Problem> {
    let encoding = Encoding::of(headers)?;
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let mut received = Received {
        bytes: Vec::with_capacity(announced.unwrap_or(0)),
        part: budget.part(sender),
    };
    collect(body, limit, budget, &mut received).await?;
    Ok(Received {
        bytes: encoding.decode(received.bytes, limit)?,
        ..received
    })
}

async fn collect(
    mut body: Body,
    limit: usize,
    budget: &Budget,
    received: &mut Received,
) -> Result<(), Problem> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::bad_request("the body ended early"))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if received.bytes.len() + data.len() > limit {
            return Err(too_large(limit));
        }
        budget.grow(&mut received.part, data.len())?;
        received.bytes.extend_from_slice(&data);
    }
    Ok(())
}

fn too_large(limit: usize) -> Problem {
    let message = format!("the body is larger than {limit} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Result<Encoding, Problem> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let (value, more) = (values.next(), values.next());
        let name = match (value, more) {
            (None, _) => return Ok(Encoding::Identity),
            (Some(value), None) => value.to_str().unwrap_or_default(),
            (Some(_), Some(_)) => "",
        };
        match name.trim().to_ascii_lowercase().as_str() {
            "identity" => Ok(Encoding::Identity),
            "gzip" | "x-gzip" => Ok(Encoding::Gzip),
            "deflate" => Ok(Encoding::Deflate),
            "zstd" => Ok(Encoding::Zstd),
            _ => Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the content encoding should be one of identity, gzip, deflate, zstd",
            )),
        }
    }

    fn decode(self, body: Vec<u8>, limit: usize) -> Result<Vec<u8>, Problem> {
        let mut decoded = Vec::new();
        let budget = limit as u64 + 1;
        let read = match self {
            Encoding::Identity => return Ok(body),
            Encoding::Gzip => flate2::read::MultiGzDecoder::new(&body[..])
                .take(budget)
                .read_to_end(&mut decoded),
            Encoding::Deflate => flate2::read::ZlibDecoder::new(&body[..])
                .take(budget)
                .read_to_end(&mut decoded),
            Encoding::Zstd => zstd_decoder(&body)
                .and_then(|decoder| decoder.take(budget).read_to_end(&mut decoded)),
        };
        read.map_err(|_| Problem::bad_request("the body is not what its content encoding says"))?;
        if decoded.len() > limit {
            return Err(too_large(limit));
        }
        Ok(decoded)
    }
}

/// A decoder that refuses windows over 8 MiB, so that a few bytes cannot ask
/// for a lot of memory.
fn zstd_decoder(body: &[u8]) -> std::io::Result<zstd::Decoder<'static, &[u8]>> {
    const WINDOW_LOG_MAX: u32 = 23;
    let mut decoder = zstd::Decoder::with_buffer(body)?;
    decoder.window_log_max(WINDOW_LOG_MAX)?;
    Ok(decoder)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use axum::response::IntoResponse;

    use super::*;

    const LIMIT: usize = 1000;

    async fn status_or_length(encoding: &str, body: Vec<u8>) -> Result<usize, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
        let budget = Budget::new(10 * LIMIT);
        read(&headers, Body::from(body), LIMIT, &budget, None)
            .await
            .map(|received| received.bytes.len())
            .map_err(|problem| problem.into_response().status().as_u16())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    #[tokio::test]
    async fn the_limit_counts_decoded_bytes_in_every_encoding() {
        for (name, encode) in [
            ("identity", (|b: &[u8]| b.to_vec()) as fn(&[u8]) -> Vec<u8>),
            ("gzip", gzip),
            ("GZIP", gzip),
            ("deflate", deflate),
            ("zstd", zstd),
        ] {
            let fits = status_or_length(name, encode(&[b'x'; LIMIT])).await;
            assert_eq!(fits, Ok(LIMIT), "{name}");
            let over = status_or_length(name, encode(&[b'x'; LIMIT + 1])).await;
            assert_eq!(over, Err(413), "{name}");
            let bomb = status_or_length(name, encode(&vec![b'x'; 10_000_000])).await;
            assert_eq!(bomb, Err(413), "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_held_of_all_bodies_together_is_bounded() {
        let budget = Budget::new(SHARE * LIMIT);
        let read = async |sender: Option<&str>| {
            let body = Body::from(vec![b'x'; LIMIT]);
            let received = read(&HeaderMap::new(), body, LIMIT, &budget, sender).await;
            received.map_err(|problem| problem.into_response())
        };
        let mut held = Vec::new();
        held.push(read(Some("a")).await.unwrap());
        let refused = read(Some("a")).await.unwrap_err();
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(refused.headers().contains_key(header::RETRY_AFTER));
        held.push(read(Some("b")).await.unwrap());
        while held.len() < SHARE {
            held.push(read(None).await.unwrap());
        }
        assert!(read(Some("c")).await.is_err());
        drop(held);
        assert!(read(Some("a")).await.is_ok());
        assert!(budget.held.lock().unwrap().by_sender.is_empty());
    }

    #[tokio::test]
    async fn what_is_not_in_its_encoding_is_a_bad_request() {
        for name in ["gzip", "deflate", "zstd"] {
            let junk = status_or_length(name, b"not compressed".to_vec()).await;
            assert_eq!(junk, Err(400), "{name}");
        }
        let mut torn = gzip(&[b'x'; 500]);
        torn.truncate(15);
        assert_eq!(status_or_length("gzip", torn).await, Err(400));
        assert_eq!(status_or_length("br", Vec::new()).await, Err(415));
        assert_eq!(status_or_length("gzip, gzip", Vec::new()).await, Err(415));
    }
}
