//! A line of a program's output as the text that a person would have read.

use std::borrow::Cow;

/// Of text, at most one character in this many may be broken UTF-8.
const BROKEN_SHARE: usize = 4;

/// The text of a line without what only a terminal understands: colours and
/// other escape sequences, and what a carriage return has overwritten.
///
/// `None` for a line that is no text: one with a NUL in it, or of which more
/// than a quarter is no UTF-8.
pub(super) fn plain(line: &[u8]) -> Option<Cow<'_, str>> {
    let line = last_overwrite(line);
    if memchr::memchr(0, line).is_some() {
        return None;
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let text = String::from_utf8_lossy(line).into_owned();
            let broken = text.matches(char::REPLACEMENT_CHARACTER).count();
            if broken * BROKEN_SHARE > text.chars().count() {
                return None;
            }
            Cow::Owned(text)
        }
    };
    Some(match memchr::memchr(0x1b, text.as_bytes()) {
        Some(_) => Cow::Owned(without_escapes(&text)),
        None => text,
    })
}

/// A progress bar draws itself over and over behind a carriage return; only
/// what it showed last was there to be read.
fn last_overwrite(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r');
    let line = &line[..end.map_or(0, |end| end + 1)];
    match memchr::memrchr(b'\r', line) {
        Some(at) => &line[at + 1..],
        None => line,
    }
}

/// Drops the escape sequences of ECMA-48: CSI (`ESC [`), the strings (`ESC ]`,
/// `ESC P`, `ESC X`, `ESC ^`, `ESC _`), and the short ones.
fn without_escapes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        plain.push_str(&rest[..at]);
        rest = after_escape(&rest[at + 1..]);
    }
    plain.push_str(rest);
    plain
}

/// What follows an escape sequence whose ESC was just passed.
fn after_escape(text: &str) -> &str {
    let is_intermediate = |c: char| (' '..='/').contains(&c);
    match text.chars().next() {
        Some('[') => match text[1..].find(|c| ('@'..='~').contains(&c)) {
            Some(end) => &text[end + 2..],
            None => "",
        },
        Some(']' | 'P' | 'X' | '^' | '_') => match text[1..].find(['\u{7}', '\u{1b}', '\u{9c}']) {
            Some(end) => {
                let end_mark = &text[end + 1..];
                let after = end_mark.strip_prefix("\u{1b}\\");
                after.unwrap_or_else(|| end_mark.trim_start_matches(['\u{7}', '\u{9c}']))
            }
            None => "",
        },
        Some(_) => {
            let rest = text.trim_start_matches(is_intermediate);
            let mut characters = rest.chars();
            characters.next();
            characters.as_str()
        }
        None => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &str) -> String {
        plain(line.as_bytes()).expect("text").into_owned()
    }

    #[test]
    fn colours_and_titles_go_and_the_words_stay() {
        assert_eq!(text("\u{1b}[1;31mERROR\u{1b}[0m: no"), "ERROR: no");
        assert_eq!(text("\u{1b}]0;title\u{7}a\u{1b}]8;;u\u{1b}\\b"), "ab");
        assert_eq!(text("\u{1b}(Bx\u{1b}7y\u{1b}"), "xy");
        assert_eq!(text("\u{1b}[31"), "");
    }

    #[test]
    fn only_what_was_drawn_last_is_read() {
        assert_eq!(text("10 %\r50 %\r100 %\r\r"), "100 %");
        assert_eq!(text("\r"), "");
    }

    #[test]
    fn what_is_no_text_is_told_apart_from_text_with_a_flaw() {
        assert_eq!(plain(b"ELF\0\x01"), None);
        assert_eq!(plain(&[0xff, 0xfe, b'a']), None);
        assert_eq!(
            plain(b"caf\xe9 au lait").as_deref(),
            Some("caf\u{fffd} au lait")
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_and_no_escape_survives(line: Vec<u8>) {
            if let Some(text) = plain(&line) {
                let is_clean = !text.contains('\u{1b}');
                proptest::prop_assert!(is_clean);
            }
        }
    }
}
