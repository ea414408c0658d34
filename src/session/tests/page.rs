//! The page of a session.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn page(records: Vec<LogRecord>) -> String {
    html::page(&tell(records, None), &BTreeMap::new())
}

#[test]
fn the_page_tells_the_story_without_asking_for_anything() {
    let page = page(fatal_while_offline());
    for part in [
        "<h1>Session <code>s-1</code></h1>",
        "StateError: refused",
        "Pixel 8, Android 14",
        "<details><summary>Stack trace, 2 lines</summary>",
        "class=\"n-offline\"",
        "12:01:06.500 <small>+1:06</small>",
        "default-src 'none'; style-src 'sha256-",
    ] {
        assert!(page.contains(part), "{part}");
    }
    for forbidden in [
        "<script",
        "http:",
        "https:",
        "url(",
        "@import",
        "unsafe-inline",
        "style=\"",
    ] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
}

#[test]
fn a_screenshot_is_embedded_if_it_is_at_hand_and_a_picture() {
    let record = failure(0, Level::Error, "E").with(keys::SCREENSHOT_ID, "shot");
    let story = tell([record], None);
    let with = |bytes: &[u8]| {
        let picture = html::Thumbnail::Picture(bytes.to_vec());
        html::page(&story, &BTreeMap::from([("shot".to_owned(), picture)]))
    };
    assert!(
        with(b"\x89PNG\r\n\x1a\nrest").contains("src=\"data:image/png;base64,iVBORw0KGgpyZXN0\"")
    );
    assert!(!with(b"<svg onload=x>").contains("<img"));
    let reason = html::Thumbnail::Missing("<gone>".to_owned());
    let without = html::page(&story, &BTreeMap::from([("shot".to_owned(), reason)]));
    assert!(without.contains("Screenshot <code>shot</code><br>not shown: &lt;gone&gt;</p>"));
}

#[test]
fn errors_are_linked_to_where_there_are_several() {
    let page = page(fatal_while_offline());
    let links: Vec<_> = page.match_indices("href=\"#m").collect();
    assert_eq!(links.len(), 3);
    for (at, _) in links {
        let place = page[at + 7..].split('"').next().unwrap();
        assert!(
            page.contains(&format!("failed\" id=\"{place}\"")),
            "{place}"
        );
    }
}

#[test]
fn a_session_over_midnight_says_so_and_pauses_come_before_what_ended_them() {
    let noon = 12 * 3_600_000;
    let mut records: Vec<_> = (1..4)
        .map(|n| record(n * 1_000, Level::Info, "App", "tick"))
        .collect();
    records.extend([start(0), network(noon + 3_000, "none")]);
    let page = page(records);
    let place = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(place("nothing was recorded for 12 h") < place("<li class=\"note\">2026-02-07</li>"));
    assert!(place("2026-02-07</li>") < place("offline from here on"));
}

#[test]
fn a_very_long_session_shows_what_matters_and_counts_the_rest() {
    let mut records: Vec<_> = (0..20_000)
        .map(|n| record(n, Level::Info, "App", "tick"))
        .collect();
    records.push(failure(20_000, Level::Error, "E"));
    let page = page(records);
    assert!(page.contains("19980 records of less weight left out"));
    assert_eq!(page.matches("<li class=\"moment").count(), 21);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_of_a_record_becomes_markup(
        texts in proptest::collection::vec(".{0,10}|[<>&\"'/=!a-z \u{0}\u{202e}-]{0,20}", 10),
    ) {
        let text = |n: usize| format!("<{}", texts[n]);
        let hostile = record(0, Level::Fatal, &text(0), &text(1))
            .with(keys::SESSION_ID, text(2))
            .with(keys::USER_ID, text(3))
            .with(keys::ERROR, text(4))
            .with(keys::STACK_TRACE, text(5))
            .with(keys::SCREENSHOT_ID, text(6))
            .with_attribute(&text(7), text(8))
            .with(keys::BREADCRUMBS, vec![serde_json::json!({"message": text(9), "category": text(0)})]);
        let marker = start(1).with_attribute("device_model", text(9));
        let network = network(2, &text(8));
        let hostile = page(vec![hostile, marker, network]);
        let plain = record(0, Level::Fatal, "l", "m")
            .with(keys::USER_ID, "u")
            .with(keys::ERROR, "e")
            .with(keys::STACK_TRACE, "s")
            .with(keys::SCREENSHOT_ID, "p")
            .with_attribute("a", "v")
            .with(keys::BREADCRUMBS, vec![serde_json::json!({})]);
        let plain = page(vec![plain, start(1), super::network(2, "wifi")]);
        // Every tag is one of ours: as many as in the page of a harmless record.
        prop_assert_eq!(hostile.matches('<').count(), plain.matches('<').count());
        let hidden = hostile.contains(['\u{202e}', '\u{0}']);
        prop_assert!(!hidden, "a character that hides or reorders");
    }
}
