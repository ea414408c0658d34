//! The groups that are known already, in a file to be kept with the code.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::command::target;
use crate::error::{Error, Exit};
use crate::fingerprint::VERSION;
use crate::record::structured;
use crate::small_file;

/// The largest file that is read: far more groups than anybody reviews.
const MAX_BYTES: u64 = 64 << 20;

/// What `--write-baseline` writes.
pub(super) const KIND: target::Kind = target::Kind {
    flag: "--write-baseline",
    name: "baseline",
    example: EXAMPLE,
    is_one: |path| text_of(path).is_ok_and(|text| serde_json::from_str::<Baseline>(&text).is_ok()),
};

/// What a baseline may be called.
const EXAMPLE: &str = "baseline.json";

/// Groups by their fingerprints, in words that say which they are: the file's
/// lines are sorted, so that a change of it can be reviewed.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    version: String,
    fingerprints: BTreeMap<String, String>,
}

impl Default for Baseline {
    fn default() -> Baseline {
        Baseline {
            version: VERSION.to_owned(),
            fingerprints: BTreeMap::new(),
        }
    }
}

impl Baseline {
    /// Reads a file that [`write`](Baseline::write) has written.
    pub(super) fn read(path: &Path) -> anyhow::Result<Baseline> {
        let text = text_of(path).with_context(|| {
            format!(
                "cannot read the baseline {}; --write-baseline makes one",
                path.display()
            )
        })?;
        let baseline: Baseline =
            serde_json::from_str(&text).map_err(|cause| not_a_baseline(path, &text, &cause))?;
        if baseline.version != VERSION {
            return Err(Error::usage(format!(
                "the baseline {} holds fingerprints {} and these are {VERSION}; write it anew with --write-baseline",
                path.display(),
                baseline.version
            ))
            .into());
        }
        Ok(baseline)
    }

    /// Puts it in the place of the file, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let failed = || format!("cannot write the baseline {}", path.display());
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let write = || -> anyhow::Result<()> {
            if path.exists() && !path.is_file() {
                // A pipe is written to; a file in its place would be another.
                let mut json = serde_json::to_vec_pretty(self)?;
                json.push(b'\n');
                fs::write(path, json)?;
                return Ok(());
            }
            let mut file = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.persist(path)?;
            Ok(())
        };
        write().with_context(failed)
    }

    /// Makes the groups of a report known.
    pub(super) fn add(&mut self, report: &Report) {
        for group in &report.groups {
            let words = match group.place() {
                Some(place) => format!("{} in {place}", group.exception_type),
                None if group.exception_type.is_empty() => group.exemplar.clone(),
                None => group.exception_type.clone(),
            };
            self.fingerprints.insert(group.fingerprint.clone(), words);
        }
    }

    pub(super) fn has(&self, fingerprint: &str) -> bool {
        self.fingerprints.contains_key(fingerprint)
    }

    pub(super) fn len(&self) -> usize {
        self.fingerprints.len()
    }
}

fn text_of(path: &Path) -> io::Result<String> {
    small_file::read_up_to(path, MAX_BYTES).and_then(small_file::text)
}

/// What stands in the file instead, and how to make a baseline beside it.
fn not_a_baseline(path: &Path, text: &str, cause: &serde_json::Error) -> Error {
    let is_report = ["\"leftOut\"", "\"exemplar\""]
        .iter()
        .any(|key| text.contains(key));
    let is_log = || structured::from_json(text.lines().next().unwrap_or_default()).is_some();
    let other = match path.file_name() {
        Some(name) if name == EXAMPLE => "new-baseline.json",
        _ => EXAMPLE,
    };
    let path = path.display();
    let made_of =
        |source: &str| format!("`soliplex fingerprint {source} --write-baseline {other}`");
    if is_report {
        return Error::usage(format!(
            "{path} is no baseline but a report, which names only the groups at the top; make one with {}",
            made_of("SOURCE")
        ));
    }
    let text = match is_log() {
        true => format!(
            "{path} is no baseline but looks like a log; {} makes a baseline of it",
            made_of(&path.to_string())
        ),
        false => format!(
            "{path} is no baseline: {cause}; make one with {}",
            made_of("SOURCE")
        ),
    };
    Error::new(Exit::Failed, text)
}
