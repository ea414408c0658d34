//! Following what grows, is renamed, cut, deleted and made anew.

use super::*;

#[test]
fn lines_come_once_and_whole_however_they_are_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, format!("{}{}", line(0), &line(1)[..20])).unwrap();
    let mut items = follow(&path);
    assert_eq!(next(&mut items, 1), ["0"]);
    assert!(is_silent(&mut items));
    append(&path, &line(1)[20..]);
    assert_eq!(next(&mut items, 1), ["1"]);
    for byte in line(2).bytes() {
        append(&path, std::str::from_utf8(&[byte]).unwrap());
    }
    append(&path, &lines(3..6));
    assert_eq!(next(&mut items, 4), ["2", "3", "4", "5"]);
    assert!(is_silent(&mut items));
}

#[test]
fn nothing_is_lost_or_repeated_when_the_file_is_renamed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, old) = (folder.path().join("a.log"), folder.path().join("a.log.1"));
    fs::write(&path, lines([0])).unwrap();
    let mut items = follow(&path);
    assert_eq!(next(&mut items, 1), ["0"]);
    append(&path, &line(1));
    fs::rename(&path, &old).unwrap();
    append(&old, &line(2));
    append(&path, &line(3));
    assert_eq!(next(&mut items, 4), ["1", "2", "Rotated", "3"]);
    // The writer has not opened the new file yet.
    append(&old, &line(4));
    assert_eq!(next(&mut items, 1), ["4"]);
    append(&path, &line(5));
    assert_eq!(next(&mut items, 1), ["5"]);
    assert!(is_silent(&mut items));
}

#[test]
fn a_thousand_rotations_faster_than_one_can_look_lose_and_repeat_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, "").unwrap();
    let mut items = follow(&path);
    let writer = {
        let path = path.clone();
        thread::spawn(move || {
            for rotation in 0..1000 {
                append(&path, &lines(rotation * 3..rotation * 3 + 3));
                fs::rename(&path, path.with_extension(format!("log.{rotation:04}"))).unwrap();
            }
            append(&path, &line(3000));
        })
    };
    let mut found = Vec::new();
    while found.len() < 3001 {
        found.extend(next(&mut items, 1).remove(0).parse::<u32>());
    }
    writer.join().unwrap();
    assert!(is_silent(&mut items));
    // Two files written within one tick of the clock may change places.
    found.sort_unstable();
    assert!(found == Vec::from_iter(0..3001), "lost or repeated");
}

#[test]
fn a_file_cut_in_place_is_read_from_its_start_and_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, lines(0..3)).unwrap();
    let mut items = follow(&path);
    assert_eq!(next(&mut items, 3), ["0", "1", "2"]);
    assert!(is_silent(&mut items));
    fs::copy(&path, folder.path().join("a.log.1")).unwrap();
    fs::write(&path, "").unwrap();
    append(&path, &line(3));
    assert_eq!(next(&mut items, 2), ["Truncated", "3"]);
    // Longer again than what was read, before anyone has looked.
    fs::write(&path, lines(10..15)).unwrap();
    assert_eq!(
        next(&mut items, 6),
        ["Truncated", "10", "11", "12", "13", "14"]
    );
}

#[test]
fn a_file_deleted_and_made_again_is_followed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, lines([0])).unwrap();
    let mut items = follow(&path);
    assert_eq!(next(&mut items, 1), ["0"]);
    fs::remove_file(&path).unwrap();
    assert_eq!(next(&mut items, 1), ["Waiting"]);
    fs::write(&path, lines([1])).unwrap();
    assert_eq!(next(&mut items, 2), ["Rotated", "1"]);
}

#[test]
fn a_file_and_a_folder_that_are_not_there_yet_are_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["deep/a.log", "deep/queue/log_queue.jsonl"] {
        let path = folder.path().join(name);
        let source = match path.ends_with("log_queue.jsonl") {
            true => path.parent().unwrap(),
            false => &path,
        };
        let mut items = follow(source);
        assert_eq!(next(&mut items, 1), ["Waiting"]);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, lines([1])).unwrap();
        let mut first = next(&mut items, 1);
        if first == ["Appeared"] {
            first = next(&mut items, 1);
        }
        assert_eq!(first, ["1"]);
        append(&path, &line(2));
        assert_eq!(next(&mut items, 1), ["2"]);
    }
}

#[test]
fn a_queue_that_moves_and_compacts_its_records_repeats_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let (queue, fatal) = (file("log_queue.jsonl"), file("log_queue_fatal.jsonl"));
    fs::write(&queue, lines(0..4)).unwrap();
    let mut items = follow(folder.path());
    assert_eq!(next(&mut items, 4), ["0", "1", "2", "3"]);
    append(&fatal, &line(50));
    assert_eq!(next(&mut items, 1), ["50"]);
    // The fatal one is merged, the confirmed ones are compacted away.
    fs::write(file("new"), lines([2, 3, 50, 51])).unwrap();
    fs::rename(file("new"), &queue).unwrap();
    fs::remove_file(&fatal).unwrap();
    assert_eq!(next(&mut items, 1), ["51"]);
    // Everything was confirmed.
    fs::write(file("new"), "").unwrap();
    fs::rename(file("new"), &queue).unwrap();
    append(&queue, &line(52));
    append(&fatal, &line(53));
    let mut both = next(&mut items, 2);
    both.sort();
    assert_eq!(both, ["52", "53"]);
    assert!(is_silent(&mut items));
}

#[test]
fn a_pattern_takes_in_new_files_and_not_the_rotated_names_of_old_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::write(file("a.log"), lines([0])).unwrap();
    let options = Options {
        follow: true,
        ..Options::default()
    };
    let mut items = open(&[Location::Glob(file("a.log*"))], options).unwrap();
    assert_eq!(next(&mut items, 1), ["0"]);
    for round in 1..4 {
        for generation in (0..round).rev() {
            let name = |generation| match generation {
                0 => file("a.log"),
                n => file(&format!("a.log.{n}")),
            };
            fs::rename(name(generation), name(generation + 1)).unwrap();
        }
        append(&file("a.log"), &line(round));
        // How many notices tell of it depends on what is seen between the renames.
        let record = loop {
            let found = next(&mut items, 1).remove(0);
            if found.parse::<usize>().is_ok() {
                break found;
            }
        };
        assert_eq!(record, round.to_string());
        assert!(is_silent(&mut items));
    }
}

#[test]
fn what_follows_ends_when_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.log");
    fs::write(&path, lines([0])).unwrap();
    let mut items = follow(&path);
    assert_eq!(next(&mut items, 1), ["0"]);
    let stop = items.stop();
    let stopper = thread::spawn(move || {
        thread::sleep(Duration::from_millis(100));
        stop.stop();
    });
    assert!(items.next().is_none());
    stopper.join().unwrap();
}
