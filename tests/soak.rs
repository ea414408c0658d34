//! The whole system under trouble, by the script `tests/soak`.

use std::path::Path;
use std::process::Command;

#[test]
fn every_record_is_accounted_for_through_kills_restarts_and_a_full_disk() {
    soak(4);
}

#[test]
#[ignore = "takes ten minutes; cargo test soak -- --ignored"]
fn every_record_is_accounted_for_after_ten_minutes_of_trouble() {
    soak(600);
}

fn soak(seconds: u32) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/soak");
    let output = Command::new("bash")
        .arg(script)
        .arg(seconds.to_string())
        .arg(env!("CARGO_BIN_EXE_soliplex"))
        .output()
        .expect("bash runs");
    let told =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success(), "{}", told.concat());
}
