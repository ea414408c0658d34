//! A file of records, plain or compressed.

use std::io::Write;
use std::path::Path;

use soliplex::source::{self, Event, Location, Options};

/// Reading a file from its start, from its end, and with all processors at
/// once finds the same records.
pub fn source(data: &[u8]) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(data).expect("file written");
    let all = events(file.path(), None);
    let last = events(file.path(), Some(3));
    let scanned = source::scan(
        file.path(),
        &Options::default(),
        || 0,
        |count, _| *count += 1,
    );
    let Some(scan) = scanned.expect("a file can be read") else {
        return;
    };
    let is_record = |event: &&Event| matches!(event, Event::Record(_));
    let records = all.iter().filter(is_record).count();
    let scanned: usize = scan.parts.into_iter().sum();
    assert!(records <= scanned, "{records} of {scanned} records");
    // A record that stands there twice is told once, and counts among the last.
    if records == scanned {
        assert_eq!(last, all[all.len().saturating_sub(3)..], "from the end");
    }
}

fn events(path: &Path, last: Option<usize>) -> Vec<Event> {
    let options = Options {
        last,
        ..Options::default()
    };
    let items = source::open(&[Location::path(path)], options).expect("a file opens");
    items
        // What is cut short or no compression ends in an error.
        .map_while(Result::ok)
        .map(|item| item.event)
        .collect()
}
