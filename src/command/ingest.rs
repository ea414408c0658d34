//! `soliplex ingest serve`: the backend endpoint.

mod access_log;
mod forwarding;

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::{Context, sanitizer::sanitizer};
use crate::cli::ingest::{DEFAULT_LEEWAY, IngestCommand, Listen, ServeArgs};
use crate::error::{Error, Exit};
use crate::fleet::{Access, ConnectError};
use crate::ingest::auth::{Auth, Jwks, Key, OperatorTokens, Secret, Source, Tokens};
use crate::ingest::store::{
    AlertRule, NatsOptions, NatsStore, Retention, SqliteStore, Store, StoreUrl,
};
use crate::ingest::{self, App, Limits, Listener, RemoteLevel, Settings, Webhook};
use crate::small_file;
use access_log::AccessLogWriter;

/// No leeway may be larger: a token that expired must soon be worth nothing.
const MAX_LEEWAY: Duration = Duration::from_secs(60);

/// How many threads may wait for a disk at a time. Each may have the store
/// open for a reader, and a page of records in memory.
const MAX_BLOCKING_THREADS: usize = 64;

pub(super) fn run(command: IngestCommand, context: &mut Context) -> anyhow::Result<Exit> {
    match command {
        IngestCommand::Serve(args) => serve(&args, context),
    }
}

fn serve(args: &ServeArgs, context: &mut Context) -> anyhow::Result<Exit> {
    let listen: Vec<Place> = args
        .listen
        .iter()
        .map(resolved)
        .collect::<anyhow::Result<_>>()?;
    let mut settings = settings(args, &listen, context)?;
    let access_log = args
        .access_log
        .as_deref()
        .map(AccessLogWriter::start)
        .transpose()?;
    settings.access_log = access_log.as_ref().map(AccessLogWriter::log);
    let tls = match (&args.tls_cert, &args.tls_key) {
        (Some(chain), Some(key)) => {
            let tls = ingest::tls(&read_bytes(chain)?, &read_bytes(key)?);
            Some(tls.map_err(|error| Error::usage("--tls-cert and --tls-key").because(error))?)
        }
        _ => None,
    };
    let bound: Vec<Bound> = listen.iter().map(bind).collect::<anyhow::Result<_>>()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(MAX_BLOCKING_THREADS)
        .build()?;
    runtime.block_on(async {
        let store = store(args, &settings, context).await?;
        let app = Arc::new(App::new(store, settings));
        let mut listeners = Vec::new();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let page = bound.iter().find_map(|bound| bound.page(scheme));
        for bound in bound {
            let (listener, place) = bound.into_listener(scheme)?;
            listeners.push(listener.with_tls(tls.clone()));
            context.printer.note(format_args!("listening on {place}"));
        }
        if let Some(page) = page {
            context
                .printer
                .note(format_args!("the page for operators is at {page}"));
        }
        ingest::serve(listeners, app, shutdown()?).await?;
        if let Some(access_log) = access_log {
            access_log.finish();
        }
        Ok(Exit::Done)
    })
}

/// The store that is named, or a file in the state folder.
async fn store(
    args: &ServeArgs,
    settings: &Settings,
    context: &mut Context,
) -> anyhow::Result<Arc<dyn Store>> {
    let alerts = settings.webhook.as_ref().map(|webhook| webhook.rule);
    let url = match &args.store {
        Some(StoreUrl::Nats(url)) => url,
        Some(StoreUrl::Sqlite(path)) => return Ok(Arc::new(SqliteStore::open(path, alerts)?)),
        None => {
            let path = context.config.state_dir.value.join("ingest.db");
            return Ok(Arc::new(SqliteStore::open(&path, alerts)?));
        }
    };
    let options = NatsOptions {
        url: url.clone(),
        access: Access {
            credentials: args.nats_credentials.clone(),
            ca: args.nats_ca.clone(),
        },
        replicas: args.replicas.map_or(url.replicas(), usize::from),
        retention: settings.retention,
        alerts,
    };
    let (store, problem) = NatsStore::open(options)
        .await
        .map_err(|error| match error {
            ConnectError::Refused { .. } => Error::new(Exit::Refused, error.to_string()),
            _ => Error::usage("--nats-credentials or --nats-ca").because(error),
        })?;
    if let Some(problem) = problem {
        context.printer.warn(format_args!(
            "{problem}; no records are taken in until it answers"
        ));
    }
    Ok(Arc::new(store))
}

