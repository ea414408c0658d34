//! Absolute paths in stack traces lose every folder up to the project's own.

use crate::sanitize::builtin::PATH;
use crate::sanitize::chars::{is_one_of, is_word, run_end, run_start};
use crate::sanitize::keys::KeyKind;
use crate::sanitize::text::{Fix, Scanner};

/// The longest path that is looked at.
const MAX_PATH: usize = 1024;

/// Endings of source files.
const SOURCES: &[&str] = &[
    "dart", "py", "pyx", "js", "mjs", "cjs", "ts", "tsx", "jsx", "java", "kt", "kts", "rs", "go",
    "cs", "fs", "vb", "swift", "m", "mm", "c", "cc", "cpp", "cxx", "h", "hpp", "rb", "php",
    "scala", "ex", "exs", "erl", "lua", "pl", "vue", "svelte", "clj", "groovy", "asm", "s", "zig",
];

/// Trims the path at `at`: `/…`, `\\…`, the colon of `file://` or of a drive. Returns where to go
/// on when there was a path to trim.
pub(crate) fn at(scanner: &mut Scanner<'_>, at: usize) -> Option<usize> {
    let text = scanner.text;
    let stack = scanner.kind == KeyKind::Stack;
    let (start, first) = begin(text, at, scanner.floor)?;
    if !scanner.has_dot_behind(first) {
        return None;
    }
    let end = run_end(text, first, MAX_PATH, |b| {
        !matches!(
            b,
            b'"' | b'\''
                | b'<'
                | b'>'
                | b'('
                | b')'
                | b','
                | b';'
                | b'|'
                | b'\n'
                | b'\r'
                | b'\t'
                | b':'
                | b'`'
                | b'*'
                | b'?'
                | b'\0'
        ) && (b != b' ')
    });
    let end = spaced_end(text, first, end);
    let path = &text[first..end];
    let is_separator = |b: &u8| *b == b'/' || *b == b'\\';
    let last = path.iter().rposition(is_separator)?;
    let name = &path[last + 1..];
    let ending = name
        .iter()
        .rposition(|b| *b == b'.')
        .map(|dot| &name[dot + 1..])?;
    let source = is_one_of(ending, SOURCES);
    let located = is_located(text, end);
    if !(source && (located || stack)
        || stack && ending.len() <= 6 && !ending.is_empty() && located
        || is_native_frame(text, start, ending))
    {
        return None;
    }
    let keep = first + own_folder(path).unwrap_or(last + 1);
    if scanner.push(PATH, start, keep, Fix::Cut) {
        Some(keep)
    } else {
        None
    }
}

/// Where the path that `at` belongs to starts, and where its first separator stands.
fn begin(text: &[u8], at: usize, floor: usize) -> Option<(usize, usize)> {
    match text[at] {
        b':' if text[at..].starts_with(b"://") => {
            let scheme = run_start(text, at, 12, |b| b.is_ascii_alphabetic()).max(floor.min(at));
            // `file:///home/…` and `file:///C:/…`.
            let file = text[scheme..at].eq_ignore_ascii_case(b"file");
            (file && text.get(at + 3) == Some(&b'/')).then_some((scheme, drive_after(text, at + 3)))
        }
        b':' => {
            // `C:\…` and `C:/…`.
            let drive = at >= 1
                && at > floor
                && text[at - 1].is_ascii_alphabetic()
                && (at < 2 || !is_word(text[at - 2]));
            (drive && matches!(text.get(at + 1), Some(b'\\' | b'/'))).then(|| (at - 1, at + 1))
        }
        b'/' => {
            let before = if at == 0 { b' ' } else { text[at - 1] };
            let free = matches!(
                before,
                b' ' | b'('
                    | b'"'
                    | b'\''
                    | b'\t'
                    | b'\n'
                    | b'='
                    | b'['
                    | b'<'
                    | b'`'
                    | b','
                    | b'@'
                    | b'>'
                    | b'|'
            ) || (before == b':'
                && at > 1
                && text[at - 2] != b':'
                && !text[..at].ends_with(b"package:"));
            (free && text.get(at + 1).is_some_and(|b| is_word(*b) || *b == b'.'))
                .then_some((at, at))
        }
        b'\\' => {
            let unc =
                text[at..].starts_with(b"\\\\") && text.get(at + 2).is_some_and(|b| is_word(*b));
            let free = at == 0 || matches!(text[at - 1], b' ' | b'(' | b'"' | b'\t' | b'\n');
            (unc && free).then_some((at, at))
        }
        _ => None,
    }
}

