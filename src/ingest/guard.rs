//! What stands between a socket and the HTTP parser.
//!
//! Two things that the parser does not do: giving up on a peer that takes
//! nothing of what it is sent, and refusing a request whose length is given in
//! two ways, which is how requests are smuggled past a proxy (RFC 9112, 6.1).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How long a peer may take nothing while it is being sent something.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

/// A socket with a watch on both directions.
pub(super) struct Guarded<S> {
    socket: S,
    heads: Heads,
    stall: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    pub(super) fn new(socket: S) -> Guarded<S> {
        Guarded {
            socket,
            heads: Heads::default(),
            stall: None,
        }
    }

    /// Notes whether a write made progress, and fails one that has not for
    /// too long.
    fn watch<T>(
        &mut self,
        context: &mut Context<'_>,
        write: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if write.is_ready() {
            self.stall = None;
            return write;
        }
        let stall = self
            .stall
            .get_or_insert_with(|| Box::pin(sleep(STALL_TIMEOUT)));
        ready!(stall.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let start = buffer.filled().len();
        let read = Pin::new(&mut self.socket).poll_read(context, buffer);
        if let Poll::Ready(Ok(())) = read {
            self.heads.check(&mut buffer.filled_mut()[start..]);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.socket).poll_write(context, bytes);
        self.watch(context, write)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let write = Pin::new(&mut self.socket).poll_write_vectored(context, slices);
        self.watch(context, write)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flush = Pin::new(&mut self.socket).poll_flush(context);
        self.watch(context, flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

/// Follows the heads of requests as they are read, piece by piece.
///
/// The parser takes a chunked request with a `Content-Length` and drops the
/// latter. Here the colon behind the second of the two is made a NUL, which
/// no header may hold, so that the parser answers 400.
#[derive(Debug, Default)]
struct Heads {
    state: State,
    line: Vec<u8>,
    length: Option<u64>,
    is_chunked: bool,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// At the start of a line of a head, or in its name.
    #[default]
    Name,
    /// Behind the colon.
    Value,
    /// In a body of so many bytes more.
    Body(u64),
    /// Behind a chunked request, after which the connection is closed.
    Done,
}

/// The longest part of a line that is looked at: longer than both names and
/// than any length.
const MAX_LINE: usize = 64;

impl Heads {
    fn check(&mut self, mut bytes: &mut [u8]) {
        while !bytes.is_empty() {
            let used = match &mut self.state {
                State::Done => return,
                State::Body(left) => {
                    let used = bytes
                        .len()
                        .min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= used as u64;
                    if *left == 0 {
                        self.state = State::Name;
                    }
                    used
                }
                State::Name | State::Value => {
                    self.check_byte(&mut bytes[0]);
                    1
                }
            };
            bytes = &mut bytes[used..];
        }
    }

    fn check_byte(&mut self, byte: &mut u8) {
        match (*byte, &self.state) {
            (b'\n', _) => self.end_line(),
            (b'\r', _) => {}
            (b':', State::Name) => {
                if self.is_second() {
                    *byte = 0;
                }
                self.state = State::Value;
                self.line.push(b':');
            }
            (other, _) if self.line.len() < MAX_LINE => self.line.push(other.to_ascii_lowercase()),
            _ => {}
        }
    }

    /// Whether the name that was just read gives the length a second way.
    fn is_second(&self) -> bool {
        match self.line.trim_ascii() {
            b"content-length" => self.is_chunked,
            b"transfer-encoding" => self.length.is_some(),
            _ => false,
        }
    }

    fn end_line(&mut self) {
        self.state = State::Name;
        if self.line.is_empty() {
            self.end_head();
            return;
        }
        if let Some(value) = self.line.strip_prefix(b"content-length:") {
            let digits = std::str::from_utf8(value.trim_ascii()).ok();
            self.length = Some(digits.and_then(|digits| digits.parse().ok()).unwrap_or(0));
        }
        self.is_chunked |= self.line.starts_with(b"transfer-encoding:");
        self.line.clear();
    }

    fn end_head(&mut self) {
        let length = self.length.take().unwrap_or(0);
        self.state = match (self.is_chunked, length) {
            (true, _) => State::Done,
            (false, 0) => State::Name,
            (false, length) => State::Body(length),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the parser is given, fed in pieces of a size.
    fn fed(text: &str, piece: usize) -> String {
        let mut heads = Heads::default();
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(piece).for_each(|piece| heads.check(piece));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_length_given_twice_is_spoilt_in_either_order_and_any_pieces() {
        for (first, second) in [
            ("Content-Length: 5", "Transfer-Encoding"),
            ("transfer-encoding: chunked", "CONTENT-LENGTH"),
        ] {
            for before in [
                "",
                "POST /x HTTP/1.1\r\nContent-Length: 3\r\n\r\na:b",
                "GET / HTTP/1.1\r\n\r\n",
            ] {
                let good = format!("{before}POST / HTTP/1.1\r\nHost: x\r\n{first}\r\n");
                let text = format!("{good}{second}: 5\r\n\r\nbody:");
                for piece in [1, 2, 3, 7, 1000] {
                    let spoilt = fed(&text, piece);
                    assert_eq!(spoilt, format!("{good}{second}\0 5\r\n\r\nbody:"));
                }
            }
        }
    }

    #[test]
    fn everything_else_passes_as_it_is() {
        let long = "x".repeat(1000);
        for text in [
            "POST / HTTP/1.1\r\nContent-Length: 27\r\n\r\nTransfer-Encoding: chunked\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nContent-Length: 1\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
            "GET / HTTP/1.1\nX-Content-Length: 1\nTransfer-Encoding: chunked\n\n",
            &format!(
                "GET /{long} HTTP/1.1\r\nA: {long}\r\nContent-Length: 99999999999999999999999\r\n\r\n"
            ),
        ] {
            for piece in [1, 5, 1000] {
                assert_eq!(fed(text, piece), text);
            }
        }
    }
}
