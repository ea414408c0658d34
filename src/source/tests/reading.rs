//! Reading what is there, once.

use super::*;

#[test]
fn the_last_records_that_match_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    fs::write(&path, lines(0..100)).unwrap();
    let read = |last| {
        all(items(
            &path,
            Options {
                last,
                ..Options::default()
            },
        ))
    };
    assert_eq!(read(None), numbers(0..100));
    assert_eq!(read(Some(3)), numbers(97..100));
    assert_eq!(read(Some(0)), numbers([]));
    assert_eq!(read(Some(1000)), numbers(0..100));
}

#[test]
fn a_compressed_file_reads_like_a_plain_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl.zst");
    fs::write(&path, zstd::encode_all(lines(0..50).as_bytes(), 1).unwrap()).unwrap();
    assert_eq!(all(items(&path, Options::default())), numbers(0..50));
    let last = Options {
        last: Some(2),
        ..Options::default()
    };
    assert_eq!(all(items(&path, last)), numbers(48..50));
}

#[test]
fn a_compressed_file_that_breaks_off_is_read_as_far_as_it_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.gz");
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
    encoder.write_all(lines(0..2000).as_bytes()).unwrap();
    let bytes = encoder.finish().unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let mut read = items(&path, Options::default()).collect::<Vec<_>>();
    let error = read.pop().unwrap().unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
    assert!(read.len() > 100 && read.iter().all(Result::is_ok));
}

#[test]
fn sources_are_merged_by_time_and_the_last_are_the_last_of_all() {
    let folder = tempfile::tempdir().unwrap();
    let paths = ["a", "b"].map(|name| folder.path().join(name));
    fs::write(&paths[0], lines((0..50).step_by(2))).unwrap();
    fs::write(&paths[1], lines((1..50).step_by(2))).unwrap();
    let locations = paths.map(Location::Path);
    let read = |last| {
        let options = Options {
            last,
            ..Options::default()
        };
        all(open(&locations, options).unwrap())
    };
    assert_eq!(read(None), numbers(0..50));
    assert_eq!(read(Some(5)), numbers(45..50));
}

#[test]
fn a_queue_folder_is_read_with_its_fatal_file_and_leftovers_and_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("log_queue.jsonl"), lines([1, 2, 2, 5])).unwrap();
    fs::write(file("log_queue_fatal.jsonl"), lines([3, 5])).unwrap();
    fs::write(file(".fatal_processing.tmp"), lines([4])).unwrap();
    fs::write(file(".queue_meta"), "{}").unwrap();
    let read = all(items(folder.path(), Options::default()));
    assert_eq!(read, numbers([1, 2, 2, 3, 4, 5]));
}

#[test]
fn a_pattern_is_every_file_that_matches() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jsonl"), lines([1])).unwrap();
    fs::write(folder.path().join("two.jsonl"), lines([2])).unwrap();
    fs::write(folder.path().join(".hidden.jsonl"), lines([3])).unwrap();
    fs::write(folder.path().join("other.txt"), lines([4])).unwrap();
    let pattern = |name: &str| [Location::Glob(folder.path().join(name))];
    let read = open(&pattern("*.jsonl"), Options::default()).unwrap();
    assert_eq!(all(read), numbers([1, 2]));
    let error = open(&pattern("x*"), Options::default()).err().unwrap();
    assert!(error.to_string().starts_with("no file matches"));
    let error = open(&pattern("[x"), Options::default()).err().unwrap();
    assert!(error.to_string().contains("is no pattern"), "{error}");
    fs::write(folder.path().join("odd?.jsonl"), lines([5])).unwrap();
    fs::write(folder.path().join("oddx.jsonl"), lines([6])).unwrap();
    let read = open(&pattern("odd?.jsonl"), Options::default()).unwrap();
    assert_eq!(all(read), numbers([5]));
}

#[test]
fn what_cannot_be_read_is_an_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &Path| {
        let opened = open(&[Location::path(path)], Options::default());
        opened.err().unwrap().in_words()
    };
    assert!(error(folder.path()).contains("holds no queue"));
    assert!(error(&folder.path().join("none")).contains("none: No such file"));
}

#[test]
fn what_is_no_record_is_told_and_reading_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jsonl");
    let long = "x".repeat(2 * MAX_LINE_BYTES);
    fs::write(
        &path,
        format!("{}oops\n\n\u{feff}{}{long}\n{}", line(1), line(2), line(3)),
    )
    .unwrap();
    let read = all(items(&path, Options::default()));
    assert_eq!(read, ["1", "NotARecord", "2", "TooLong", "3"]);
}
