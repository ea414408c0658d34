//! The credential that a request carries, and where it comes from.

use std::env::VarError;
use std::fmt;
use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The most bytes a token may have; a header that is longer is refused by
/// most servers.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A bearer token. Its `Debug` is redacted and it has no `Display`, so that it
/// cannot end up in a log by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Reads a token from text; white space around it and a leading `Bearer`
    /// are dropped.
    ///
    /// # Errors
    ///
    /// [`TokenError`] for a token that is empty, too long, or that holds white
    /// space or other characters that no token has.
    pub fn parse(text: &str) -> Result<Token, TokenError> {
        let text = text.trim();
        let text = match text.split_once(char::is_whitespace) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => rest.trim_start(),
            _ => text,
        };
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        if text.contains(['\n', '\r']) {
            return Err(TokenError::SeveralLines);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::BadCharacter);
        }
        Ok(Token(text.to_owned()))
    }

    /// The token itself, for the one header that carries it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(redacted)")
    }
}

/// Why there is no usable token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is nothing but white space.
    #[error("the token is empty")]
    Empty,
    /// It is longer than [`MAX_TOKEN_BYTES`].
    #[error("the token is longer than {MAX_TOKEN_BYTES} bytes")]
    TooLong,
    /// A line end stands inside it.
    #[error("the token has a line end inside; it should be one line")]
    SeveralLines,
    /// It holds white space, a control character or a letter outside ASCII.
    #[error("the token holds white space or a character that no token has")]
    BadCharacter,
    /// The file cannot be read.
    #[error("cannot read the token file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file can be read, but what it holds is no token.
    #[error("the token file {} is not usable: {source}", path.display())]
    FileContent {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: Box<TokenError>,
    },
    /// The environment variable is not set, or what it holds is no token.
    #[error("the environment variable {name} holds no usable token: {reason}")]
    Environment {
        /// The variable.
        name: String,
        /// Why not.
        reason: String,
    },
}

/// What a request is to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// No token is known yet: nothing is sent until one is.
    Pending,
    /// No `Authorization` header.
    Anonymous,
    /// `Authorization: Bearer` with this token.
    Bearer(Token),
}

/// Where the credential comes from; asked before every request.
pub enum TokenSource {
    /// No token, ever.
    Anonymous,
    /// The same token, ever.
    Fixed(Token),
    /// A file, read again when it changes.
    File(TokenFile),
    /// A program's own provider: `None` while there is no token yet, an empty
    /// text for no header.
    Provider(Box<dyn Fn() -> Option<String> + Send + Sync>),
}

impl TokenSource {
    /// A source that reads `path`, again whenever it changes.
    pub fn file(path: &Path) -> TokenSource {
        TokenSource::File(TokenFile {
            path: path.to_owned(),
            seen: None,
        })
    }

    /// A source with the token of an environment variable, read now.
    ///
    /// # Errors
    ///
    /// [`TokenError::Environment`].
    pub fn environment(name: &str) -> Result<TokenSource, TokenError> {
        let fail = |reason: String| TokenError::Environment {
            name: name.to_owned(),
            reason,
        };
        // The error of a value that is no UTF-8 would quote it.
        let text = std::env::var(name).map_err(|error| match error {
            VarError::NotPresent => fail("it is not set".to_owned()),
            VarError::NotUnicode(_) => fail("it is not valid UTF-8".to_owned()),
        })?;
        let token = Token::parse(&text).map_err(|error| fail(error.to_string()))?;
        Ok(TokenSource::Fixed(token))
    }

    /// The credential as of now.
    ///
    /// # Errors
    ///
    /// What [`Token::parse`] finds, and a file that cannot be read.
    pub fn credential(&mut self) -> Result<Credential, TokenError> {
        match self {
            TokenSource::Anonymous => Ok(Credential::Anonymous),
            TokenSource::Fixed(token) => Ok(Credential::Bearer(token.clone())),
            TokenSource::File(file) => file.read().map(Credential::Bearer),
            TokenSource::Provider(provider) => match provider() {
                None => Ok(Credential::Pending),
                Some(text) if text.is_empty() => Ok(Credential::Anonymous),
                Some(text) => Token::parse(&text).map(Credential::Bearer),
            },
        }
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenSource::Anonymous => "Anonymous",
            TokenSource::Fixed(_) => "Fixed(redacted)",
            TokenSource::File(_) => "File",
            TokenSource::Provider(_) => "Provider",
        })
    }
}

