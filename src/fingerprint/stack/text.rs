//! Cutting up file names and symbols.

/// The path or URL without a `:line` or `:line:column` at its end.
pub(super) fn without_position(location: &str) -> &str {
    let mut path = location;
    for _ in 0..2 {
        let bare = path.trim_end_matches(|c: char| c.is_ascii_digit());
        match bare.strip_suffix(':') {
            Some(shorter) if bare.len() < path.len() && !shorter.is_empty() => path = shorter,
            _ => break,
        }
    }
    path
}

/// The part of a path or URL behind its last folder, without a query.
pub(super) fn base_name(path: &str) -> &str {
    let path = match memchr::memchr2(b'?', b'#', path.as_bytes()) {
        Some(end) => without_query(path, end),
        None => path,
    };
    memchr::memrchr2(b'/', b'\\', path.as_bytes()).map_or(path, |folder| &path[folder + 1..])
}

/// What stands before the query or the fragment that may begin at `mark`. In a
/// path that is no URL a number sign belongs to a name, such as a folder `C#`,
/// and so does the question mark that Windows puts before long paths.
fn without_query(path: &str, mark: usize) -> &str {
    if find(&path[..mark], "://").is_some() {
        return &path[..mark];
    }
    let path = path.strip_prefix(r"\\?\").unwrap_or(path);
    memchr::memchr(b'?', path.as_bytes()).map_or(path, |query| &path[..query])
}

/// Where a word begins in a text.
///
/// For words of a few bytes in lines of a hundred. The standard library's
/// search sets up more than that takes to scan: it was a third of all time.
pub(in crate::fingerprint) fn find(text: &str, word: &str) -> Option<usize> {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let is_rare = |byte: &u8| !byte.is_ascii_lowercase() && *byte != b' ';
    let rare = word.iter().position(is_rare).unwrap_or(0);
    memchr::memchr_iter(*word.get(rare)?, text)
        .filter_map(|at| at.checked_sub(rare))
        .find(|at| text[*at..].starts_with(word))
}

/// What stands before and after the first place where a word stands.
pub(in crate::fingerprint) fn split<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let at = find(text, word)?;
    Some((&text[..at], &text[at + word.len()..]))
}

/// A symbol without Rust's hash at its end: `::h0123456789abcdef`.
pub(super) fn without_hash(symbol: &str) -> &str {
    const LEN: usize = "::h0123456789abcdef".len();
    match symbol
        .len()
        .checked_sub(LEN)
        .and_then(|at| symbol.split_at_checked(at))
    {
        Some((before, hash)) if hash.strip_prefix("::h").is_some_and(is_hex) => before,
        _ => symbol,
    }
}

/// Whether the text ends in `:line` or `:line:column`.
pub(super) fn has_position(location: &str) -> bool {
    without_position(location).len() < location.len()
}

/// Whether the text is not empty and of decimal digits alone.
pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the text is not empty and of hexadecimal digits alone.
pub(super) fn is_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// The number at the start of a text, and what follows it.
pub(super) fn leading_number(text: &str) -> Option<(&str, &str)> {
    let end = text
        .bytes()
        .position(|b| !b.is_ascii_digit())
        .unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::{base_name, without_position};

    #[test]
    fn positions_and_folders_are_cut_off() {
        for (location, name) in [
            ("package:app/src/x.dart:10:5", "x.dart"),
            ("package:app/src/x.dart:10", "x.dart"),
            ("C:\\work\\x.cs", "x.cs"),
            ("https://cdn.example.org/a/x.js?v=12:10:5", "x.js"),
            ("https://cdn.example.org/a/x.js#/rooms/3:10:5", "x.js"),
            ("./src/Room.vue?a1b2:10:5", "Room.vue"),
            ("C:\\work\\C#\\x.cs", "x.cs"),
            ("/home/ann/f#/x.fs:3", "x.fs"),
            (r"\\?\C:\work\x.rs:3:1", "x.rs"),
            ("dart:core", "dart:core"),
            ("12:34", "12"),
            ("", ""),
            (":1:2", ":1"),
        ] {
            assert_eq!(base_name(without_position(location)), name);
        }
    }
}
