//! The front door for a program that links this library.
//!
//! ```no_run
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
//! logger.info("signed in").attribute("method", "oidc").log();
//! ```
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

pub use backend::{BackendOptions, BackendSink, IsOnline, OnProblem, Problem};
pub use console::ConsoleSink;
pub use entry::{Entry, Logger};
pub use levels::Rules as LevelRules;
pub use manager::{Builder, LogManager};
pub use memory::{MemorySink, Subscription};
pub use panic::panic_hook;
pub use sink::{LogSink, SinkError};
pub use tracing_layer::TracingLayer;
