//! Lines that go on, indented, where they would be wider than a terminal.

use std::fmt::{self, Write as _};

/// A text that is broken between its words.
#[derive(Debug)]
pub struct Wrapped {
    text: String,
    column: usize,
    width: usize,
    indent: &'static str,
}

impl Wrapped {
    /// Nothing yet. Lines but the first begin with `indent`; none is broken
    /// without a width, and no word ever is.
    pub fn new(width: Option<usize>, indent: &'static str) -> Wrapped {
        Wrapped {
            text: String::new(),
            column: 0,
            width: width.unwrap_or(usize::MAX),
            indent,
        }
    }

    /// Adds what is never broken, and takes so many columns.
    pub fn piece(&mut self, columns: usize, text: fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
        self.column += columns;
    }

    /// A space before what takes so many columns, or a new line if there is
    /// no room for it.
    pub fn space(&mut self, columns: usize) {
        let indent = self.indent.len();
        let is_full = self.column.saturating_add(1 + columns) > self.width;
        if is_full && self.column > indent && indent + columns < self.width {
            self.text.push('\n');
            self.text.push_str(self.indent);
            self.column = indent;
        } else {
            self.text.push(' ');
            self.column += 1;
        }
    }

    /// Adds words, each after a space but for the very first.
    pub fn words(&mut self, text: &str) {
        for (at, word) in text.split(' ').enumerate() {
            let columns = word.chars().count();
            if at > 0 {
                self.space(columns);
            }
            self.piece(columns, format_args!("{word}"));
        }
    }

    /// The text, without a newline at its end.
    pub fn into_text(self) -> String {
        self.text
    }
}

/// A text broken between its words, its further lines indented.
pub fn wrap(text: &str, width: Option<usize>, indent: &'static str) -> String {
    let mut wrapped = Wrapped::new(width, indent);
    wrapped.words(text);
    wrapped.into_text()
}

/// The start of a line that fits, with `…` where it was cut.
pub fn cut(line: &str, width: Option<usize>) -> String {
    match width {
        Some(width) if line.chars().count() > width => {
            let start: String = line.chars().take(width.saturating_sub(1)).collect();
            start + "…"
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_lines_within_the_width() {
        assert_eq!(wrap("one two three", Some(9), "  "), "one two\n  three");
        assert_eq!(wrap("one two three", None, "  "), "one two three");
        // A word that fits on no line stays where it is.
        assert_eq!(
            wrap("a incomprehensible b", Some(9), "  "),
            "a incomprehensible\n  b"
        );
        assert_eq!(wrap("spaces  stay", Some(80), ""), "spaces  stay");
    }

    #[test]
    fn what_is_cut_says_so() {
        assert_eq!(cut("abcdef", Some(4)), "abc…");
        assert_eq!(cut("abcd", Some(4)), "abcd");
        assert_eq!(cut("abcdef", None), "abcdef");
    }
}
