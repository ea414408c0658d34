//! The stack parsers, and what is made of them.

use std::borrow::Cow;

use soliplex::fingerprint::{self as fingerprints, Groups, Occurrence};

use super::parts;

/// Any error has a fingerprint in the promised form, and the way its lines
/// end does not count.
pub fn fingerprint(data: &[u8]) {
    let [stack, error, message, failure] = parts::<4>(data).map(String::from_utf8_lossy);
    let present = |text: &Cow<'static, str>| (!text.is_empty()).then(|| text.clone());
    let [stack, error, message, failure] =
        [stack, error, message, failure].map(|text| Cow::Owned(text.into_owned()));
    let occurrence = Occurrence {
        stack_trace: present(&stack),
        error: present(&error),
        failure: present(&failure),
        message,
        logger: "fuzz".into(),
        ..Occurrence::default()
    };
    let found = fingerprints::of(&occurrence);
    assert_eq!(found.hash.len(), 64);
    assert!(found.hash.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert!(found.frames.len() <= 3, "{} frames", found.frames.len());
    for frame in &found.frames {
        assert!(frame.function.len() <= 512 && frame.file.len() <= 512);
    }
    let mut groups = Groups::new();
    groups.add_occurrence(&occurrence);
    assert_eq!(groups.len(), 1, "one error, one group");
    if !stack.contains('\r') {
        let returned = Occurrence {
            stack_trace: present(&stack.replace('\n', "\r\n").into()),
            ..occurrence.clone()
        };
        assert_eq!(fingerprints::of(&returned).hash, found.hash, "with \\r\\n");
    }
}