fn settings(args: &ServeArgs, listen: &[Place], context: &mut Context) -> anyhow::Result<Settings> {
    let auth = auth(args, listen, context)?;
    let mut settings = Settings::new(auth, sanitizer(&context.config)?);
    settings.limits = Limits {
        body_bytes: usize::try_from(args.max_body)?,
        screenshot_bytes: usize::try_from(args.max_screenshot)?,
        head_bytes: usize::try_from(args.max_head)?,
        records: args.max_records,
        depth: args.max_depth.into(),
        header_timeout: args.head_timeout,
        body_timeout: args.body_timeout,
        connections: args.max_connections,
        user_rate: args.rate_user,
        session_rate: args.rate_session,
        address_rate: args.rate_address,
        ..Limits::default()
    };
    settings.retention = Retention {
        age: args.retention,
        bytes: args.max_store,
    };
    settings.origins = args.cors_origins.clone();
    settings.forward = forwarding::options(args, &mut context.printer)?;
    if let Some(path) = &args.logging_config {
        let levels = RemoteLevel::open(path);
        settings.remote_level =
            Some(levels.map_err(|error| Error::usage("--logging-config").because(error))?);
    } else if matches!(args.store, Some(StoreUrl::Nats(_))) {
        settings.remote_level = Some(RemoteLevel::shared());
    }
    if let (Some(url), Some(threshold)) = (&args.alert_webhook, args.alert_threshold) {
        let window = i64::try_from(args.alert_window.as_millis())?.max(1);
        settings.webhook = Some(Webhook {
            url: in_file_or_here(url)?,
            rule: AlertRule { threshold, window },
        });
    }
    Ok(settings)
}

/// A socket that is bound.
enum Bound {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixListener),
}

/// Where to listen, with an address for each name.
enum Place {
    Tcp(SocketAddr),
    Unix(PathBuf),
}

/// Finds the address of a name; of several the first of the kind that every
/// program takes.
fn resolved(listen: &Listen) -> anyhow::Result<Place> {
    let name = match listen {
        Listen::Tcp(address) => return Ok(Place::Tcp(*address)),
        Listen::Unix(path) => return Ok(Place::Unix(path.clone())),
        Listen::Name(name) => name,
    };
    let failed = || format!("cannot find the address of {name}; give it to --listen itself");
    let addresses: Vec<SocketAddr> = name.to_socket_addrs().with_context(failed)?.collect();
    let address = addresses.iter().find(|address| address.is_ipv4());
    let address = address.or(addresses.first()).with_context(failed)?;
    Ok(Place::Tcp(*address))
}

fn bind(place: &Place) -> anyhow::Result<Bound> {
    match place {
        Place::Tcp(address) => {
            let listener = TcpListener::bind(address).with_context(|| {
                format!("cannot listen on {address}; name another one with --listen")
            })?;
            listener.set_nonblocking(true)?;
            Ok(Bound::Tcp(listener))
        }
        #[cfg(unix)]
        Place::Unix(path) => {
            use std::fs;
            use std::os::unix::fs::FileTypeExt;
            use std::os::unix::net::{UnixListener, UnixStream};
            // A socket that nobody answers at was left behind by a crash. A
            // plain file refuses connections too, and is not ours to remove.
            let is_socket =
                fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
            let is_refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
            if is_socket && UnixStream::connect(path).is_err_and(is_refused) {
                fs::remove_file(path)?;
            }
            let listener = UnixListener::bind(path)
                .with_context(|| format!("cannot listen on {}", path.display()))?;
            listener.set_nonblocking(true)?;
            Ok(Bound::Unix(listener))
        }
        #[cfg(not(unix))]
        Place::Unix(_) => Err(Error::usage("unix sockets are not there on this system").into()),
    }
}

impl Bound {
    /// Where a browser on this machine finds the page; none for a unix socket.
    fn page(&self, scheme: &str) -> Option<String> {
        match self {
            Bound::Tcp(listener) => {
                let address = listener.local_addr().ok()?;
                Some(match address.ip().is_unspecified() {
                    true => format!("{scheme}://localhost:{}/", address.port()),
                    false => format!("{scheme}://{address}/"),
                })
            }
            #[cfg(unix)]
            Bound::Unix(_) => None,
        }
    }

