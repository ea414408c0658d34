//! What the texts of a record may hold that a reader would not see.

/// Whether a character controls a terminal or a page instead of being seen:
/// control characters (ESC, C1 and DEL included), and those that reorder or
/// hide text (bidi, zero width, line separators, tags).
pub fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}
