//! How a command can end: the table of exit codes, and the error that names
//! one of them.

use std::fmt;
use std::process::ExitCode;

/// The exit codes that scripts rely on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; also Ctrl-C in `tail`, and a closed pipe.
    #[default]
    Done,
    /// 1: a runtime error.
    Failed,
    /// 2: the command line or a configured value makes no sense.
    Usage,
    /// 3: `sanitize --check` found something, or `fingerprint --baseline` a
    /// new group.
    Findings,
    /// 4: damage in a queue, also after a repair, or lines of a replayed file
    /// that are no records.
    Damage,
    /// 5: some records went to the dead letters, or fewer than expected were
    /// accepted.
    Partial,
    /// 6: the server refused the token: 401 or 403.
    Refused,
    /// 7: the server is unreachable or has no such endpoint (404), or still
    /// failed when attempts ran out.
    Unreachable,
    /// 8: `--until-match` did not match in time.
    TimedOut,
    /// What the program that `run` recorded ended with.
    Program(u8),
}

impl Exit {
    /// Every way to end with a code of our own, in the order of the codes.
    pub const ALL: [Exit; 9] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Findings,
        Exit::Damage,
        Exit::Partial,
        Exit::Refused,
        Exit::Unreachable,
        Exit::TimedOut,
    ];

    /// The number that the process exits with.
    pub const fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Findings => 3,
            Exit::Damage => 4,
            Exit::Partial => 5,
            Exit::Refused => 6,
            Exit::Unreachable => 7,
            Exit::TimedOut => 8,
            Exit::Program(code) => code,
        }
    }

    /// What the code means, in the words of the manual.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "done; also Ctrl-C in tail, and a closed pipe",
            Exit::Failed => "runtime error",
            Exit::Usage => "usage",
            Exit::Findings => {
                "findings: sanitize --check found something, fingerprint --baseline found a new group"
            }
            Exit::Damage => {
                "damage found in a queue (also after a repair), or in what upload --replay sends"
            }
            Exit::Partial => {
                "partial: some records went to the dead letters, or fewer were accepted than expected"
            }
            Exit::Refused => "refused: 401 or 403",
            Exit::Unreachable => {
                "server unreachable or without such an endpoint (404), or still failing when attempts ran out"
            }
            Exit::TimedOut => "--until-match timed out",
            Exit::Program(_) => "what the program that run recorded ended with",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error that ends the process with a code of its own.
///
/// Any other error ends it with [`Exit::Failed`].
#[derive(Debug)]
pub struct Error {
    exit: Exit,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error with its exit code and what it says.
    pub fn new(exit: Exit, message: impl Into<String>) -> Error {
        Error {
            exit,
            message: message.into(),
            source: None,
        }
    }

    /// A command line or a configured value that makes no sense.
    pub fn usage(message: impl Into<String>) -> Error {
        Error::new(Exit::Usage, message)
    }

    /// Adds the error that this one came from.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        self.source = Some(source.into());
        self
    }

    /// The code that the process should end with.
    pub fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and what caused it, in one line. A cause that the text before it
/// already holds is not said again: what is made to be printed alone names it.
pub fn in_one_line(error: &anyhow::Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text.push_str(": ");
            text.push_str(&cause);
        }
    }
    text
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_the_manual() {
        let codes: Vec<u8> = Exit::ALL.into_iter().map(Exit::code).collect();
        assert_eq!(codes, [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    }
}
