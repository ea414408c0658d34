//! The pipeline from an app in the field to the person who answers "what
//! happened?", as one library; the `soliplex` binary is a thin coat over it.
//!
//! ```text
//!  logger ─┐
//!  emit ───┤→ sanitize → record → queue ──→ upload ──→ ingest → store → OTLP
//!  run ────┘   (always    (64 KiB   (disk,    (HTTP)    (stamps,  (SQLite)
//!               first)     guard)    crash-safe)         groups)
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
//! The modules, in reading order; each uses only those above it, and `upload`
//! and `ingest` never use each other: they meet in `record`.

pub mod error;
pub mod record;

pub mod filter;
pub mod fingerprint;
pub mod sanitize;

pub mod logger;
pub mod queue;
pub mod remote_level;
pub mod rum;
pub mod screenshot;
pub mod upload;

pub mod capture;
pub mod ingest;
pub mod source;

pub mod session;

pub mod config;
pub mod output;

pub mod cli;
pub mod command;
