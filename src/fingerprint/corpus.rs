//! Reads `fixtures/stacktraces` for the tests; its README says how it is laid
//! out.

use std::fs;
use std::path::Path;

use super::{Fingerprint, Occurrence};

/// One way in which a bug was seen.
pub(super) struct Sighting {
    /// The file, and what its mark says.
    pub(super) title: String,
    pub(super) error: Option<String>,
    pub(super) failure: Option<String>,
    pub(super) stack: Option<String>,
}

/// A bug: its file, and how it was seen.
pub(super) struct Bug {
    pub(super) file: String,
    pub(super) sightings: Vec<Sighting>,
}

impl Sighting {
    pub(super) fn fingerprint(&self) -> Fingerprint {
        let stack = self.stack.as_deref();
        of_parts(
            self.error.as_deref(),
            stack,
            self.failure.as_deref(),
            "app",
            "it failed",
        )
    }
}

/// All bugs of all languages.
pub(super) fn read() -> Vec<Bug> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/stacktraces");
    let mut bugs = Vec::new();
    for language in entries(&root).iter().filter(|path| path.is_dir()) {
        for file in entries(language) {
            let name = file.strip_prefix(&root).unwrap().display().to_string();
            let text = fs::read_to_string(&file).unwrap();
            let sightings = text
                .split("%% ")
                .skip(1)
                .map(|part| sighting(&name, part))
                .collect();
            bugs.push(Bug {
                file: name,
                sightings,
            });
        }
    }
    assert!(bugs.len() > 50, "the fixtures are missing");
    bugs
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn sighting(file: &str, part: &str) -> Sighting {
    let (mark, mut rest) = part.split_once('\n').unwrap();
    assert!(
        mark.starts_with("must: ") || mark.starts_with("nice: "),
        "{file}: {mark}"
    );
    let mut sighting = Sighting {
        title: format!("{file} ({mark})"),
        error: None,
        failure: None,
        stack: None,
    };
    while let Some((line, after)) = rest.split_once('\n') {
        if let Some(error) = line.strip_prefix("error: ") {
            sighting.error = Some(error.replace("\\n", "\n"));
        } else if let Some(failure) = line.strip_prefix("failure: ") {
            sighting.failure = Some(failure.to_owned());
        } else {
            break;
        }
        rest = after;
    }
    sighting.stack = Some(rest.to_owned()).filter(|stack| !stack.is_empty());
    sighting
}

/// The fingerprint of the parts of a record that count.
pub(super) fn of_parts(
    error: Option<&str>,
    stack: Option<&str>,
    failure: Option<&str>,
    logger: &str,
    message: &str,
) -> Fingerprint {
    super::of(&Occurrence {
        error: error.map(Into::into),
        stack_trace: stack.map(Into::into),
        failure: failure.map(Into::into),
        logger: logger.into(),
        message: message.into(),
        ..Occurrence::default()
    })
}
