//! The groups that are known already, in a file to be kept with the code.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::error::{Error, Exit};
use crate::fingerprint::VERSION;
use crate::small_file;

/// The largest file that is read: far more groups than anybody reviews.
const MAX_BYTES: u64 = 64 << 20;

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
        let text = small_file::read_up_to(path, MAX_BYTES).and_then(small_file::text);
        let text = text.with_context(|| {
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

/// What stands in the file instead, and how to make a baseline.
fn not_a_baseline(path: &Path, text: &str, cause: &serde_json::Error) -> Error {
    let is_report = ["\"leftOut\"", "\"exemplar\""]
        .iter()
        .any(|key| text.contains(key));
    let path = path.display();
    let how = format!("make one with `soliplex fingerprint SOURCE --write-baseline {path}`");
    match is_report {
        true => Error::usage(format!(
            "{path} is no baseline but a report, which names only the groups at the top; {how}"
        )),
        false => Error::new(
            Exit::Failed,
            format!("{path} is no baseline: {cause}; {how}"),
        ),
    }
}
