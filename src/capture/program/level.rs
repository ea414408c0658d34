//! How serious a line of plain text says it is.

use crate::record::Level;

/// The level that a line names in one of the common places: a syslog priority
/// (`<3>`), a logcat or glog letter (`E/Tag`, `E0206 12:00:00`), or a level's
/// name after whatever time stands first (`2026-02-06 12:00:00 [error] …`,
/// `WARN target: …`, `Error: …`).
pub(super) fn of_text(text: &str) -> Option<Level> {
    syslog(text)
        .or_else(|| logcat(text))
        .or_else(|| glog(text))
        .or_else(|| named(text))
}

/// `<3>text`, as systemd and the kernel read it.
fn syslog(text: &str) -> Option<Level> {
    let (priority, _) = text.strip_prefix('<')?.split_once('>')?;
    Some(match priority.parse::<u16>().ok()? & 7 {
        0 | 1 => Level::Fatal,
        2 | 3 => Level::Error,
        4 => Level::Warning,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    })
}

/// `E/Tag: text`, as logcat's brief format prints it.
fn logcat(text: &str) -> Option<Level> {
    let mut characters = text.chars();
    let level = letter(characters.next()?)?;
    let tag = characters.as_str().strip_prefix('/')?;
    let end = tag.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))?;
    (end > 0 && tag[end..].trim_start().starts_with(['(', ':'])).then_some(level)
}

/// `E0206 12:00:00.000000 7 file.cc:12] text`.
fn glog(text: &str) -> Option<Level> {
    let level = letter(text.chars().next()?)?;
    let rest = text.as_bytes().get(1..9)?;
    let digits = [0, 1, 2, 3, 5, 6]
        .iter()
        .all(|at| rest[*at].is_ascii_digit());
    (digits && rest[4] == b' ' && rest[7] == b':').then_some(level)
}

fn letter(letter: char) -> Option<Level> {
    Some(match letter {
        'V' => Level::Trace,
        'D' => Level::Debug,
        'I' => Level::Info,
        'W' => Level::Warning,
        'E' => Level::Error,
        'F' => Level::Fatal,
        _ => return None,
    })
}

/// A level's name that stands alone: in capitals, in brackets, or with a colon
/// behind it. "error opening the file" is a sentence, not a level.
fn named(text: &str) -> Option<Level> {
    let text = after_time(text);
    let bare = text.trim_start_matches(['[', '(', '<', '|']);
    let is_bracketed = bare.len() < text.len();
    let end = bare
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(bare.len());
    let (word, rest) = bare.split_at(end);
    let level: Level = word.parse().ok()?;
    let is_loud = word.bytes().all(|byte| byte.is_ascii_uppercase());
    let stands_alone = match rest.chars().next() {
        None => is_loud,
        Some(':') => true,
        Some(']' | ')' | '>') => is_bracketed,
        Some('|' | ' ' | '\t') => is_loud || is_bracketed,
        Some(_) => false,
    };
    stands_alone.then_some(level)
}

/// The text behind the time and date that it may start with. Only tokens that
/// begin with a digit are passed over, three at the most: date, time, zone.
fn after_time(text: &str) -> &str {
    let mut rest = text.trim_start();
    for _ in 0..3 {
        let token = rest.strip_prefix('[').unwrap_or(rest);
        if !token.starts_with(|c: char| c.is_ascii_digit() || c == '+') {
            break;
        }
        let end = token
            .find(|c: char| !(c.is_ascii_digit() || "-:.,/+TZ".contains(c)))
            .unwrap_or(token.len());
        let after = &token[end..];
        if !after.starts_with([' ', '\t', ']', '|']) {
            break;
        }
        rest = after.trim_start_matches([' ', '\t', ']', '|', '-']);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_common_prefixes_are_read() {
        for (text, level) in [
            ("ERROR cannot open", Level::Error),
            ("Error: cannot open", Level::Error),
            ("error: cannot open", Level::Error),
            ("[warn] low disk", Level::Warning),
            ("  WARN  target: low", Level::Warning),
            ("2026-02-06 12:00:00,123 CRITICAL root - x", Level::Fatal),
            ("2026-02-06T12:00:00.1Z DEBUG app: x", Level::Debug),
            ("[2026-02-06T12:00:00Z ERROR app] x", Level::Error),
            ("12:00:00.123 [INFO] x", Level::Info),
            ("2026/02/06 12:00:00 [error] 7#7: x", Level::Error),
            ("WARNING:root:careful", Level::Warning),
            ("<3>disk on fire", Level::Error),
            ("<30>started", Level::Info),
            ("E/Tag(  12): x", Level::Error),
            ("W0206 12:00:00.000000 7 a.cc:1] x", Level::Warning),
            ("DEBUG", Level::Debug),
        ] {
            assert_eq!(of_text(text), Some(level), "{text}");
        }
    }

    #[test]
    fn sentences_are_not_levels() {
        for text in [
            "error opening the file",
            "Information about you",
            "fine weather",
            "INFORMATIVE",
            "I/O is slow",
            "12 errors: none fatal",
            "E/",
            "<not a priority>",
            "",
        ] {
            assert_eq!(of_text(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text: String) {
            of_text(&text);
        }
    }
}
