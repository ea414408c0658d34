//! Behaviour of the command line as data: every file in `tests/cmd/`.
//!
//! `TRYCMD=overwrite cargo test cases` writes what is printed now into them.

use crate::support::Home;

#[test]
fn every_case_prints_what_it_says() {
    let home = Home::new();
    trycmd::TestCases::new()
        .env("HOME", home.path("").display().to_string())
        .env(
            "SOLIPLEX_STATE_DIR",
            home.path("state").display().to_string(),
        )
        .case("tests/cmd/*.trycmd");
}
