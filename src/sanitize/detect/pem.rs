//! Private keys in PEM: from `-----BEGIN … PRIVATE KEY-----` to its end, or to the end of the text. In a
//! form, a plus stands for each space.

use std::ops::Range;

use memchr::memmem;

/// How the first line of every block begins.
pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
/// The same in a form.
const FORM_BEGIN: &[u8] = b"-----BEGIN+";

/// The longest label between `BEGIN` and the dashes.
const MAX_LABEL: usize = 48;

/// The block that begins at `at`.
pub(crate) fn at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let body = begin(text, at)?;
    Some(at..end(text, body).unwrap_or(text.len()))
}

/// Where the body of a private key begins, when its first line is at `at`.
fn begin(text: &[u8], at: usize) -> Option<usize> {
    let rest = text[at..]
        .strip_prefix(BEGIN)
        .or_else(|| text[at..].strip_prefix(FORM_BEGIN))?;
    let head = &rest[..rest.len().min(MAX_LABEL)];
    let label = memmem::find(head, b"-----").map_or(head, |dashes| &head[..dashes]);
    let private = memmem::find(label, b"PRIVATE KEY").is_some()
        || memmem::find(label, b"PRIVATE+KEY").is_some();
    private.then_some(at + BEGIN.len() + label.len())
}

/// The end of the block's last line.
fn end(text: &[u8], from: usize) -> Option<usize> {
    let last = memmem::find_iter(&text[from..], END.trim_ascii_end())
        .map(|at| from + at + END.len())
        .find(|last| matches!(text.get(last - 1), Some(b' ' | b'+')))?;
    let label = &text[last..text.len().min(last + MAX_LABEL)];
    let dashes = memmem::find(label, b"-----")?;
    Some(last + dashes + 5)
}

/// True when a private key begins in `line` and does not end in it.
pub(crate) fn is_open(line: &[u8]) -> bool {
    let Some(last) = memmem::rfind(line, BEGIN) else {
        return false;
    };
    begin(line, last).is_some_and(|body| memmem::find(&line[body..], END).is_none())
}

/// What of a line belongs to a block that ends in it: the body before the last line, if it is in
/// the same line, and the last line itself.
pub(crate) fn end_line(line: &[u8]) -> Option<Range<usize>> {
    let dashes = memmem::find(line, END)?;
    let end = end(line, dashes)?;
    let body = line[..dashes]
        .iter()
        .rposition(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')));
    let start = body.map_or(0, |last| last + 1);
    Some(if dashes - start >= 16 { start } else { dashes }..end)
}
