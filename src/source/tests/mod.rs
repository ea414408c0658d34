//! Sources from the outside: what is read of real files, and what is told.

mod following;
mod reading;
mod serving;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::record::{Level, LogRecord, keys};

/// How long a test waits for something that should come at once.
const PATIENCE: Duration = Duration::from_secs(20);

/// One record as a line, the second being its time and its message.
fn line(second: u32) -> String {
    let record = LogRecord::new(Level::Info, "Test", &second.to_string()).with(
        keys::TIMESTAMP,
        format!("2026-02-06T12:{:02}:{:02}.000Z", second / 60, second % 60),
    );
    format!("{}\n", serde_json::to_string(&record).unwrap())
}

fn lines(seconds: impl IntoIterator<Item = u32>) -> String {
    seconds.into_iter().map(line).collect()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

fn items(path: &Path, options: Options) -> Items {
    open(&[Location::path(path)], options).unwrap()
}

fn follow(path: &Path) -> Items {
    let options = Options {
        follow: true,
        ..Options::default()
    };
    items(path, options)
}

/// The message of a record, or a word for a notice.
fn in_short(event: &Event) -> String {
    match event {
        Event::Record(record) => record.message().into_owned(),
        Event::Notice(notice) => {
            let text = format!("{notice:?}");
            let end = text.find([' ', '{']).unwrap_or(text.len());
            text[..end].to_owned()
        }
    }
}

/// Everything there is, in short.
fn all(items: Items) -> Vec<String> {
    items.map(|item| in_short(&item.unwrap().event)).collect()
}

/// The next `count` items.
fn next(items: &mut Items, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    (0..count)
        .map(|_| match items.next_until(Some(deadline)) {
            Next::Item(item) => in_short(&item.unwrap().event),
            other => panic!("{other:?} instead of an item"),
        })
        .collect()
}

/// Nothing more comes for a while.
fn is_silent(items: &mut Items) -> bool {
    let deadline = Instant::now() + Duration::from_millis(500);
    matches!(items.next_until(Some(deadline)), Next::TimedOut)
}

fn numbers(seconds: impl IntoIterator<Item = u32>) -> Vec<String> {
    seconds
        .into_iter()
        .map(|second| second.to_string())
        .collect()
}
