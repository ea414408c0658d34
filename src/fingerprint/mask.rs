//! Masking what varies in a text: numbers, ids, quoted text and paths.

/// The longest message that is masked, in bytes; what lies behind is ignored.
const MAX_LEN: usize = 512;

/// The first line of a message with quoted text, numbers, hexadecimal ids and
/// paths replaced, so that two occurrences of one event read alike.
pub(super) fn message(text: &str) -> String {
    let line = text.trim().lines().next().unwrap_or_default();
    let line = &line[..line.floor_char_boundary(MAX_LEN)];
    let mut masked = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let len = match first {
            '"' | '\'' | '`' => match quoted(rest, first, masked.chars().next_back()) {
                Some(len) => {
                    masked.push_str("<text>");
                    len
                }
                None => push_first(&mut masked, first),
            },
            _ if is_word(first) => {
                let len = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                masked.push_str(word(&rest[..len]));
                len
            }
            _ => push_first(&mut masked, first),
        };
        rest = &rest[len..];
    }
    masked
}

/// The length of the quoted text that begins here, both quotes included. An
/// apostrophe inside a word opens nothing.
fn quoted(text: &str, quote: char, before: Option<char>) -> Option<usize> {
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    let len = text[1..].find(quote)?;
    Some(len + 2)
}

fn push_first(masked: &mut String, first: char) -> usize {
    masked.push(first);
    first.len_utf8()
}

/// A run of what ids, addresses, numbers with units and paths are made of.
fn is_word(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(
            c,
            '_' | '-' | '/' | '\\' | '.' | ':' | '@' | '%' | '+' | '~'
        )
}

fn word(word: &str) -> &str {
    // Punctuation that ends a clause is no part of the word, but is kept out
    // of the mask alike for all, so that dropping it cannot split a group.
    let bare = word.trim_end_matches(['.', ':']);
    if bare.contains(['/', '\\']) && bare.len() > 1 {
        "<path>"
    } else if bare.contains('@') {
        "<id>"
    } else if bare.bytes().any(|b| b.is_ascii_digit()) {
        "<n>"
    } else if is_hex_id(bare) {
        "<id>"
    } else {
        word
    }
}

/// At least eight hexadecimal letters in a row, which no plain word has but by
/// the rarest chance.
fn is_hex_id(word: &str) -> bool {
    word.len() >= 8 && word.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn occurrences_of_one_event_read_alike() {
        for (one, other) in [
            ("retry 3 of 10", "retry 12 of 10"),
            ("user 'ann' not found", "user 'bob' not found"),
            ("GET /users/12 failed", "GET /users/99/x failed"),
            ("took 12.5ms", "took 3ms"),
            (
                "session 0b9f2c6e-53a4-4b0e-9d5c-0a4bb77be001",
                "session deadbeef-aaaa-bbbb-cccc-00aabbccddee",
            ),
            ("mail to ann@example.org", "mail to bob@example.org"),
        ] {
            assert_eq!(message(one), message(other));
        }
    }

    #[test]
    fn events_of_different_wording_stay_apart() {
        assert_ne!(message("cache miss"), message("cache hit"));
        assert_ne!(message("can't open 'a'"), message("can't close 'a'"));
        assert_eq!(message("it's 'a' or 'b'"), "it's <text> or <text>");
    }

    #[test]
    fn only_the_first_line_counts_and_long_lines_are_cut() {
        assert_eq!(message("one\ntwo"), "one");
        assert!(message(&"ä ".repeat(100_000)).len() <= 1024);
    }
}
