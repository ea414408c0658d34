//! The last matching lines of a file, read from its end.

use std::io::{self, Read};

use memchr::memchr;

use super::lines::{Line, Lines};
use super::needle::Needle;
use super::window::Window;

/// How much is searched before going further back.
const CHUNK: u64 = 1024 * 1024;

/// The last `wanted` things that `judge` makes of the lines in the window, in
/// the order of the file. No more of it is read than that takes.
///
/// What stands behind the last newline counts as a line.
pub(super) fn last<T, I: IntoIterator<Item = T>>(
    window: &Window,
    wanted: usize,
    needle: Option<&Needle>,
    mut judge: impl FnMut(Line<'_>) -> I,
) -> io::Result<Vec<T>> {
    let mut found = Vec::new();
    let mut end = window.end();
    while end > window.position() && found.len() < wanted {
        let start = start_of_chunk(window, end)?;
        let mut lines = Lines::new(window.part(start, end), start, needle.cloned());
        let mut in_chunk = Vec::new();
        while let Some(line) = lines.next()? {
            in_chunk.extend(judge(line));
        }
        if let Some(rest) = lines.rest() {
            in_chunk.extend(judge(rest));
        }
        found.extend(in_chunk.into_iter().rev());
        end = start;
    }
    found.truncate(wanted);
    found.reverse();
    Ok(found)
}

/// Where the last line of the window begins that has not ended: what stands
/// before is whole lines.
pub(super) fn end_of_whole_lines(window: &Window) -> io::Result<u64> {
    let mut end = window.end();
    while end > window.position() {
        let start = end.saturating_sub(CHUNK).max(window.position());
        let mut bytes = Vec::new();
        window.part(start, end).read_to_end(&mut bytes)?;
        if let Some(newline) = memchr::memrchr(b'\n', &bytes) {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(end)
}

/// The start of a line, about [`CHUNK`] before `end` or, if a line is longer
/// than that, as far as it takes.
fn start_of_chunk(window: &Window, end: u64) -> io::Result<u64> {
    let first = window.position();
    let mut upper = end;
    loop {
        let lower = upper.saturating_sub(CHUNK).max(first);
        if lower == first {
            return Ok(first);
        }
        match first_newline(&window.part(lower, upper))? {
            Some(newline) if newline + 1 < end => return Ok(newline + 1),
            _ => upper = lower,
        }
    }
}

/// Where the first newline of the window stands.
fn first_newline(window: &Window) -> io::Result<Option<u64>> {
    let mut window = window.clone();
    let mut piece = [0; 8 * 1024];
    loop {
        let start = window.position();
        match window.read(&mut piece)? {
            0 => return Ok(None),
            read => {
                if let Some(newline) = memchr(b'\n', &piece[..read]) {
                    return Ok(Some(start + newline as u64));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use super::*;
    use crate::source::lines::MAX_LINE_BYTES;

    fn window(text: &[u8]) -> Window {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        Window::new(Arc::new(file), 0, text.len() as u64)
    }

    fn text_of(line: Line<'_>) -> Option<String> {
        match line {
            Line::Whole { bytes, .. } => Some(String::from_utf8_lossy(bytes).into_owned()),
            Line::TooLong { bytes, .. } => Some(format!("<{bytes}>")),
        }
    }

    #[test]
    fn the_last_lines_are_those_a_forward_reader_would_keep() {
        for count in [0, 1, 2, 40_000] {
            let lines: Vec<_> = (0..count).map(|n| format!("line {n:060}")).collect();
            let window = window((lines.join("\n") + "\n").as_bytes());
            for wanted in [0, 1, 3, 20_000, 50_000] {
                let found = last(&window, wanted, None, |line| {
                    text_of(line).filter(|text| !text.is_empty())
                });
                assert_eq!(found.unwrap(), lines[lines.len().saturating_sub(wanted)..]);
            }
        }
    }

    #[test]
    fn only_what_matches_counts() {
        let text: String = (0..50_000).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        let needle = Needle::new(":4999").unwrap();
        let found = last(&window(text.as_bytes()), 3, Some(&needle), text_of).unwrap();
        assert_eq!(found, ["{\"n\":49997}", "{\"n\":49998}", "{\"n\":49999}"]);
    }

    #[test]
    fn lines_longer_than_a_chunk_are_whole_or_counted() {
        let long = "x".repeat(3 * MAX_LINE_BYTES);
        let full = "y".repeat(MAX_LINE_BYTES - 1);
        let text = format!("a\n{long}\n{full}\nb");
        let found = last(&window(text.as_bytes()), 4, None, text_of).unwrap();
        assert_eq!(found, ["a", &format!("<{}>", long.len()), &full, "b"]);
    }

    #[test]
    fn whole_lines_end_behind_the_last_newline() {
        let end = |text: &[u8]| end_of_whole_lines(&window(text)).unwrap();
        assert_eq!(end(b""), 0);
        assert_eq!(end(b"abc"), 0);
        assert_eq!(end(b"a\nbc"), 2);
        assert_eq!(end(&[b"a\n".to_vec(), vec![b'x'; 3 << 20]].concat()), 2);
    }
}
