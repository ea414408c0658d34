//! What a text says once its disguises are off: JSON escapes, percent-encoding, HTML character
//! references, zero-width and full-width characters. Every byte of a view knows where in the
//! source it came from, so that a finding in the view is a range in the source.

use std::ops::Range;

use super::chars::{VEIL, class, is_word, run_end};

/// A decoded text and the place of each of its bytes in the source.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The decoded text.
    pub(crate) text: Vec<u8>,
    /// `map[i]` is where byte `i` starts in the source; the last entry is the source's end.
    map: Vec<u32>,
}

impl View {
    fn clear(&mut self) {
        self.text.clear();
        self.map.clear();
    }

    /// The memory that it holds.
    pub(crate) fn bytes(&self) -> usize {
        self.text.capacity() + self.map.capacity() * size_of::<u32>()
    }

    /// The range in the source that a range of this view stands for.
    pub(crate) fn source(&self, range: &Range<usize>) -> Range<usize> {
        self.map[range.start] as usize..self.map[range.end] as usize
    }

    /// The place in this view of what stands at `at` in the source.
    pub(crate) fn place(&self, at: usize) -> usize {
        self.map.partition_point(|source| (*source as usize) < at)
    }

    fn push_byte(&mut self, byte: u8, at: usize) {
        self.text.push(byte);
        self.map.push(at as u32);
    }

    fn push_char(&mut self, c: char, at: usize) {
        let mut buffer = [0; 4];
        for &byte in c.encode_utf8(&mut buffer).as_bytes() {
            self.push_byte(byte, at);
        }
    }

    fn finish(&mut self, source_length: usize) {
        self.map.push(source_length as u32);
    }

    /// Decodes the content of a JSON string (without its quotes). An escape that JSON does not
    /// know is kept as it is.
    pub(crate) fn unescape_json(&mut self, source: &[u8]) {
        self.clear();
        let mut at = 0;
        while at < source.len() {
            let byte = source[at];
            if byte != b'\\' || at + 1 >= source.len() {
                self.push_byte(byte, at);
                at += 1;
                continue;
            }
            let plain = match source[at + 1] {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                other @ (b'"' | b'\\' | b'/') => other,
                b'u' => {
                    if let Some((c, length)) = unicode_escape(&source[at..]) {
                        self.push_char(c, at);
                        at += length;
                    } else {
                        self.push_byte(byte, at);
                        at += 1;
                    }
                    continue;
                }
                _ => {
                    self.push_byte(byte, at);
                    at += 1;
                    continue;
                }
            };
            self.push_byte(plain, at);
            at += 2;
        }
        self.finish(source.len());
    }

    /// Takes the disguises off a text. Returns false when there were none.
    pub(crate) fn unveil(&mut self, source: &[u8]) -> bool {
        let veils =
            |at: &usize| class(source[*at]) & VEIL != 0 && disguise(&source[*at..]).is_some();
        let Some(first) = (0..source.len()).find(veils) else {
            return false;
        };
        self.clear();
        self.text.extend_from_slice(&source[..first]);
        self.map.extend(0..first as u32);
        let mut at = first;
        while at < source.len() {
            match disguise(&source[at..]) {
                Some((plain, length)) => {
                    match plain {
                        Plain::Byte(b) => self.push_byte(b, at),
                        Plain::Char(c) => self.push_char(c, at),
                        Plain::Nothing => {}
                    }
                    at += length;
                }
                None => {
                    self.push_byte(source[at], at);
                    at += 1;
                }
            }
        }
        self.finish(source.len());
        true
    }
}

/// What the disguise with which `source` begins stands for, and its length.
fn disguise(source: &[u8]) -> Option<(Plain, usize)> {
    match source[0] {
        b'%' if names_variable(source) => None,
        b'%' => percent(source).map(|(b, n)| (Plain::Byte(b), n)),
        b'\\' => backslash(source),
        b'&' => character_reference(source).map(|(c, n)| (fold_or_keep(c), n)),
        0xC2.. => match utf8_char(source).map(|(c, n)| (fold(c), n)) {
            Some((Fold::To(c), n)) => Some((Plain::Char(c), n)),
            Some((Fold::Drop, n)) => Some((Plain::Nothing, n)),
            Some((Fold::Keep, _)) | None => None,
        },
        _ => None,
    }
}

enum Plain {
    Byte(u8),
    Char(char),
    Nothing,
}

