//! Input in UTF-16, as Windows PowerShell's `>` writes it, is read as UTF-8: in its own bytes every
//! second one is NUL, between which no rule would see a secret.

use std::io::{self, Read};

/// How much of UTF-16 is read at once.
const BLOCK: usize = 32 * 1024;
/// How many bytes tell text in UTF-16 without a byte order mark, and with one: a log has a space, a
/// digit or a bracket among its first characters.
const HEAD: usize = 4;
const MARKED_HEAD: usize = 64;

/// How the bytes of a reader are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Nothing has been read yet.
    Unread,
    /// As they are.
    Bytes,
    LittleEndian,
    BigEndian,
}

/// A reader whose UTF-16 comes as UTF-8; anything else comes as it is.
pub(super) struct Decoded<R> {
    reader: R,
    form: Form,
    /// Bytes that were read and not yet decoded: less than one character, once the form is known.
    raw: Vec<u8>,
    /// What is ready, and how much of it was handed out.
    ready: Vec<u8>,
    given: usize,
}

impl<R: Read> Decoded<R> {
    pub(super) fn new(reader: R) -> Decoded<R> {
        Decoded {
            reader,
            form: Form::Unread,
            raw: Vec::new(),
            ready: Vec::new(),
            given: 0,
        }
    }

    /// Reads as far as it takes to tell the form, and makes ready what was read.
    fn begin(&mut self, length: usize) -> io::Result<()> {
        self.raw.resize(length.max(MARKED_HEAD), 0);
        let mut filled = 0;
        loop {
            let read = retry(&mut self.reader, &mut self.raw[filled..])?;
            filled += read;
            if read == 0 || !needs_more(&self.raw[..filled]) {
                break;
            }
        }
        self.raw.truncate(filled);
        self.form = form(&self.raw);
        match self.form {
            Form::LittleEndian | Form::BigEndian => self.decode(false),
            _ => self.ready = std::mem::take(&mut self.raw),
        }
        Ok(())
    }

    /// Reads more of UTF-16. Returns false at the end.
    fn more(&mut self) -> io::Result<bool> {
        let left = self.raw.len();
        self.raw.resize(left + BLOCK, 0);
        let read = retry(&mut self.reader, &mut self.raw[left..]);
        self.raw.truncate(left + *read.as_ref().unwrap_or(&0));
        let at_end = read? == 0;
        let decodes = !at_end || left > 0;
        if decodes {
            self.decode(at_end);
        }
        Ok(decodes)
    }

    /// Makes ready what is whole; at the end also what is not.
    fn decode(&mut self, at_end: bool) {
        let from_bytes = match self.form {
            Form::BigEndian => u16::from_be_bytes,
            _ => u16::from_le_bytes,
        };
        let (units, _) = self.raw.as_chunks();
        let mut whole = units.len();
        let is_high = |unit: [u8; 2]| matches!(from_bytes(unit), 0xD800..=0xDBFF);
        if !at_end && units.last().is_some_and(|unit| is_high(*unit)) {
            // The other half of the character comes with the next read.
            whole -= 1;
        }
        let text = char::decode_utf16(units[..whole].iter().map(|unit| from_bytes(*unit)))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .skip_while(|c| self.ready.is_empty() && *c == '\u{FEFF}');
        let mut decoded: String = text.collect();
        self.raw.drain(..whole * 2);
        if at_end && !self.raw.is_empty() {
            decoded.push(char::REPLACEMENT_CHARACTER);
            self.raw.clear();
        }
        self.ready = decoded.into_bytes();
        self.given = 0;
    }
}

impl<R: Read> Read for Decoded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let ready = &self.ready[self.given..];
            if !ready.is_empty() {
                let length = ready.len().min(out.len());
                out[..length].copy_from_slice(&ready[..length]);
                self.given += length;
                return Ok(length);
            }
            match self.form {
                Form::Bytes => return self.reader.read(out),
                Form::Unread => {
                    self.begin(out.len())?;
                    if self.ready.is_empty() && self.form == Form::Bytes {
                        return Ok(0);
                    }
                }
                Form::LittleEndian | Form::BigEndian => {
                    if !self.more()? {
                        return Ok(0);
                    }
                }
            }
        }
    }
}

