//! JetStream as it must be: its streams, buckets and connection.

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::stream::{Config, DiscardPolicy, Stream};
use async_nats::jetstream::{self, ErrorCode, kv, object_store};

use super::{NatsOptions, Shared, counting, failed, tail};
use crate::fleet::{self, ConnectError};
use crate::ingest::store::StoreError;

/// How long JetStream knows a batch that it was sent again. What it has
/// forgotten is found by the records' keys.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);

/// How much longer than records their counts and pictures are kept: an hour is
/// kept until all of it is old.
const BESIDE: Duration = Duration::from_secs(3600);

/// How long the stream's leader may take to show that it is there.
const CHECK_TIMEOUT: Duration = Duration::from_millis(800);

/// How long to wait before the next attempt to start.
const RETRY: Duration = Duration::from_millis(500);

/// JetStream, with everything in it that a server needs.
pub(super) struct Engine {
    pub(super) context: jetstream::Context,
    pub(super) logs: Stream,
    pub(super) errors: kv::Store,
    pub(super) alerts: kv::Store,
    pub(super) aliases: kv::Store,
    pub(super) state: kv::Store,
    pub(super) screenshots: object_store::ObjectStore,
}

/// Why JetStream cannot be used yet.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error("JetStream is not ready: {0}")]
    Setup(String),
}

impl Engine {
    /// Connects, and makes what is not there yet.
    async fn open(options: &NatsOptions) -> Result<Engine, StartError> {
        let context = fleet::connect(&options.url, &options.access).await?;
        Engine::set_up(context, options).await
    }

    async fn set_up(
        context: jetstream::Context,
        options: &NatsOptions,
    ) -> Result<Engine, StartError> {
        let replicas = options.replicas;
        let beside = options
            .retention
            .age
            .map_or(Duration::ZERO, |age| age + BESIDE);
        for (name, max_age) in [
            (fleet::ERRORS, beside),
            (fleet::ALERTS, beside),
            (fleet::ALIASES, Duration::ZERO),
            (fleet::STATE, Duration::ZERO),
        ] {
            ensure(&context, bucket(name, max_age), replicas).await?;
        }
        ensure(&context, objects(fleet::SCREENSHOTS, beside), replicas).await?;
        let screenshots = context.get_object_store(fleet::SCREENSHOTS).await;
        Ok(Engine {
            logs: ensure(&context, logs(options), replicas).await?,
            errors: keys(&context, fleet::ERRORS).await?,
            alerts: keys(&context, fleet::ALERTS).await?,
            aliases: keys(&context, fleet::ALIASES).await?,
            state: keys(&context, fleet::STATE).await?,
            screenshots: screenshots.map_err(|error| StartError::Setup(error.to_string()))?,
            context,
        })
    }

    /// Whether there is a connection now.
    pub(super) fn is_connected(&self) -> bool {
        self.context.client().connection_state() == State::Connected
    }

    /// Whether the stream has a leader that answers.
    pub(super) async fn check(&self) -> Result<(), StoreError> {
        let info = tokio::time::timeout(CHECK_TIMEOUT, self.logs.get_info()).await;
        let info = info.map_err(|error| failed("JetStream", &error))?;
        info.map(drop).map_err(|error| failed("JetStream", &error))
    }

    /// The numbers of the stream's first and last message. A stream with none
    /// has a first one behind the last.
    pub(super) async fn bounds(&self) -> Result<(u64, u64), StoreError> {
        let info = self.logs.get_info().await;
        let info = info.map_err(|error| failed("JetStream", &error))?;
        Ok((info.state.first_sequence.max(1), info.state.last_sequence))
    }
}

