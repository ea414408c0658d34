//! Text from records and files, made safe for a terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::record::is_invisible;

/// Replaces every character that a terminal could act on with a visible
/// escape: control characters (ESC, C1 and DEL included), and the invisible
/// ones that reorder or hide text (bidi, zero width, line separators).
///
/// Tab becomes `\t` and newline `\n`, so that one record stays on one line.
/// Text without such characters comes back as it is.
pub fn escape(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find(is_invisible) else {
        return Cow::Borrowed(text);
    };
    let mut safe = String::with_capacity(text.len() + 16);
    safe.push_str(&text[..first]);
    for character in text[first..].chars() {
        match character {
            '\t' => safe.push_str("\\t"),
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            other if is_invisible(other) => {
                // Writing to a String cannot fail.
                let _ = match u32::from(other) {
                    code @ 0..=0xff => write!(safe, "\\x{code:02x}"),
                    code => write!(safe, "\\u{{{code:x}}}"),
                };
            }
            other => safe.push(other),
        }
    }
    Cow::Owned(safe)
}

/// Replaces the same characters in a JSON text by JSON's own escapes, so that
/// it means what it meant.
///
/// Only inside the texts of valid JSON can such characters stand.
pub fn escape_json(json: &str) -> Cow<'_, str> {
    let is_raw = |character| is_invisible(character) && !matches!(character, '\n' | '\t' | '\r');
    if !json.contains(is_raw) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_raw(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(character);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_in_any_script_is_borrowed() {
        for text in ["", "plain", "naïve 東京 🙂", "a\\n"] {
            assert!(matches!(escape(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[test]
    fn json_keeps_its_meaning() {
        let value = serde_json::json!({"m": "\u{9b}31m \u{202e} \u{7f} \u{e0041} \n ok é"});
        let json = value.to_string();
        let safe = escape_json(&json);
        assert!(safe.is_ascii() || !safe.contains(is_invisible));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&safe).unwrap(),
            value
        );
    }

    #[test]
    fn what_a_terminal_acts_on_becomes_visible() {
        assert_eq!(escape("\u{1b}[31mred"), "\\x1b[31mred");
        assert_eq!(escape("\u{9b}31m\u{7f}\0"), "\\x9b31m\\x7f\\x00");
        assert_eq!(escape("a\tb\r\nc"), "a\\tb\\r\\nc");
        assert_eq!(escape("\u{202e}live\u{2066}"), "\\u{202e}live\\u{2066}");
        assert_eq!(escape("pass\u{200b}word"), "pass\\u{200b}word");
    }
}
