//! The front door for a program that links this library.
//!
//! ```
//! use std::sync::Arc;
//! use soliplex::logger::{ConsoleSink, LogManager, MemorySink};
//! use soliplex::record::Level;
//!
//! let memory = Arc::new(MemorySink::default());
//! let manager = LogManager::builder()
//!     .min_level(Level::Info)
//!     .level_of("http", Level::Trace)
//!     .sink(memory.clone())
//!     .sink(Arc::new(ConsoleSink::stderr()))
//!     .build();
//! let logger = manager.logger("Auth");
//! logger.info("signed in as ada@example.com").attribute("method", "oidc").log();
//! logger.debug("not wanted").log();
//!
//! let records = memory.snapshot();
//! assert_eq!(records.len(), 1);
//! assert_eq!(records[0].message(), "signed in as [REDACTED]");
//! ```
//!
//! A [`BackendSink`] queues records on the disk and ships them. What cannot be
//! sent before the program ends is there for the next run.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use soliplex::logger::{BackendOptions, BackendSink, LogManager};
//! use soliplex::queue::{Options, Queue, read_pending};
//! use soliplex::upload::{Endpoint, HttpTransport};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let queue = Arc::new(Queue::open(folder, Options::default())?);
//! // Nobody listens there.
//! let endpoint = Endpoint::parse("http://127.0.0.1:9")?;
//! let transport = HttpTransport::new(endpoint, Duration::from_secs(30))?;
//! let options = BackendOptions {
//!     // The user's choice. Without it nothing is sent, and records stay here.
//!     is_enabled: true,
//!     ..BackendOptions::default()
//! };
//! let backend = BackendSink::start(queue, transport, options)?;
//! let manager = LogManager::builder().sink(Arc::new(backend)).build();
//!
//! manager.logger("Sync").error("cannot reach the server").log();
//! manager.flush();
//! manager.close(Duration::from_millis(100));
//! assert_eq!(read_pending(folder)?.count(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! Whether anything may be sent is for the user to say, with `soliplex
//! telemetry`, and for an administrator, with a policy. A program that heeds
//! both asks the configuration:
//!
//! ```no_run
//! use soliplex::config::{Config, Overrides};
//! use soliplex::logger::BackendOptions;
//! use soliplex::upload::Endpoint;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config::load(Overrides::default())?;
//! let endpoint = Endpoint::parse("https://logs.example.org")?;
//! config.policy.check_endpoint(&endpoint)?;
//! let options = BackendOptions {
//!     is_enabled: config.is_telemetry_on(),
//!     ..BackendOptions::default()
//! };
//! # Ok(())
//! # }
//! ```
//!
//! A level that its server asks for is obeyed by way of
//! [`Poller::obeyed_by`](crate::remote_level::Poller::obeyed_by).
//!
//! A record is made only if its level is wanted, sanitized once, and handed to
//! every sink. A sink that fails or panics harms neither the caller nor the
//! other sinks. What a sink logs while it writes is ignored, as it would come
//! back to it for ever.

mod backend;
mod console;
mod entry;
mod levels;
mod manager;
mod memory;
mod panic;
mod sink;
mod tracing_layer;

pub use backend::{BackendOptions, BackendSink, OnProblem, Problem};
pub use console::ConsoleSink;
pub use entry::{Entry, Logger};
pub use levels::Rules as LevelRules;
pub use manager::{Builder, LogManager};
pub use memory::{MemorySink, Subscription};
pub use panic::panic_hook;
pub use sink::{LogSink, SinkError};
pub use tracing_layer::TracingLayer;