fn retry(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(out) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// True while too little was read to say whether this is UTF-16.
fn needs_more(head: &[u8]) -> bool {
    match head {
        [0xFF, 0xFE, 0, 0, ..] => false,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            head.len() < MARKED_HEAD && form(head) == Form::Bytes
        }
        _ if head.len() >= HEAD => false,
        [first] => matches!(first, 0xFE | 0xFF) || first.is_ascii() && *first != b'\n',
        [0, second, ..] => *second != 0,
        [first, 0, ..] => first.is_ascii(),
        _ => false,
    }
}

/// The form that the first bytes tell: by a byte order mark before text, or by two characters of
/// ASCII. Bytes behind a mark that are no text are left alone, as any others.
fn form(head: &[u8]) -> Form {
    let units = || head.get(2..).unwrap_or_default().as_chunks().0.iter();
    match head {
        [0xFF, 0xFE, 0, 0, ..] => Form::Bytes,
        [0xFF, 0xFE, ..] if units().any(|[low, high]| *high == 0 && is_text(*low)) => {
            Form::LittleEndian
        }
        [0xFE, 0xFF, ..] if units().any(|[high, low]| *high == 0 && is_text(*low)) => {
            Form::BigEndian
        }
        [a @ 1..=0x7F, 0, b @ 1..=0x7F, 0, ..] if is_text(*a) && is_text(*b) => Form::LittleEndian,
        [0, a @ 1..=0x7F, 0, b @ 1..=0x7F, ..] if is_text(*a) && is_text(*b) => Form::BigEndian,
        _ => Form::Bytes,
    }
}

fn is_text(b: u8) -> bool {
    b.is_ascii_graphic() || b.is_ascii_whitespace()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHINESE: &str = "\u{FEFF}\u{7528}\u{6237}\u{767b}\u{5f55} 12\n";
    const TEXT: &str = "password=hunter2x \u{1F600}\r\nj\u{e4}ger\n";

    /// Hands out so many bytes at a time.
    struct Pieces<'b>(&'b [u8], usize);

    impl Read for Pieces<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let length = self.1.min(out.len()).min(self.0.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn read(bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut out = Vec::new();
        let read = Decoded::new(Pieces(bytes, piece)).read_to_end(&mut out);
        assert!(read.is_ok());
        out
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn both_orders_are_read_with_and_without_a_mark_in_pieces_of_any_size() {
        let marked = format!("\u{FEFF}{TEXT}");
        for bytes in [little(&marked), big(&marked), little(TEXT), big(TEXT)] {
            for piece in [1, 2, 3, 4, 5, 7, 1000] {
                let text = String::from_utf8_lossy(&read(&bytes, piece)).into_owned();
                assert_eq!(text, TEXT, "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn a_mark_before_another_script_counts() {
        for piece in [1, 3, 1000] {
            let text = read(&little(CHINESE), piece);
            assert_eq!(text, &CHINESE.as_bytes()[3..], "in pieces of {piece}");
        }
    }

    #[test]
    fn anything_else_comes_as_it_is() {
        for bytes in [
            &b""[..],
            b"a",
            b"ab",
            TEXT.as_bytes(),
            b"\xEF\xBB\xBFabc\n",
            b"\0\0\0\0\0",
            b"a\0b",
            b"\xFF",
            b"\xFF\xFE caf\xE9 from\n",
            b"\xFF\xFE\0\0a\0\0\0",
        ] {
            for piece in [1, 2, 3, 1000] {
                assert_eq!(read(bytes, piece), bytes, "{bytes:?} in pieces of {piece}");
            }
        }
    }

    #[test]
    fn halves_of_characters_are_replaced() {
        let mut bytes = little("\u{FEFF}ab");
        bytes.extend(0xD83D_u16.to_le_bytes());
        assert_eq!(read(&bytes, 3), "ab\u{FFFD}".as_bytes());
        bytes.push(b'x');
        assert_eq!(read(&bytes, 3), "ab\u{FFFD}\u{FFFD}".as_bytes());
    }
}