/// A token file and what was last read from it.
#[derive(Debug)]
pub struct TokenFile {
    path: PathBuf,
    seen: Option<(Version, Token)>,
}

/// What changes when a file is written or replaced: its time, its length, or
/// which file it is.
type Version = (Option<SystemTime>, u64, u64);

impl TokenFile {
    fn read(&mut self) -> Result<Token, TokenError> {
        let file_error = |source| TokenError::File {
            path: self.path.clone(),
            source,
        };
        let metadata = fs::metadata(&self.path).map_err(file_error)?;
        let version = version(&metadata);
        if let Some((seen, token)) = &self.seen
            && *seen == version
        {
            return Ok(token.clone());
        }
        let text = read_start(&self.path).map_err(file_error)?;
        let token = Token::parse(&text).map_err(|source| TokenError::FileContent {
            path: self.path.clone(),
            source: Box::new(source),
        })?;
        self.seen = Some((version, token.clone()));
        Ok(token)
    }
}

fn version(metadata: &Metadata) -> Version {
    #[cfg(unix)]
    let file = std::os::unix::fs::MetadataExt::ino(metadata);
    #[cfg(not(unix))]
    let file = 0;
    (metadata.modified().ok(), metadata.len(), file)
}

/// The file as text, no further than a token can reach.
fn read_start(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?
        .take(MAX_TOKEN_BYTES as u64 + 64)
        .read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_and_the_scheme_around_a_token_are_dropped() {
        for text in [
            "abc.def",
            " abc.def\r\n",
            "Bearer abc.def\n",
            "bearer  abc.def",
        ] {
            assert_eq!(Token::parse(text).unwrap().expose(), "abc.def", "{text:?}");
        }
    }

    #[test]
    fn a_token_that_no_header_can_carry_says_what_is_wrong() {
        let error = |text: &str| Token::parse(text).unwrap_err().to_string();
        assert_eq!(error(" \n"), "the token is empty");
        assert!(error("abc\ndef").contains("line end inside"));
        assert!(error("abc def").contains("white space"));
        assert!(error("abc\u{1b}def").contains("character"));
        assert!(error(&"x".repeat(MAX_TOKEN_BYTES + 1)).contains("longer"));
    }

    #[test]
    fn debug_never_shows_the_token() {
        let token = Token::parse("abc.def").unwrap();
        let source = TokenSource::Fixed(token.clone());
        assert!(!format!("{token:?} {source:?}").contains("abc"));
        assert!(!format!("{:?}", Credential::Bearer(token)).contains("abc"));
    }

    #[test]
    fn a_file_is_read_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let mut source = TokenSource::file(&path);
        assert!(
            source
                .credential()
                .unwrap_err()
                .to_string()
                .contains("cannot read")
        );
        fs::write(&path, "first\n").unwrap();
        let first = source.credential().unwrap();
        assert_eq!(first, Credential::Bearer(Token::parse("first").unwrap()));
        fs::write(&path, "another\n").unwrap();
        assert_ne!(source.credential().unwrap(), first);
        #[cfg(unix)]
        {
            // Another file of the same length and time in its place.
            let time = fs::metadata(&path).unwrap().modified().unwrap();
            let other = folder.path().join("other");
            fs::write(&other, "renewed\n").unwrap();
            let file = fs::File::options().write(true).open(&other).unwrap();
            file.set_modified(time).unwrap();
            fs::rename(&other, &path).unwrap();
            let renewed = Credential::Bearer(Token::parse("renewed").unwrap());
            assert_eq!(source.credential().unwrap(), renewed);
        }
        fs::write(&path, "").unwrap();
        let error = source.credential().unwrap_err().to_string();
        assert!(
            error.ends_with("is not usable: the token is empty"),
            "{error}"
        );
    }

    #[test]
    fn a_provider_may_have_no_token_yet_or_none_at_all() {
        let credential = |text: Option<&str>| {
            let text = text.map(str::to_owned);
            TokenSource::Provider(Box::new(move || text.clone()))
                .credential()
                .unwrap()
        };
        assert_eq!(credential(None), Credential::Pending);
        assert_eq!(credential(Some("")), Credential::Anonymous);
        assert!(matches!(credential(Some("abc")), Credential::Bearer(_)));
    }
}
