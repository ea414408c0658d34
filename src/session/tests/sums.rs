//! Many sessions, and many measurements.

use super::*;

#[test]
fn sessions_are_listed_the_one_heard_of_last_first() {
    let mut sessions = Sessions::default();
    for record in fatal_while_offline() {
        sessions.add(&record, true);
    }
    let other = record(-5_000, Level::Info, "App", "m")
        .with(keys::SESSION_ID, "s-2")
        .with(keys::USER_ID, "u-1")
        .with(keys::SERVER_RECEIVED_AT, "2026-02-07T00:00:00Z");
    sessions.add(&other, true);
    let list = sessions.into_list();
    let ids: Vec<_> = list
        .iter()
        .map(|session| session.session_id.as_str())
        .collect();
    assert_eq!(ids, ["s-2", "s-1"]);
    let first = &list[1];
    assert_eq!((first.records, first.errors, first.fatals), (8, 2, 1));
    assert_eq!(first.length(), TimeDelta::milliseconds(66_500));
    assert_eq!(first.device.model.as_deref(), Some("Pixel 8"));
    assert_eq!(list[0].user_id.as_deref(), Some("u-1"));
}

#[test]
fn what_was_not_asked_for_tells_of_its_session_and_lists_none() {
    let mut sessions = Sessions::default();
    for record in fatal_while_offline() {
        let is_asked_for = record.level() == Some(Level::Fatal);
        sessions.add(&record, is_asked_for);
    }
    let other = record(0, Level::Info, "App", "m").with(keys::SESSION_ID, "s-2");
    sessions.add(&other, false);
    let list = sessions.into_list();
    assert_eq!(list.len(), 1);
    assert_eq!((list[0].records, list[0].errors, list[0].fatals), (1, 0, 1));
    assert_eq!(list[0].length(), TimeDelta::milliseconds(66_500));
    assert_eq!(list[0].device.model.as_deref(), Some("Pixel 8"));
}

#[test]
fn more_sessions_than_there_is_room_for_push_out_the_oldest() {
    let mut sessions = Sessions::default();
    for n in 0..100_001_i64 {
        sessions.add(
            &record(n, Level::Info, "App", "m").with(keys::SESSION_ID, n.to_string()),
            true,
        );
    }
    let forgotten = sessions.forgotten();
    assert!(forgotten > 0);
    let list = sessions.into_list();
    assert_eq!(list.len() as u64 + forgotten, 100_001);
    assert_eq!(list[0].session_id, "100000");
    assert!(list.iter().all(|session| session.session_id != "0"));
}

#[test]
fn sessions_that_nobody_asked_for_are_pushed_out_before_those_that_match() {
    let mut sessions = Sessions::default();
    let of_session =
        |n: i64| record(n, Level::Info, "App", "m").with(keys::SESSION_ID, n.to_string());
    for n in 0..150_000 {
        sessions.add(&of_session(n), n % 100 == 0);
    }
    assert_eq!(sessions.forgotten(), 0);
    assert_eq!(sessions.into_list().len(), 1_500);
}

#[test]
fn the_user_is_the_last_one_in_whatever_order_records_come() {
    let said_by = |at, user: &str| {
        record(at, Level::Info, "App", "m")
            .with(keys::SESSION_ID, "s-2")
            .with(keys::USER_ID, user)
    };
    for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
        let mut sessions = Sessions::default();
        for at in order {
            sessions.add(
                &said_by(at * 1000, ["one", "two", "three"][at as usize]),
                true,
            );
        }
        let list = sessions.into_list();
        assert_eq!(list[0].user_id.as_deref(), Some("three"), "{order:?}");
    }
}

#[test]
fn percentiles_are_those_of_the_values() {
    let mut metrics = Metrics::new(By::All);
    for n in 1..=1000 {
        metrics.add(&measured(n, "http_request", n as f64));
    }
    metrics.add(&record(0, Level::Info, "App", "nothing measured"));
    let summary = metrics.summary(10);
    assert_eq!(summary.len(), 1);
    let metric = &summary[0];
    assert_eq!(
        (metric.count, metric.max, metric.limit),
        (1000, 1000.0, None)
    );
    for (found, exact) in [
        (metric.p50, 500.0),
        (metric.p90, 900.0),
        (metric.p99, 990.0),
    ] {
        assert!(
            (found - exact).abs() / exact < 0.01,
            "{found} is not {exact}"
        );
    }
    assert_eq!(metric.histogram.iter().sum::<u64>(), 1000);
    assert!(
        metric
            .histogram
            .iter()
            .all(|count| (80..=120).contains(count)),
        "{:?}",
        metric.histogram
    );
}

#[test]
fn frames_and_cold_starts_are_held_to_their_limits() {
    let mut metrics = Metrics::new(By::All);
    for ms in [8.0, 16.0, 16.1, 33.0] {
        metrics.add(&measured(0, "slow_frame", ms));
    }
    metrics.add(&measured(0, "cold_start", 5_001.0));
    let over: Vec<_> = metrics
        .summary(4)
        .iter()
        .map(|row| (row.name.clone(), row.over_limit))
        .collect();
    assert_eq!(
        over,
        [("cold_start".to_owned(), 1), ("slow_frame".to_owned(), 2)]
    );
}

#[test]
fn rows_can_be_split_and_units_are_kept_apart() {
    let mut metrics = Metrics::new(By::Session);
    metrics.add(&measured(0, "http", 1.0));
    metrics.add(&measured(0, "http", 1.0).with(keys::SESSION_ID, "s-2"));
    let bytes = record(0, Level::Info, "A", "m")
        .with_attribute("metric", "http")
        .with_attribute("bytes", 7);
    metrics.add(&bytes);
    let rows: Vec<_> = metrics
        .summary(4)
        .into_iter()
        .map(|row| (row.unit, row.group.unwrap()))
        .collect();
    let row = |unit, session: &str| (unit, session.to_owned());
    assert_eq!(
        rows,
        [row("bytes", "s-1"), row("ms", "s-1"), row("ms", "s-2")]
    );
}

#[test]
fn values_that_are_no_measurement_are_passed_over() {
    for ms in ["-1", "1e999", "\"12\"", "null"] {
        let line = format!(r#"{{"attributes":{{"metric":"m","ms":{ms}}}}}"#);
        let record = LogRecord::parse(line.as_bytes()).unwrap();
        assert_eq!(Measurement::of(&record), None, "{ms}");
    }
    let huge = LogRecord::parse(br#"{"attributes":{"metric":"m","ms":1e300}}"#).unwrap();
    let mut metrics = Metrics::new(By::All);
    metrics.add(&huge);
    assert_eq!(metrics.summary(4)[0].count, 1);
}
