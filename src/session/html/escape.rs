//! Text from records, made safe for a page.

use std::fmt;

use crate::record::is_invisible;

/// A text as it is to be shown in an element or an attribute of HTML.
///
/// The characters of the markup become references. Those that would reorder
/// or hide what is around them become visible, as do control characters other
/// than the tab and the newline.
pub(super) struct Escaped<'t>(pub(super) &'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => write!(f, "{character}")?,
                other if is_invisible(other) => write!(f, "\\u{{{:x}}}", u32::from(other))?,
                other => write!(f, "{other}")?,
            }
        }
        Ok(())
    }
}
