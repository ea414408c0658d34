//! Byte classes: one table look-up per byte tells the scanner what a byte can be part of.

/// `0-9`.
pub(crate) const DIGIT: u8 = 1;
/// `a-f` and `A-F`.
pub(crate) const HEX: u8 = 1 << 1;
/// `A-Z`.
pub(crate) const UPPER: u8 = 1 << 2;
/// `a-z`.
pub(crate) const LOWER: u8 = 1 << 3;
/// `_`.
pub(crate) const UNDERSCORE: u8 = 1 << 4;
/// Punctuation at which a detector may start.
pub(crate) const MARK: u8 = 1 << 5;
/// What may hide other characters: `\`, `%`, `&`, and every byte that is not ASCII.
pub(crate) const VEIL: u8 = 1 << 6;

/// The bits of a byte that is part of a word.
pub(crate) const WORD: u8 = DIGIT | UPPER | LOWER | UNDERSCORE;

/// Class bits of every byte.
pub(crate) static CLASS: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let mut class = 0;
        if b.is_ascii_digit() {
            class |= DIGIT;
        }
        if b.is_ascii_alphabetic() && b.is_ascii_hexdigit() {
            class |= HEX;
        }
        if b.is_ascii_uppercase() {
            class |= UPPER;
        }
        if b.is_ascii_lowercase() {
            class |= LOWER;
        }
        if b == b'_' {
            class |= UNDERSCORE;
        }
        if matches!(
            b,
            b'@' | b'=' | b':' | b'+' | b'-' | b'(' | b'[' | b'<' | b'/' | b'\\' | b'$'
        ) {
            class |= MARK;
        }
        if matches!(b, b'\\' | b'%' | b'&') || b >= 0x80 {
            class |= VEIL;
        }
        table[i] = class;
        i += 1;
    }
    table
}

/// The class bits of all bytes of a text.
pub(crate) fn union(text: &[u8]) -> u8 {
    let (chunks, rest) = text.as_chunks::<4>();
    let class = |b: u8| CLASS[b as usize];
    let union = chunks.iter().fold(0, |union, [a, b, c, d]| {
        union | class(*a) | class(*b) | class(*c) | class(*d)
    });
    rest.iter().fold(union, |union, b| union | class(*b))
}

/// The class bits of `b`.
pub(crate) fn class(b: u8) -> u8 {
    CLASS[b as usize]
}

/// True for `A-Z a-z 0-9 _`.
pub(crate) fn is_word(b: u8) -> bool {
    class(b) & WORD != 0
}

/// True when the byte before `at` is part of a word.
pub(crate) fn word_before(text: &[u8], at: usize) -> bool {
    at > 0 && is_word(text[at - 1])
}

/// True when the byte at `at` is part of a word.
pub(crate) fn word_at(text: &[u8], at: usize) -> bool {
    text.get(at).is_some_and(|&b| is_word(b))
}

/// Where a word that reaches back to `start` really begins: after an escape such as `\n` or
/// `\u003c`, whose letters are no part of what follows.
pub(crate) fn after_escape(text: &[u8], start: usize, end: usize) -> usize {
    if start == 0 || start >= end || text[start - 1] != b'\\' {
        return start;
    }
    let length = match text[start] {
        b'n' | b'r' | b't' | b'b' | b'f' => 1,
        b'u' if text.len() >= start + 5
            && text[start + 1..start + 5].iter().all(u8::is_ascii_hexdigit) =>
        {
            5
        }
        b'x' if text.len() >= start + 3
            && text[start + 1..start + 3].iter().all(u8::is_ascii_hexdigit) =>
        {
            3
        }
        _ => 0,
    };
    (start + length).min(end)
}

/// The end of the run of bytes from `from` that satisfy `keep`, at most `limit` bytes long.
pub(crate) fn run_end(text: &[u8], from: usize, limit: usize, keep: impl Fn(u8) -> bool) -> usize {
    let stop = text.len().min(from.saturating_add(limit));
    let mut end = from;
    while end < stop && keep(text[end]) {
        end += 1;
    }
    count_work(end - from.min(end));
    end
}

/// The start of the run of bytes before `to` that satisfy `keep`, at most `limit` bytes long.
pub(crate) fn run_start(text: &[u8], to: usize, limit: usize, keep: impl Fn(u8) -> bool) -> usize {
    let stop = to.saturating_sub(limit);
    let mut start = to;
    while start > stop && keep(text[start - 1]) {
        start -= 1;
    }
    count_work(to - start);
    start
}

/// Where the word stands that ends before `end`, with spaces and light punctuation between.
pub(crate) fn previous_word_range(text: &[u8], end: usize) -> std::ops::Range<usize> {
    let end = run_start(text, end, 4, |b| {
        matches!(
            b,
            b' ' | b':' | b'=' | b'"' | b'\'' | b'(' | b'#' | b'\t' | b'.'
        )
    });
    let start = run_start(text, end, 24, |b| b.is_ascii_alphanumeric());
    start..end
}

/// The word that ends before `end`.
pub(crate) fn previous_word(text: &[u8], end: usize) -> &[u8] {
    &text[previous_word_range(text, end)]
}

/// Counts steps of the detectors, for the test that says that they are linear.
#[inline]
pub(crate) fn count_work(_steps: usize) {
    #[cfg(test)]
    super::linear::STEPS.with(|steps| steps.set(steps.get() + _steps));
}

/// True when `word` equals one of `words`, which are written in lower case.
pub(crate) fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words
        .iter()
        .any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
}

/// Whether two texts are equal, compared without a call when they have 4 to 32 bytes.
#[inline]
pub(crate) fn is_equal(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(a: &[u8], b: &[u8]) -> Option<bool> {
        let first = a.first_chunk::<N>()? == b.first_chunk::<N>()?;
        Some(first & (a.last_chunk::<N>()? == b.last_chunk::<N>()?))
    }
    if a.len() != b.len() {
        return false;
    }
    match a.len() {
        17..=32 => ends::<16>(a, b) == Some(true),
        8..=16 => ends::<8>(a, b) == Some(true),
        4..=7 => ends::<4>(a, b) == Some(true),
        _ => a == b,
    }
}