/// Starts, and has tasks follow JetStream until the store is closed.
pub(super) async fn start(shared: &Arc<Shared>) -> Result<(), StartError> {
    let engine = Arc::new(Engine::open(&shared.options).await?);
    let found = tail::find_head(shared, &engine).await;
    found.map_err(|error| StartError::Setup(error.to_string()))?;
    shared.engine.send_replace(Some(Arc::clone(&engine)));
    spawn(
        shared,
        tail::follow(Arc::clone(shared), Arc::clone(&engine)),
    );
    spawn(shared, counting::run(Arc::clone(shared), engine));
    Ok(())
}

/// Tries to start again and again in the background.
pub(super) fn start_later(shared: &Arc<Shared>) {
    let task = Arc::clone(shared);
    spawn(shared, async move {
        loop {
            tokio::time::sleep(RETRY).await;
            match start(&task).await {
                Ok(()) => return,
                Err(error) => tracing::warn!(%error, "no records can be stored yet"),
            }
        }
    });
}

/// Runs a task until the store is closed.
fn spawn(shared: &Shared, task: impl Future<Output = ()> + Send + 'static) {
    let stop = shared.stop.clone();
    shared.tasks.spawn(async move {
        tokio::select! {
            () = task => {}
            () = stop.cancelled() => {}
        }
    });
}

/// The stream of batches.
fn logs(options: &NatsOptions) -> Config {
    let age = options.retention.age.unwrap_or(Duration::ZERO);
    let bytes = options.retention.bytes;
    Config {
        name: fleet::STREAM.to_owned(),
        subjects: vec![format!("{}.>", fleet::SUBJECTS)],
        max_age: age,
        max_bytes: bytes.map_or(-1, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
        duplicate_window: match age {
            Duration::ZERO => DUPLICATE_WINDOW,
            age => DUPLICATE_WINDOW.min(age),
        },
        ..Config::default()
    }
}

/// The stream behind a bucket of keys and values, which is read from its
/// leader alone.
fn bucket(name: &str, max_age: Duration) -> Config {
    Config {
        name: format!("KV_{name}"),
        subjects: vec![format!("$KV.{name}.>")],
        max_age,
        max_messages_per_subject: 1,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        deny_delete: true,
        ..unlimited()
    }
}

/// The stream behind the object store of screenshots.
fn objects(name: &str, max_age: Duration) -> Config {
    Config {
        name: format!("OBJ_{name}"),
        subjects: vec![format!("$O.{name}.C.>"), format!("$O.{name}.M.>")],
        max_age,
        discard: DiscardPolicy::New,
        allow_rollup: true,
        allow_direct: true,
        ..unlimited()
    }
}

fn unlimited() -> Config {
    Config {
        max_bytes: -1,
        ..Config::default()
    }
}

/// Makes a stream, or brings it to what it should be.
async fn ensure(
    context: &jetstream::Context,
    wanted: Config,
    num_replicas: usize,
) -> Result<Stream, StartError> {
    let wanted = Config {
        num_replicas,
        ..wanted
    };
    let failed = |error: &dyn std::fmt::Display| {
        StartError::Setup(format!("the stream {}: {error}", wanted.name))
    };
    let stream = context.get_or_create_stream(wanted.clone()).await;
    let stream = stream.map_err(|error| failed(&error))?;
    let settings = |config: &Config| (config.max_age, config.max_bytes, config.num_replicas);
    if settings(&stream.cached_info().config) != settings(&wanted) {
        let updated = context.update_stream(wanted.clone()).await;
        updated.map_err(|error| failed(&error))?;
    }
    Ok(stream)
}

/// A bucket of keys and values.
async fn keys(context: &jetstream::Context, name: &str) -> Result<kv::Store, StartError> {
    let bucket = context.get_key_value(name).await;
    bucket.map_err(|error| StartError::Setup(format!("the bucket {name}: {error}")))
}

/// Whether an error says that there is no room left.
pub(super) fn is_full(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::INSUFFICIENT_RESOURCES
            | ErrorCode::STORAGE_RESOURCES_EXCEEDED
            | ErrorCode::STREAM_STORE_FAILED
            | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
    )
}
