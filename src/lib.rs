//! The pipeline from an app in the field to the person who answers "what
//! happened?", as one library; the `soliplex` binary is a thin coat over it.
//!
//! ```text
//!  logger ─┐
//!  emit ───┤→ sanitize → record → queue ──→ upload ──→ ingest → store → OTLP
//!  run ────┘   (always    (64 KiB   (disk,    (HTTP)    (stamps,  (SQLite,
//!               first)     guard)    crash-safe)         groups)   JetStream)
//!                                      │                    │
//!                                      └───── source ───────┘
//!                                               │
//!                        tail · session · metrics · fingerprint
//! ```
//!
//! What always holds:
//!
//! - **Nothing leaks.** [`sanitize`] runs before a record is written to a disk,
//!   a terminal or the network, and again where a record enters from outside.
//! - **Nothing is lost.** An append that returned is delivered, kept as a dead
//!   letter with a reason, or counted as dropped ([`queue`]). The server says
//!   200 only for what its store has made durable ([`ingest`]).
//! - **Nothing is altered.** Unknown keys, the order of keys, the digits of
//!   numbers and every id survive ([`record`]). A `recordId` makes it harmless
//!   to send a record twice.
//!
//! The modules stand in reading order: each group uses only those above it,
//! and `upload` and `ingest` never use each other: they meet in `record`.

// What everything else handles, how whatever speaks HTTP begins, the pictures
// that go with records, files that are read whole, and what is wrong with them.
pub mod record;

mod http_client;
mod picture;
mod small_file;
mod toml_fault;

// What can be asked of a record, and what is taken out of it.
pub mod filter;
pub mod fingerprint;
pub mod sanitize;

// What many records tell together.
pub mod session;

// From a device's disk to a server.
pub mod queue;
pub mod upload;

// What an app writes.
pub mod logger;

// What is known of the app and the device around it.
pub mod capture;
pub mod remote_level;
pub mod rum;
pub mod screenshot;

// The server, and what many of them share.
pub mod fleet;
pub mod ingest;

// Reading it all again, wherever it is.
pub mod source;

// The program: its settings, what it prints, and how it ends.
pub mod config;
pub mod error;
pub mod output;

// Its flags and its commands.
pub mod cli;
pub mod command;

// README's examples in Rust are compiled with those of the documents.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
