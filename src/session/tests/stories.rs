//! The story of one session.

use super::*;

#[test]
fn a_fatal_error_while_offline_is_told_with_what_led_to_it() {
    let story = tell(fatal_while_offline(), None);
    assert_eq!(
        story.verdict,
        [
            "8 records in 1 min 6 s: 1 fatal error, 2 errors.",
            "The fatal error: StateError: refused, in fetch, at 12:01:06 UTC, 1 min 6 s after \
             the start, while offline; it is the last record.",
            "Right before it: Router “/settings”.",
            "The 3 errors are of 2 kinds; the most frequent, SocketException: refused, came twice.",
            "The device was offline once, for 6.5 s, and still at the end.",
            "Nothing shows as missing.",
        ]
    );
    assert_eq!(
        story.device.in_words().unwrap(),
        "Pixel 8, Android 14, app 2.4.1 (build 311)"
    );
    let networks: Vec<_> = story
        .timeline
        .iter()
        .map(|moment| moment.network.in_words())
        .collect();
    assert_eq!(
        networks[..4],
        [
            "network unknown",
            "online (wifi)",
            "online (wifi)",
            "offline"
        ]
    );
}

#[test]
fn a_quiet_session_says_that_nothing_happened() {
    let story = tell([start(0), record(1_500, Level::Info, "Router", "/")], None);
    assert_eq!(
        story.verdict,
        [
            "2 records in 1.5 s, and no error or warning among them.",
            "Nothing shows as missing."
        ]
    );
}

#[test]
fn others_who_met_the_same_error_are_counted() {
    let records = fatal_while_offline();
    let mut others = Groups::new();
    for (session, install) in [("s-1", "i-1"), ("s-2", "i-1"), ("s-3", "i-2")] {
        for record in &records {
            if record.level() >= Some(Level::Fatal) {
                let other = record
                    .clone()
                    .with(keys::SESSION_ID, session)
                    .with(keys::INSTALL_ID, install);
                others.add(&other);
            }
        }
    }
    let story = tell(records, Some(&others));
    let said = |sentence: &str| story.verdict.iter().any(|said| said == sentence);
    assert!(
        said("2 other sessions have that error too, on 2 installations in all."),
        "{:?}",
        story.verdict
    );
    let met: Vec<_> = story
        .failures()
        .map(|(_, _, met)| met.other_sessions)
        .collect();
    assert_eq!(met, [None, None, Some(2)]);
}

#[test]
fn records_are_told_by_the_clock_of_the_client_and_once() {
    let mut records = fatal_while_offline();
    for (number, record) in records.iter_mut().enumerate() {
        record.set(keys::RECORD_ID, format!("r-{number}"));
    }
    let expected: Vec<_> = records
        .iter()
        .map(|record| record.message().into_owned())
        .collect();
    let stamped = records
        .iter()
        .cloned()
        .map(|record| record.with(keys::SERVER_RECEIVED_AT, "2026-02-06T12:10:00Z"));
    let mixed: Vec<_> = records.iter().rev().cloned().chain(stamped).collect();
    let story = tell(mixed, None);
    let told: Vec<_> = story
        .timeline
        .iter()
        .map(|moment| moment.record.message())
        .collect();
    assert_eq!(told, expected);
    assert_eq!(story.duplicates, 8);
    assert_eq!(story.skew.unwrap().records, 8);
}

#[test]
fn a_record_without_a_time_stays_where_it_arrived() {
    let mut odd = record(0, Level::Info, "Odd", "odd");
    odd.fields_mut().shift_remove(keys::TIMESTAMP);
    let story = tell(
        [
            record(5, Level::Info, "A", "second"),
            odd,
            record(1, Level::Info, "A", "first"),
        ],
        None,
    );
    let told: Vec<_> = story
        .timeline
        .iter()
        .map(|moment| moment.record.message())
        .collect();
    assert_eq!(told, ["first", "second", "odd"]);
    assert_eq!(story.missing.without_time, 1);
}

#[test]
fn what_is_missing_is_said() {
    let dropped = record(
        200_000,
        Level::Warning,
        "soliplex.queue",
        "12 records dropped",
    )
    .with_attribute("dropped", 12);
    let cut = record(
        1_000,
        Level::Info,
        "App",
        &format!("long{}", crate::record::TRUNCATION_MARK),
    );
    let story = tell([record(0, Level::Info, "App", "a"), cut, dropped], None);
    assert_eq!(
        story.missing.in_words(),
        [
            "there is no session start marker: the beginning may be missing",
            "the device's queue was full and dropped 12 records",
            "1 record had to be cut to fit",
        ]
    );
    let mut steady: Vec<_> = (0..50)
        .map(|n| record(n * 1_000, Level::Info, "App", "tick"))
        .collect();
    steady.push(record(200_000, Level::Info, "App", "back"));
    let story = tell(steady, None);
    assert_eq!(story.missing.pauses, 1);
    assert_eq!(
        story.timeline.last().unwrap().pause,
        Some(TimeDelta::milliseconds(151_000))
    );
}

