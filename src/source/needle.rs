//! Passing over what cannot match, at the speed of a search for bytes.

use memchr::memmem::Finder;

use crate::filter::Filter;

/// A text that every matching line holds, be it as it is or with escapes.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    text: Finder<'static>,
    escape: Finder<'static>,
}

impl Needle {
    /// The most telling id that a filter asks for, if it asks for one.
    pub(super) fn of(filter: &Filter) -> Option<Needle> {
        [&filter.session, &filter.install, &filter.user]
            .into_iter()
            .flatten()
            .max_by_key(|id| id.len())
            .and_then(|id| Needle::new(id))
    }

    /// A needle for a text of plain ASCII; `None` for any other, since JSON
    /// may spell that in more ways than are worth looking for.
    pub(super) fn new(text: &str) -> Option<Needle> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'/');
        let usable = !text.is_empty() && text.bytes().all(is_plain);
        usable.then(|| Needle {
            text: Finder::new(text.as_bytes()).into_owned(),
            // The one other way to write a plain character in JSON.
            escape: Finder::new(b"\\u00").into_owned(),
        })
    }
}

/// The next place of each of a needle's two forms in one block.
///
/// Both are kept, so that a form that is rare is searched for once in a block
/// and not once for every place of the other.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hits {
    text: Next,
    escape: Next,
}

#[derive(Clone, Copy, Debug, Default)]
enum Next {
    #[default]
    Unknown,
    At(usize),
    Nowhere,
}

impl Hits {
    /// Where the needle's next form stands in `block`, from `from` on.
    pub(super) fn next(&mut self, needle: &Needle, block: &[u8], from: usize) -> Option<usize> {
        let text = self.text.advance(&needle.text, block, from);
        let escape = self.escape.advance(&needle.escape, block, from);
        match (text, escape) {
            (Some(text), Some(escape)) => Some(text.min(escape)),
            (text, escape) => text.or(escape),
        }
    }
}

impl Next {
    fn advance(&mut self, finder: &Finder<'_>, block: &[u8], from: usize) -> Option<usize> {
        match *self {
            Next::At(place) if place >= from => return Some(place),
            Next::Nowhere => return None,
            _ => {}
        }
        let found = finder.find(block.get(from..)?).map(|place| from + place);
        *self = found.map_or(Next::Nowhere, Next::At);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_id_is_looked_for() {
        let filter = Filter {
            session: Some("ab".to_owned()),
            user: Some("abcdef".to_owned()),
            ..Filter::default()
        };
        let needle = Needle::of(&filter).unwrap();
        assert_eq!(needle.text.needle(), b"abcdef");
        assert!(Needle::of(&Filter::default()).is_none());
    }

    #[test]
    fn what_json_may_spell_in_many_ways_is_not_looked_for() {
        for text in ["", "a/b", "a\"b", "é", "a b", "\u{1}"] {
            assert!(Needle::new(text).is_none(), "{text}");
        }
    }
}
