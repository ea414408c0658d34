//! The sources that a command reads from, and how it ends when one fails.

use std::fs;

use anyhow::Context as _;

use super::queue_folder;
use crate::config::Config;
use crate::error::{Error, Exit};
use crate::source::{Location, SourceError, Token};

/// The environment variable with the operator's token.
const TOKEN_VARIABLE: &str = "SOLIPLEX_OPERATOR_TOKEN";

/// What was named, or else the configured server, or else the local queue.
pub(super) fn locations(named: Vec<Location>, config: &Config) -> anyhow::Result<Vec<Location>> {
    if !named.is_empty() {
        return Ok(named);
    }
    Ok(vec![match &config.server {
        Some(server) => Location::Server(server.value.trim_end_matches('/').to_owned()),
        None => Location::path(queue_folder(config)?),
    }])
}

/// The operator's token, from the configured file or the environment.
pub(super) fn token(config: &Config) -> anyhow::Result<Option<Token>> {
    let text = match &config.operator_token_file {
        Some(file) => fs::read_to_string(&file.value)
            .with_context(|| format!("cannot read the token {}", file.value.display()))?,
        None => std::env::var(TOKEN_VARIABLE).unwrap_or_default(),
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let token = Token::new(text);
    token.map(Some).ok_or_else(|| {
        Error::usage(
            "the operator's token holds a line end or another character that no header takes",
        )
        .into()
    })
}

/// An error of a source with the exit code that it means.
pub(super) fn failed(error: SourceError) -> anyhow::Error {
    let exit = match &error {
        SourceError::Refused { .. } => Exit::Refused,
        SourceError::Unreachable { .. } => Exit::Unreachable,
        _ => return error.into(),
    };
    Error::new(exit, error.to_string()).into()
}
