//! `soliplex ingest serve`

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use super::reference::LEVELS;
use super::value;
use crate::ingest::Rate;
use crate::ingest::auth::Secret;
use crate::ingest::store::StoreUrl;

/// How far clocks may be apart if nobody says so.
pub const DEFAULT_LEEWAY: Duration = Duration::from_secs(30);

/// The backend.
#[derive(Debug, Subcommand)]
pub enum IngestCommand {
    /// Take records in over HTTP, store them, and show them to commands and on a page for operators
    Serve(Box<ServeArgs>),
}

/// Where to listen, where to store, whom to trust.
#[derive(Args, Debug)]
#[command(after_long_help = format!("\
Examples:
  soliplex ingest serve --no-auth
  soliplex ingest serve --listen 0.0.0.0:8080 --store sqlite:/var/lib/soliplex/ingest.db \\
      --jwt-public-key /etc/soliplex/issuer.pem --operator-token-file /etc/soliplex/operators
  LOGFIRE_TOKEN=… soliplex ingest serve --no-auth
  soliplex ingest serve --listen 0.0.0.0:8080 --store nats://n1,n2,n3 \\
      --nats-credentials /etc/soliplex/nats.creds --jwt-public-key /etc/soliplex/issuer.pem

Environment:
  LOGFIRE_TOKEN                 forward to Logfire with this write token
  LOGFIRE_BASE_URL              a Logfire of your own
  OTEL_EXPORTER_OTLP_ENDPOINT   forward to this collector; _LOGS_ENDPOINT, _HEADERS,
                                _PROTOCOL, _TIMEOUT are understood as well