enum Fold {
    Keep,
    To(char),
    Drop,
}

fn fold_or_keep(c: char) -> Plain {
    match fold(c) {
        Fold::Keep => Plain::Char(c),
        Fold::To(c) => Plain::Char(c),
        Fold::Drop => Plain::Nothing,
    }
}

fn hex_value(digits: &[u8]) -> Option<u32> {
    let mut value = 0;
    for &digit in digits {
        value = value * 16 + (digit as char).to_digit(16)?;
    }
    Some(value)
}

/// `\uXXXX`, or a surrogate pair of them. A lone surrogate reads as U+FFFD.
fn unicode_escape(source: &[u8]) -> Option<(char, usize)> {
    let high = hex_value(source.get(2..6)?)?;
    if let Some(c) = char::from_u32(high) {
        return Some((c, 6));
    }
    let low = source
        .get(6..12)
        .filter(|next| next.starts_with(b"\\u"))
        .and_then(|next| hex_value(&next[2..]));
    match low {
        Some(low) if high < 0xDC00 && (0xDC00..0xE000).contains(&low) => {
            let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            Some((char::from_u32(code).unwrap_or('\u{FFFD}'), 12))
        }
        _ => Some(('\u{FFFD}', 6)),
    }
}

/// `%40`, and what was encoded more than once: `%2540`.
fn percent(source: &[u8]) -> Option<(u8, usize)> {
    let mut digits = 1;
    while source.get(digits..digits + 2) == Some(b"25") && digits < 9 {
        digits += 2;
    }
    match source.get(digits..digits + 2).and_then(hex_value) {
        Some(value) => Some((value as u8, digits + 2)),
        // `%25%34%30`: the digits behind an encoded percent sign are encoded as well.
        None if digits > 1 => match source.get(digits..digits + 6).and_then(encoded_digits) {
            Some(value) => Some((value, digits + 6)),
            None => Some((b'%', digits)),
        },
        None => None,
    }
}

/// `%DB_PASSWORD%`, a variable of Windows, whose first letters happen to be hex digits.
fn names_variable(source: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let end = run_end(source, 1, LONGEST, is_word);
    source.get(1).is_some_and(u8::is_ascii_alphabetic)
        && source.get(end) == Some(&b'%')
        && source[1..end].iter().any(|b| !b.is_ascii_hexdigit())
}

/// The byte whose two hex digits are percent-encoded: `%34%30` is `40`.
fn encoded_digits(source: &[u8]) -> Option<u8> {
    let digit = |at: usize| {
        let code = hex_value(&source[at + 1..at + 3]).filter(|_| source[at] == b'%')?;
        char::from_u32(code)?.to_digit(16)
    };
    Some((digit(0)? * 16 + digit(3)?) as u8)
}

/// Escapes kept in a text, after any number of backslashes: `\u0040`, `\x40`, `\n`, `\/`.
fn backslash(source: &[u8]) -> Option<(Plain, usize)> {
    let slashes = source.iter().take(64).take_while(|b| **b == b'\\').count();
    let rest = &source[slashes..];
    match rest.first()? {
        b'u' if rest.get(1) == Some(&b'{') => {
            let close = rest.iter().take(10).position(|b| *b == b'}')?;
            let c = char::from_u32(hex_value(&rest[2..close])?)?;
            Some((fold_or_keep(c), slashes + close + 1))
        }
        b'u' => {
            let (c, length) = unicode_escape(&source[slashes - 1..])?;
            Some((fold_or_keep(c), slashes - 1 + length))
        }
        b'x' => {
            let value = hex_value(rest.get(1..3)?)?;
            Some((Plain::Byte(value as u8), slashes + 3))
        }
        b'n' | b'r' | b't' => Some((Plain::Byte(b' '), slashes + 1)),
        b'/' => Some((Plain::Byte(b'/'), slashes + 1)),
        _ => None,
    }
}

/// `&#64;`, `&#x40;` and the few names that matter.
fn character_reference(source: &[u8]) -> Option<(char, usize)> {
    let end = source.iter().take(12).position(|b| *b == b';')?;
    let name = &source[1..end];
    let c = match name {
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        b"lt" => '<',
        b"gt" => '>',
        b"commat" => '@',
        b"period" => '.',
        b"colon" => ':',
        b"equals" => '=',
        [b'#', b'x' | b'X', digits @ ..] if !digits.is_empty() => {
            char::from_u32(hex_value(digits)?)?
        }
        [b'#', digits @ ..] if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) => {
            char::from_u32(std::str::from_utf8(digits).ok()?.parse().ok()?)?
        }
        _ => return None,
    };
    Some((c, end + 1))
}