#[test]
fn clocks_that_differ_are_told_as_far_as_the_records_show_it() {
    let received = |seconds: i64| {
        let record = record(0, Level::Info, "App", "m");
        let time = record.timestamp().unwrap() + TimeDelta::seconds(seconds);
        record.with(keys::SERVER_RECEIVED_AT, format_timestamp(time))
    };
    let words = |seconds: &[i64]| {
        let records = seconds.iter().map(|seconds| received(*seconds));
        tell(records, None).skew.unwrap().in_words()
    };
    assert_eq!(
        words(&[40, -3_600]),
        "the device's clock is at least 1 h ahead of the server's"
    );
    assert_eq!(
        words(&[1, 500]),
        "the device's clock and the server's agree to within seconds"
    );
    assert!(words(&[90, 500]).starts_with("every record reached the server 1 min 30 s or more"));
    assert_eq!(tell([record(0, Level::Info, "A", "m")], None).skew, None);
}

#[test]
fn measurements_out_of_line_are_told() {
    let mut records = vec![
        start(0),
        measured(1, "cold_start", 6_200.0),
        measured(2, "slow_frame", 15.9),
    ];
    records.extend((0..6).map(|n| measured(10 + n, "http_request", 100.0)));
    records.push(measured(30, "http_request", 301.0));
    records.push(measured(31, "slow_frame", 16.5));
    records.push(measured(32, "slow_frame", 40.0));
    let story = tell(records, None);
    let sentence = "Out of line: cold_start 6200 ms, over 5000 ms; http_request 301 ms, over 3 times the \
         median; slow_frame 2 times, up to 40 ms, over 16 ms.";
    assert!(
        story.verdict.iter().any(|said| said == sentence),
        "{:?}",
        story.verdict
    );
}

#[test]
fn the_story_as_json_holds_each_moment_with_its_record() {
    let json = serde_json::to_value(tell(fatal_while_offline(), None)).unwrap();
    let moment = &json["timeline"][7];
    assert_eq!(moment["kind"], "failed");
    assert_eq!(moment["offsetMs"], 66_500);
    assert_eq!(moment["network"]["state"], "offline");
    assert_eq!(moment["category"], "network");
    assert_eq!(moment["record"]["error"], "StateError: refused");
    assert_eq!(json["device"]["appVersion"], "2.4.1");
    assert_eq!(json["start"], "2026-02-06T12:00:00.000Z");
}

#[test]
fn spans_of_time_read_well() {
    for (milliseconds, words) in [
        (0, "0 ms"),
        (250, "250 ms"),
        (1_000, "1 s"),
        (1_500, "1.5 s"),
        (34_900, "34 s"),
        (60_000, "1 min"),
        (184_000, "3 min 4 s"),
        (7_500_000, "2 h 5 min"),
        (90_000_000, "1 d 1 h"),
    ] {
        assert_eq!(in_words(TimeDelta::milliseconds(milliseconds)), words);
    }
}

#[test]
fn a_whole_id_means_that_session_and_the_start_of_one_all_that_have_it() {
    let of = |id: &str| record(0, Level::Info, "App", id).with(keys::SESSION_ID, id);
    let mut stories = Stories::new("s-1");
    for id in ["s-10", "s-11", "s-10"] {
        stories.add(of(id), 0);
    }
    assert_eq!(stories.ids(), ["s-10", "s-11"]);
    stories.add(of("s-1"), 0);
    stories.add(of("s-10"), 0);
    assert_eq!(stories.ids(), ["s-1"]);
    let story = stories.take("s-1").unwrap().tell(|_| None);
    assert_eq!(story.timeline.len(), 1);

    let mut many = Stories::new("s");
    for n in 0..1_000 {
        many.add(of(&format!("s-{n}")), 0);
    }
    assert!(many.has_more() && many.ids().len() < 100);
    many.add(of("s"), 0);
    many.add(of("s-1"), 0);
    assert!(many.ids() == ["s"] && !many.has_more());
}

#[test]
fn a_broken_line_counts_as_missing_in_the_session_that_it_names() {
    let mut stories = Stories::new("s-1");
    stories.add(start(0), 0);
    for line in [
        r#"{"level":"info","sessionId":"s-1","message":"cut of"#,
        r#"{"session_id": "s-1"}{"session_id": "s-1"}"#,
        r#"{"sessionId":"s-12"}{"#,
        r#"{"sessionId":"other"}{"#,
        r#"{"sessionId""#,
        r#"{"sessionId":"s-1"#,
    ] {
        stories.add_damaged_line(line);
    }
    let story = stories.take("s-1").unwrap().tell(|_| None);
    assert_eq!(story.missing.damaged_lines, 2);
    let said = "Missing: 2 lines that name the session are damaged.";
    assert_eq!(story.verdict.last().unwrap(), said);
}

#[test]
fn a_record_without_an_id_is_told_once_for_the_sources_that_have_it() {
    let twice = || record(5, Level::Info, "Http", "the same, twice in a millisecond");
    let mut builder = StoryBuilder::default();
    for record in [start(0), twice(), twice()] {
        builder.add_from(record, 0);
    }
    let stamped = twice().with(keys::SERVER_RECEIVED_AT, "2026-02-06T12:00:01.000Z");
    for record in [
        stamped,
        twice(),
        twice(),
        record(9, Level::Info, "Http", "other"),
    ] {
        builder.add_from(record, 1);
    }
    let story = builder.tell(|_| None);
    let messages: Vec<_> = story
        .timeline
        .iter()
        .map(|one| one.record.message())
        .collect();
    let same = "the same, twice in a millisecond";
    assert_eq!(messages, ["session_start", same, same, same, "other"]);
    assert_eq!(story.duplicates, 2);
    assert!(
        story.skew.is_some(),
        "the one that the server has seen is kept"
    );
}
