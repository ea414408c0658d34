//! What the flags and the configuration come to.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::{Builder, Runtime};

use crate::cli::upload::UploadArgs;
use crate::config::{Config, Origin, PolicyError, Setting};
use crate::error::{Error, Exit};
use crate::sanitize::Sanitizer;
use crate::upload::{
    Credential, Endpoint, HttpTransport, LineHook, Observer, Options, TokenError, TokenSource,
    UploadError,
};

/// The smallest limit that any record fits under.
const MIN_BATCH_BYTES: u64 = 70_000;

/// Where to send to: what was typed, or else what is configured.
pub(in crate::command) fn endpoint(
    typed: Option<&str>,
    config: &Config,
) -> anyhow::Result<Endpoint> {
    let chosen = chosen_endpoint(typed, config).ok_or_else(|| {
        Error::usage("no endpoint: give --endpoint URL, or set `endpoint` in the configuration")
    })?;
    let endpoint = Endpoint::parse(&chosen.value).map_err(|error| {
        Error::usage(match chosen.origin {
            Origin::Flag(_) => error.to_string(),
            origin => format!("{error} ({origin})"),
        })
    })?;
    permitted(endpoint, config).map_err(|error| Error::usage(error.to_string()).into())
}

/// What was typed, or else what is configured, and who set it.
pub(in crate::command) fn chosen_endpoint(
    typed: Option<&str>,
    config: &Config,
) -> Option<Setting<String>> {
    // A variable that is empty stands for none.
    let typed = typed.filter(|value| !value.is_empty());
    let typed = typed.map(|value| Setting {
        value: value.to_owned(),
        origin: Origin::of_typed(value, "--endpoint", "SOLIPLEX_ENDPOINT"),
    });
    typed
        .or_else(|| config.endpoint.clone())
        .or_else(|| config.server.clone())
}

/// The file with the token, and who named it.
pub(in crate::command) fn chosen_token_file(
    typed: Option<&Path>,
    config: &Config,
) -> Option<Setting<PathBuf>> {
    let typed = typed.filter(|path| !path.as_os_str().is_empty());
    let typed = typed.map(|path| Setting {
        value: path.to_owned(),
        origin: Origin::of_typed(
            &path.to_string_lossy(),
            "--token-file",
            "SOLIPLEX_TOKEN_FILE",
        ),
    });
    typed.or_else(|| config.token_file.clone())
}

/// The endpoint if the policy lets records be sent there, as the policy spells
/// it if it does.
fn permitted(endpoint: Endpoint, config: &Config) -> Result<Endpoint, PolicyError> {
    let policy = &config.policy;
    policy.check_shipping()?;
    policy.check_endpoint(&endpoint)?;
    Ok(policy.locked_endpoint()?.unwrap_or(endpoint))
}

/// Where the token comes from. With --follow the file may still be to come;
/// otherwise it is tried once, so that a bad one is told at once.
pub(super) fn tokens(args: &UploadArgs, config: &Config) -> anyhow::Result<TokenSource> {
    let mut source = token_source(&args.token_env, args.token_file.as_ref(), config)?;
    if !args.follow {
        source.credential().map_err(token_error)?;
    }
    Ok(source)
}

/// The credential as of now.
pub(in crate::command) fn credential(
    variable: &Option<String>,
    file: Option<&PathBuf>,
    config: &Config,
) -> anyhow::Result<Credential> {
    token_source(variable, file, config)?
        .credential()
        .map_err(token_error)
}

pub(in crate::command) fn token_source(
    variable: &Option<String>,
    file: Option<&PathBuf>,
    config: &Config,
) -> anyhow::Result<TokenSource> {
    match (
        variable,
        chosen_token_file(file.map(PathBuf::as_path), config),
    ) {
        (Some(name), _) => TokenSource::environment(name).map_err(token_error),
        (None, Some(file)) => Ok(TokenSource::file(&file.value)),
        (None, None) => Ok(TokenSource::Anonymous),
    }
}

/// Connections to an endpoint; what it says is sanitized, since it may repeat
/// what it was sent.
pub(in crate::command) fn transport(
    endpoint: Endpoint,
    timeout: Duration,
    sanitizer: &Sanitizer,
) -> anyhow::Result<HttpTransport> {
    let sanitizer = sanitizer.clone();
    let transport = HttpTransport::new(endpoint, timeout).context("cannot set up connections")?;
    Ok(transport.with_reply_hook(Arc::new(move |said| {
        sanitizer.sanitize_line(said).into_owned()
    })))
}

pub(super) fn options(
    args: &UploadArgs,
    config: &Config,
    sanitizer: &Sanitizer,
    observer: Box<dyn Observer>,
) -> anyhow::Result<Options> {
    if args.max_batch_bytes < MIN_BATCH_BYTES {
        return Err(Error::usage(format!(
            "--max-batch-bytes is at least {MIN_BATCH_BYTES}, so that any record fits"
        ))
        .into());
    }
    Ok(Options {
        batch_records: args.batch_size,
        max_body_bytes: usize::try_from(args.max_batch_bytes)?,
        wire: args.wire,
        resource: config.resource.clone(),
        max_failures: (!args.follow).then(|| u32::try_from(args.attempts).unwrap_or(u32::MAX)),
        max_refused_at_first: Options::default()
            .max_refused_at_first
            // Those among the dead letters are buried already.
            .filter(|_| !args.bury_all && !args.dead_letter),
        line_hook: Some(sanitizing(sanitizer.clone())),
        observer,
        ..Options::default()
    })
}

/// Sanitizes what is sent: queues of other clients went through weaker sanitizers than ours.
pub(in crate::command) fn sanitizing(sanitizer: Sanitizer) -> LineHook {
    Box::new(move |lines| {
        let mut sanitizer = sanitizer.lines();
        for line in lines {
            sanitizer.clean_in_place(line);
        }
    })
}

/// One thread is enough for one connection, and switches less.
pub(in crate::command) fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the network")
}

/// An error of the uploader with its exit code.
pub(super) fn as_error(error: UploadError) -> anyhow::Error {
    match error {
        UploadError::Token(error) => token_error(error),
        UploadError::Backlog(error) => anyhow::Error::from_boxed(error),
    }
}

fn token_error(error: TokenError) -> anyhow::Error {
    Error::new(Exit::Usage, error.to_string()).into()
}