/// Steps over the drive in `/C:/…`.
fn drive_after(text: &[u8], at: usize) -> usize {
    let drive =
        text.get(at + 1).is_some_and(u8::is_ascii_alphabetic) && text.get(at + 2) == Some(&b':');
    if drive && matches!(text.get(at + 3), Some(b'/' | b'\\')) {
        at + 3
    } else {
        at
    }
}

/// The end of a path whose folders may hold spaces (`C:\Program Files\…`): it goes on while a
/// separator and a source file's ending follow.
fn spaced_end(text: &[u8], first: usize, end: usize) -> usize {
    let mut end = end;
    for _ in 0..3 {
        if text.get(end) != Some(&b' ')
            || !text[first..end].iter().any(|b| matches!(b, b'/' | b'\\'))
        {
            return end;
        }
        let name = &text[first..end];
        let dotted = name
            .iter()
            .rev()
            .take_while(|b| !matches!(b, b'/' | b'\\'))
            .any(|b| *b == b'.');
        let next = run_end(text, end + 1, 64, |b| {
            is_word(b) || matches!(b, b'-' | b'.')
        });
        if dotted || !matches!(text.get(next), Some(b'/' | b'\\')) || next == end + 1 {
            return end;
        }
        end = run_end(text, next, MAX_PATH, |b| {
            !matches!(
                b,
                b'"' | b'\''
                    | b'<'
                    | b'>'
                    | b'('
                    | b')'
                    | b','
                    | b';'
                    | b'|'
                    | b'\n'
                    | b'\r'
                    | b'\t'
                    | b':'
                    | b'`'
                    | b' '
            )
        });
    }
    end
}

/// Android: `#01 pc 0004a1b2  /data/app/…/lib/arm64/libx.so`. The system's own libraries name no one.
fn is_native_frame(text: &[u8], start: usize, ending: &[u8]) -> bool {
    if !is_one_of(ending, &["so", "apk", "odex", "oat", "dex", "vdex", "jar"])
        || !text[start..].starts_with(b"/data/")
    {
        return false;
    }
    let gap = run_start(text, start, 4, |b| b == b' ');
    let address = run_start(text, gap, 18, |b| b.is_ascii_hexdigit());
    gap < start && address < gap && text[..address].ends_with(b" pc ")
}

/// True when a line number follows: `:12`, `", line 12`, `, line 12`, `:line 12`, `(12)`, `(12,5)`,
/// ` line 12`, ` on line 12`.
fn is_located(text: &[u8], end: usize) -> bool {
    let rest = &text[end..text.len().min(end + 12)];
    let digit = |at: usize| rest.get(at).is_some_and(u8::is_ascii_digit);
    match rest.first() {
        Some(b':') => digit(1) || rest.starts_with(b":line "),
        Some(b'"') => rest.starts_with(b"\", line "),
        Some(b'(') => digit(1),
        Some(b',') => rest.starts_with(b", line ") && digit(7),
        Some(b' ') => {
            digit(1) && rest[1..].contains(&b':')
                || rest.starts_with(b" on line ")
                || rest.starts_with(b" line ") && digit(6)
        }
        _ => false,
    }
}

/// Where the project's own folder begins in a path: at `node_modules` and the like, or at the
/// last `lib/` or `src/`, with those directly before it.
fn own_folder(path: &[u8]) -> Option<usize> {
    let mut found = None;
    let mut package = None;
    let mut at = 0;
    let mut run_start = None;
    for part in path.split(|b| *b == b'/' || *b == b'\\') {
        let end = at + part.len();
        let is_folder = end < path.len();
        if is_folder && at > 0 {
            if is_one_of(part, &["node_modules", "site-packages", "dist-packages"]) {
                package = Some(at);
            }
            if matches!(part, b"lib" | b"src") {
                let from = *run_start.get_or_insert(at);
                found = Some(from);
            } else {
                run_start = None;
            }
        }
        at = end + 1;
    }
    package.or(found)
}
