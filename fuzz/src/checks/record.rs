//! A line that may be a record.

use soliplex::record::{Defaults, EncodedRecord, Envelope, Identity, Level, LogRecord};
use soliplex::record::{MAX_RECORD_BYTES, breadcrumb};

/// A line read as a tree and as an envelope is the same record, and its stored
/// form is one line, small enough, and final.
pub fn record(data: &[u8]) {
    let tree = LogRecord::parse(data);
    let envelope = Envelope::parse(data);
    if let Ok(record) = &tree {
        let envelope = envelope.as_ref().expect("a tree, but no envelope");
        assert_eq!(envelope.level(), record.level());
        assert_eq!(envelope.check().is_ok(), record.check().is_ok());
        assert_eq!(&envelope.to_record().expect("the same tree"), record);
        let text = serde_json::to_vec(record).expect("a tree of JSON is JSON");
        assert_eq!(
            &LogRecord::parse(&text).expect("JSON that was written"),
            record
        );
        breadcrumb(record);
    }
    let Ok(stored) = EncodedRecord::from_json(data, &defaults()) else {
        return;
    };
    let line = stored.as_bytes();
    assert!(line.len() <= MAX_RECORD_BYTES, "{} bytes", line.len());
    assert!(!line.contains(&b'\n'), "more than one line");
    let kept = LogRecord::parse(line).expect("a stored record is a record");
    kept.check().expect("a stored record keeps to the schema");
    assert!(kept.record_id().is_some(), "no recordId");
    let again = EncodedRecord::from_json(line, &defaults()).expect("stored once, stored again");
    assert_eq!(again.as_bytes(), line, "stored again, it changes");
}

fn defaults() -> Defaults {
    Defaults {
        identity: Identity {
            install_id: "i".to_owned(),
            session_id: "s".to_owned(),
            user_id: None,
        },
        level: Level::Info,
        logger: "fuzz".to_owned(),
    }
}
