//! Subjects: one per session.

use super::SUBJECTS;

/// The subject of a session's batches.
pub fn subject(install: &str, session: &str) -> String {
    format!("{SUBJECTS}.{}.{}", token(install), token(session))
}

/// The subjects of the sessions that go by these ids; `None` is any.
pub fn subjects(install: Option<&str>, session: Option<&str>) -> String {
    let token = |id: Option<&str>| id.map_or_else(|| "*".to_owned(), token);
    format!("{SUBJECTS}.{}.{}", token(install), token(session))
}

/// An id as one token of a subject or a key: letters, digits, `-` and `_`
/// stand for themselves, any other byte is `=` and two digits, and an id that
/// is not known is a single `=`. No two ids make the same token.
pub fn token(id: &str) -> String {
    if id.is_empty() {
        return "=".to_owned();
    }
    let mut token = String::with_capacity(id.len());
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => token.push(byte.into()),
            _ => token.push_str(&format!("={byte:02x}")),
        }
    }
    token
}

/// The id that a token stands for; `None` if it stands for none.
pub fn untoken(token: &str) -> Option<String> {
    if token == "=" {
        return Some(String::new());
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token.as_bytes();
    while let Some((byte, behind)) = rest.split_first() {
        rest = behind;
        if *byte != b'=' {
            bytes.push(*byte);
            continue;
        }
        let (digits, behind) = rest.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ids_show_in_subjects_as_far_as_they_can() {
        assert_eq!(subject("a-1", "s.1 *"), "soliplex.logs.a-1.s=2e1=20=2a");
        assert_eq!(subject("", ">"), "soliplex.logs.=.=3e");
        assert_eq!(subjects(None, Some("s")), "soliplex.logs.*.s");
        assert_eq!(untoken("=2"), None);
        assert_eq!(untoken("=zz"), None);
    }

    proptest! {
        #[test]
        fn every_id_comes_back(id in "\\PC{0,40}") {
            let token = token(&id);
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
            prop_assert!(!token.is_empty() && token.bytes().all(is_plain));
            prop_assert_eq!(untoken(&token), Some(id));
        }
    }
}
