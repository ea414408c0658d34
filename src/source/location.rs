//! What a person may name as a source.

use std::convert::Infallible;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::fleet::FleetUrl;

/// Where records are to be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A queue folder or a file, plain or compressed. Which of them it is
    /// shows when it is opened: while following it need not be there yet.
    Path(PathBuf),
    /// Every file whose name matches: a path whose last part has `*`, `?` or
    /// `[`. A file that is there under that very name is meant itself.
    Glob(PathBuf),
    /// The standard input.
    Stdin,
    /// The base URL of a server, without a slash at its end.
    Server(String),
    /// The servers of NATS on which a fleet keeps its records:
    /// `nats://HOST[,HOST…]`.
    Fleet(String),
}

impl Location {
    /// The location as the path of a file or a folder; a path is never taken
    /// for a pattern or a URL.
    pub fn path(path: impl Into<PathBuf>) -> Location {
        Location::Path(path.into())
    }
}

impl Location {
    /// What a path that is not there was meant to be, if it has the form of an
    /// address: `localhost:8080`, or a URL of a scheme that is none of ours.
    pub fn meant_as_address(&self) -> Option<MeantAs> {
        let (Location::Path(path) | Location::Glob(path)) = self else {
            return None;
        };
        let text = path.to_str().filter(|_| !path.exists())?;
        if let Some((scheme, rest)) = text.split_once("://") {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
            if scheme.is_empty() || !scheme.chars().all(is_plain) {
                return None;
            }
            return Some(match scheme.eq_ignore_ascii_case("file") {
                true => MeantAs::File(rest.to_owned()),
                false => MeantAs::OtherScheme(scheme.to_owned()),
            });
        }
        let authority = text.split('/').next().unwrap_or_default();
        let (host, port) = authority.rsplit_once(':')?;
        let is_host = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
        let is_one = !host.is_empty() && host.chars().all(is_host) && port.parse::<u16>().is_ok();
        is_one.then(|| MeantAs::Server(format!("http://{text}")))
    }
}

/// What a path that is no file was meant to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MeantAs {
    /// The server with this URL.
    Server(String),
    /// The file with this path.
    File(String),
    /// A URL of this scheme.
    OtherScheme(String),
}

impl FromStr for Location {
    type Err = Infallible;

    /// Reads a SOURCE as it is typed: `-`, an `http://` or `https://` URL, a
    /// `nats://` or `tls://` URL, a pattern, or else a path.
    fn from_str(text: &str) -> Result<Location, Infallible> {
        let is_url = |scheme: &str| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        };
        Ok(match text {
            "-" | "/dev/stdin" | "/dev/fd/0" | "/proc/self/fd/0" => Location::Stdin,
            _ if is_url("http://") || is_url("https://") => {
                Location::Server(text.trim_end_matches('/').to_owned())
            }
            _ if FleetUrl::is_one(text) => Location::Fleet(text.to_owned()),
            _ if has_wildcard(Path::new(text)) => Location::Glob(text.into()),
            _ => Location::Path(text.into()),
        })
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Location::Path(path) | Location::Glob(path) => path.display().fmt(f),
            Location::Stdin => f.write_str("standard input"),
            Location::Server(url) => f.write_str(url),
            Location::Fleet(url) => match url.parse::<FleetUrl>() {
                Ok(url) => url.fmt(f),
                // It may hold a password.
                Err(_) => f.write_str("nats"),
            },
        }
    }
}

fn has_wildcard(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().contains(['*', '?', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(text: &str) -> Location {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_is_told_from_a_path_that_is_not_there() {
        let meant = |text: &str| location(text).meant_as_address();
        let server = |url: &str| Some(MeantAs::Server(url.to_owned()));
        assert_eq!(meant("localhost:8080"), server("http://localhost:8080"));
        assert_eq!(
            meant("logs.test:80/base"),
            server("http://logs.test:80/base")
        );
        assert_eq!(meant("[::1]:8080"), server("http://[::1]:8080"));
        let other = MeantAs::OtherScheme("ftp".to_owned());
        assert_eq!(meant("ftp://u:secret@host/a"), Some(other));
        assert_eq!(meant("file:///a"), Some(MeantAs::File("/a".to_owned())));
        for path in [
            "a.jsonl",
            "a:b",
            "a/b:80",
            ":80",
            "a:70000",
            "C:\\logs",
            "-",
            "http://a:80",
        ] {
            assert_eq!(meant(path), None, "{path}");
        }
    }

    #[test]
    fn a_source_is_told_by_how_it_is_typed() {
        assert_eq!(location("-"), Location::Stdin);
        assert_eq!(
            location("HTTPS://logs.test/base//"),
            Location::Server("HTTPS://logs.test/base".to_owned())
        );
        assert_eq!(
            location("nats://a,b*"),
            Location::Fleet("nats://a,b*".to_owned())
        );
        assert_eq!(location("a/*.jsonl"), Location::Glob("a/*.jsonl".into()));
        assert_eq!(location("a*/b.jsonl"), Location::path("a*/b.jsonl"));
        assert_eq!(location("http.jsonl"), Location::path("http.jsonl"));
    }
}