{LEVELS}"))]
pub struct ServeArgs {
    /// Where to listen: ADDR:PORT or HOST:PORT (port 0 takes a free one), or unix:PATH (may be repeated)
    #[arg(
        long,
        value_name = "ADDR:PORT|unix:PATH",
        default_value = "127.0.0.1:8080"
    )]
    pub listen: Vec<Listen>,
    /// The store: one file, or a cluster of NATS with JetStream for a fleet of servers [default: ingest.db in the state folder]
    #[arg(long, value_name = "sqlite:PATH|nats://HOST,…")]
    pub store: Option<StoreUrl>,
    /// Keep each batch on this many of NATS' servers [default: 3 if as many hosts are named, else 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub replicas: Option<u8>,
    /// Sign in to NATS with this file: .creds, or a line of USER:PASSWORD, or a token
    #[arg(long, value_name = "FILE", env = "SOLIPLEX_NATS_CREDENTIALS")]
    pub nats_credentials: Option<PathBuf>,
    /// Speak TLS with NATS, and trust the authority in this PEM file
    #[arg(long, value_name = "FILE", env = "SOLIPLEX_NATS_CA")]
    pub nats_ca: Option<PathBuf>,
    /// Keep records for this long [default: for good]
    #[arg(long, value_name = "DURATION", value_parser = value::retention)]
    pub retention: Option<Duration>,
    /// Keep this much at the most, the oldest go first [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = value::store_size)]
    pub max_store: Option<u64>,

    /// Trust everyone; only on loopback, unless --listen says otherwise. From this machine only requests are let in whose Host is localhost, an address or the host of a --cors-origin
    #[arg(long, help_heading = "Who may", conflicts_with_all = ["jwt_secret_file", "jwt_public_keys", "jwks_url", "jwks_file", "operator_token_file", "operator_claim"])]
    pub no_auth: bool,
    /// Trust device tokens signed with the HS256 secret in this file
    #[arg(long, help_heading = "Who may", value_name = "FILE")]
    pub jwt_secret_file: Option<PathBuf>,
    /// Trust device tokens signed for this public key, in PEM (RSA, EC or Ed25519; may be repeated)
    #[arg(long = "jwt-public-key", help_heading = "Who may", value_name = "FILE")]
    pub jwt_public_keys: Vec<PathBuf>,
    /// Trust device tokens signed for a key of the set at this URL
    #[arg(long, help_heading = "Who may", value_name = "URL")]
    pub jwks_url: Option<String>,
    /// Trust device tokens signed for a key of the set in this file
    #[arg(
        long,
        help_heading = "Who may",
        value_name = "FILE",
        conflicts_with = "jwks_url"
    )]
    pub jwks_file: Option<PathBuf>,
    /// The `iss` that device tokens must have
    #[arg(long, help_heading = "Who may", value_name = "ISSUER")]
    pub issuer: Option<String>,
    /// The `aud` that device tokens must have
    #[arg(long, help_heading = "Who may", value_name = "AUDIENCE")]
    pub audience: Option<String>,
    /// How far clocks may be apart when a token's times are checked
    #[arg(
        long,
        help = format!(
            "How far clocks may be apart when a token's times are checked, at most 60s [default: {}]",
            humantime::format_duration(DEFAULT_LEEWAY)
        ),
        help_heading = "Who may",
        value_name = "DURATION",
        value_parser = value::duration
    )]
    pub leeway: Option<Duration>,
    /// Let readers in with one of the tokens in this file, one a line
    #[arg(long, help_heading = "Who may", value_name = "FILE")]
    pub operator_token_file: Option<PathBuf>,
    /// Let readers in with a device token that has this claim, such as scope=soliplex:read
    #[arg(long, help_heading = "Who may", value_name = "NAME=VALUE", value_parser = value::key_value)]
    pub operator_claim: Option<(String, String)>,
    /// Let web pages of this origin call the server (may be repeated)
    #[arg(long = "cors-origin", help_heading = "Who may", value_name = "ORIGIN")]
    pub cors_origins: Vec<String>,

    /// The largest body, after decoding
    #[arg(long, help_heading = "How much", value_name = "SIZE", default_value = "1MiB", value_parser = value::some_size)]
    pub max_body: u64,
    /// The largest screenshot
    #[arg(long, help_heading = "How much", value_name = "SIZE", default_value = "5MiB", value_parser = value::some_size)]
    pub max_screenshot: u64,
    /// The largest head of a request: its address and headers
    #[arg(long, help_heading = "How much", value_name = "SIZE", default_value = "64KiB", value_parser = value::some_size)]
    pub max_head: u64,
    /// How many records a request may have
    #[arg(long, help_heading = "How much", value_name = "N", default_value_t = 10_000, value_parser = value::count)]
    pub max_records: usize,
    /// How deep a record may be nested, at most 100
    #[arg(long, help_heading = "How much", value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub max_depth: u8,
    /// How long the head of a request may take, and how long a connection may be idle
    #[arg(long, help_heading = "How much", value_name = "DURATION", default_value = "15s", value_parser = value::some_time)]
    pub head_timeout: Duration,
    /// How long the body of a request may take
    #[arg(long, help_heading = "How much", value_name = "DURATION", default_value = "20s", value_parser = value::some_time)]
    pub body_timeout: Duration,
    /// How many connections may be open
    #[arg(
        long,
        help_heading = "How much",
        value_name = "N",
        default_value_t = 4096,
        value_parser = value::count
    )]
    pub max_connections: usize,
    /// How many records a user may send: N a second, or N/m, N/h; 0 is no limit
    #[arg(
        long,
        help_heading = "How much",
        value_name = "RATE",
        default_value = "1000"
    )]
    pub rate_user: Rate,
    /// How many records a session may send
    #[arg(
        long,
        help_heading = "How much",
        value_name = "RATE",
        default_value = "0"
    )]
    pub rate_session: Rate,
    /// How many records may come from one address (for IPv6: from one /64)
    #[arg(
        long,
        help_heading = "How much",
        value_name = "RATE",
        default_value = "0"
    )]
    pub rate_address: Rate,

    /// Forward records over OTLP to this collector; /v1/logs is added
    #[arg(long, help_heading = "Forwarding", value_name = "URL")]
    pub otlp_endpoint: Option<String>,
    /// A header for the collector; a value of @FILE is read from there (may be repeated)
    #[arg(long = "otlp-header", help_heading = "Forwarding", value_name = "NAME=VALUE|@FILE", value_parser = value::header)]
    pub otlp_headers: Vec<(String, Secret)>,
    /// Answer once records are stored, or only once they were forwarded
    #[arg(
        long,
        help_heading = "Forwarding",
        value_name = "WHEN",
        default_value = "async"
    )]
    pub forward: ForwardWhen,

    /// How many records may wait for the collector before more are answered 502
    #[arg(
        long,
        help_heading = "Forwarding",
        value_name = "N",
        default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u64).range(1..)
    )]
    pub max_backlog: u64,

    /// Tell apps the log levels in this TOML or JSON file, which is watched
    #[arg(long, help_heading = "Apps and errors", value_name = "FILE")]
    pub logging_config: Option<PathBuf>,
    /// Call this URL when an error comes up often; @FILE reads it from there
    #[arg(long, help_heading = "Apps and errors", value_name = "URL|@FILE", requires = "alert_threshold", value_parser = value::secret)]
    pub alert_webhook: Option<Secret>,
    /// How often that is
    #[arg(
        long,
        help_heading = "Apps and errors",
        value_name = "N",
        value_parser = clap::value_parser!(u64).range(1..),
        requires = "alert_webhook"
    )]
    pub alert_threshold: Option<u64>,
    /// Within what time
    #[arg(long, help_heading = "Apps and errors", value_name = "DURATION", default_value = "1h", value_parser = value::some_time)]
    pub alert_window: Duration,

    /// Speak TLS with the certificate chain in this PEM file
    #[arg(
        long,
        help_heading = "Operation",
        value_name = "FILE",
        requires = "tls_key"
    )]
    pub tls_cert: Option<PathBuf>,
    /// The private key of the certificate, in PEM
    #[arg(
        long,
        help_heading = "Operation",
        value_name = "FILE",
        requires = "tls_cert"
    )]
    pub tls_key: Option<PathBuf>,
    /// Write each request that was answered, as JSON, to this file (`-` is stderr)
    #[arg(long, help_heading = "Operation", value_name = "FILE")]
    pub access_log: Option<PathBuf>,
}

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen {
    /// On an address.
    Tcp(SocketAddr),
    /// On the address that a name and a port stand for, such as
    /// `localhost:8080`.
    Name(String),
    /// On a unix socket.
    Unix(PathBuf),
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Listen, String> {
        match text.strip_prefix("unix:") {
            Some("") => Err("unix: takes a path".to_owned()),
            Some(path) => Ok(Listen::Unix(path.into())),
            None => match text.parse() {
                Ok(address) => Ok(Listen::Tcp(address)),
                Err(_) if is_name_and_port(text) => Ok(Listen::Name(text.to_owned())),
                Err(_) => Err(
                    "an address looks like 127.0.0.1:8080, localhost:8080 or unix:PATH".to_owned(),
                ),
            },
        }
    }
}

/// Whether a text is a host's name and a port.
fn is_name_and_port(text: &str) -> bool {
    let is_of_a_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    text.rsplit_once(':').is_some_and(|(name, port)| {
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
        is_name && name.chars().all(is_of_a_name) && port.parse::<u16>().is_ok()
    })
}

/// When a request is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ForwardWhen {
    /// Once its records are stored.
    Async,
    /// Once they were forwarded.
    Sync,
}