fn utf8_char(source: &[u8]) -> Option<(char, usize)> {
    let head = &source[..source.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).ok()?,
    };
    let c = valid.chars().next()?;
    Some((c, c.len_utf8()))
}

/// What a reader takes a character for. Invisible ones are dropped, look-alikes of ASCII (full
/// width, small forms, mathematical letters, other scripts' digits, dashes, spaces) become ASCII.
fn fold(c: char) -> Fold {
    let code = c as u32;
    let ascii = match code {
        0x00AD
        | 0x034F
        | 0x061C
        | 0x115F
        | 0x1160
        | 0x17B4
        | 0x17B5
        | 0x180B..=0x180F
        | 0x200B..=0x200F
        | 0x202A..=0x202E
        | 0x2060..=0x206F
        | 0x3164
        | 0xFE00..=0xFE0F
        | 0xFEFF
        | 0xFFA0
        | 0x1D173..=0x1D17A
        | 0xE0000..=0xE0FFF => return Fold::Drop,
        0xFF01..=0xFF5E => code - 0xFF01 + 0x21,
        0x00A0 | 0x2000..=0x200A | 0x202F | 0x205F | 0x3000 | 0x2028 | 0x2029 => 0x20,
        0x2010..=0x2015 | 0x2212 | 0xFE58 | 0xFE63 => 0x2D,
        0x2024 | 0xFE52 | 0x3002 | 0xFF61 => 0x2E,
        0xFE55 | 0x2236 | 0xA789 => 0x3A,
        0xFE6B => 0x40,
        0xFE66 => 0x3D,
        0xFE5F => 0x23,
        0x2044 | 0x2215 => 0x2F,
        0x0660..=0x0669 => code - 0x0660 + 0x30,
        0x06F0..=0x06F9 => code - 0x06F0 + 0x30,
        0x0966..=0x096F => code - 0x0966 + 0x30,
        0x1D7CE..=0x1D7FF => (code - 0x1D7CE) % 10 + 0x30,
        0x1D400..=0x1D6A3 => {
            let letter = (code - 0x1D400) % 52;
            if letter < 26 {
                letter + 0x41
            } else {
                letter - 26 + 0x61
            }
        }
        0x24B6..=0x24CF => code - 0x24B6 + 0x41,
        0x24D0..=0x24E9 => code - 0x24D0 + 0x61,
        _ => return Fold::Keep,
    };
    char::from_u32(ascii).map_or(Fold::Keep, Fold::To)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unveiled(source: &str) -> String {
        let mut view = View::default();
        view.unveil(source.as_bytes());
        String::from_utf8_lossy(&view.text).into_owned()
    }

    #[test]
    fn disguises_come_off() {
        for disguised in [
            "bob%40example.com",
            "bob%2540example.com",
            "%25%36%32ob%25%34%30example.com",
            "bob\\u0040example.com",
            "bob\\\\u0040example.com",
            "bob\\x40example.com",
            "bob&#64;example.com",
            "bob&#x40;example.com",
            "bo\u{200b}b@exam\u{2060}ple.com",
            "ｂｏｂ＠ｅｘａｍｐｌｅ．ｃｏｍ",
        ] {
            assert_eq!(unveiled(disguised), "bob@example.com", "{disguised}");
        }
    }

    #[test]
    fn ranges_lead_back_to_the_source() {
        let source = "to bob%40example.com now";
        let mut view = View::default();
        assert!(view.unveil(source.as_bytes()));
        let start = view.text.iter().position(|b| *b == b'b').unwrap();
        let range = view.source(&(start..start + "bob@example.com".len()));
        assert_eq!(&source[range], "bob%40example.com");
    }

    #[test]
    fn json_escapes_decode_with_surrogates() {
        let mut view = View::default();
        view.unescape_json(br#"a\u00e9\ud83d\ude00\ud83d\q\n"#);
        assert_eq!(String::from_utf8_lossy(&view.text), "aé😀\u{FFFD}\\q\n");
    }

    #[test]
    fn a_plain_text_has_no_disguise() {
        let mut view = View::default();
        assert!(!view.unveil("100% of C:\\dir & more, é".as_bytes()));
    }
}