    fn into_listener(self, scheme: &str) -> io::Result<(Listener, String)> {
        match self {
            Bound::Tcp(listener) => {
                let place = format!("{scheme}://{}", listener.local_addr()?);
                let listener = tokio::net::TcpListener::from_std(listener)?;
                Ok((Listener::tcp(listener), place))
            }
            #[cfg(unix)]
            Bound::Unix(listener) => {
                let address = listener.local_addr()?;
                let path = address.as_pathname().map(Path::display);
                let place = path.map_or_else(String::new, |path| format!("unix:{path}"));
                let listener = tokio::net::UnixListener::from_std(listener)?;
                Ok((Listener::unix(listener), place))
            }
        }
    }
}

/// Ends when the process is asked to stop.
fn shutdown() -> anyhow::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        Ok(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Without a handler there is nothing to wait for but the end.
        let _ = tokio::signal::ctrl_c().await;
    })
}

fn auth(args: &ServeArgs, listen: &[Place], context: &mut Context) -> anyhow::Result<Auth> {
    if args.no_auth {
        let is_open =
            |place: &&Place| matches!(place, Place::Tcp(address) if !address.ip().is_loopback());
        if let Some(Place::Tcp(open)) = listen.iter().find(is_open) {
            context.printer.warn(format_args!(
                "{open} can be reached from other machines: anyone there may write and read, and so may any web page that somebody there looks at, through a name that leads here"
            ));
        }
        for (flag, is_given) in [
            ("--issuer", args.issuer.is_some()),
            ("--audience", args.audience.is_some()),
            ("--leeway", args.leeway.is_some()),
        ] {
            if is_given {
                context.printer.warn(format_args!(
                    "{flag} has no effect: with --no-auth no token is looked at"
                ));
            }
        }
        return Ok(Auth::Open);
    }
    let leeway = args.leeway.unwrap_or(DEFAULT_LEEWAY);
    if leeway > MAX_LEEWAY {
        return Err(Error::usage("--leeway is at most 60s").into());
    }
    let mut keys = Vec::new();
    if let Some(file) = &args.jwt_secret_file {
        let secret = Secret::new(&read(file)?);
        keys.push(Key::hs256(&secret).map_err(|error| in_file(file, error))?);
    }
    for file in &args.jwt_public_keys {
        keys.push(Key::from_pem(&read(file)?).map_err(|error| in_file(file, error))?);
    }
    let source = match (&args.jwks_url, &args.jwks_file) {
        (Some(url), _) => Some(Source::Url(url.clone())),
        (None, Some(file)) => Some(Source::File(file.clone())),
        (None, None) => None,
    };
    if keys.is_empty() && source.is_none() {
        return Err(Error::usage(
            "no device could sign in; name a key with --jwt-secret-file, --jwt-public-key or --jwks-url, or use --no-auth",
        )
        .into());
    }
    let operator_file = args.operator_token_file.as_ref().or(context
        .config
        .operator_token_file
        .as_ref()
        .map(|set| &set.value));
    let operators = match operator_file {
        Some(file) => {
            OperatorTokens::from_lines(&read(file)?).map_err(|error| in_file(file, error))?
        }
        None => OperatorTokens::default(),
    };
    Ok(Auth::Tokens(Box::new(Tokens {
        keys,
        jwks: source.map(Jwks::new).transpose()?,
        issuer: args.issuer.clone(),
        audience: args.audience.clone(),
        leeway,
        operators,
        operator_claim: args.operator_claim.clone(),
    })))
}

/// A value, or what the file holds that it names as `@FILE`.
fn in_file_or_here(value: &Secret) -> anyhow::Result<Secret> {
    match value.expose().strip_prefix('@') {
        Some(file) => Ok(Secret::new(&read(Path::new(file))?)),
        None => Ok(value.clone()),
    }
}

fn read(file: &Path) -> anyhow::Result<String> {
    small_file::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn read_bytes(file: &Path) -> anyhow::Result<Vec<u8>> {
    small_file::read(file).with_context(|| format!("cannot read {}", file.display()))
}

fn in_file(file: &Path, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::usage(file.display().to_string()).because(error)
}
