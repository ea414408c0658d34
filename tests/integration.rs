//! Behaviour seen from outside: the real binary, real files, a real server on
//! loopback, real signals. One module per subcommand or theme.

mod fault_server;
mod support;

mod architecture;
mod cases;
#[cfg(unix)]
mod ci_example;
mod conformance;
mod doctor;
mod emit;
mod errors;
mod fingerprint;
#[cfg(unix)]
mod fleet;
mod fuzz_seeds;
mod generated;
mod hostile;
mod ingest;
mod ingest_apps;
mod ingest_forward;
#[cfg(unix)]
mod ingest_listen;
#[cfg(unix)]
mod ingest_load;
mod ingest_stream;
#[cfg(unix)]
mod ingest_survives;
mod ingest_who;
mod library;
mod metrics;
mod output_files;
#[cfg(unix)]
mod packages;
mod page;
mod pipeline;
mod promises;
mod queue;
mod reading;
mod readme;
mod report;
#[cfg(unix)]
mod rotation;
#[cfg(unix)]
mod run;
mod sanitize;
mod screenshot;
mod session;
#[cfg(unix)]
mod soak;
mod tail;
mod telemetry;
#[cfg(unix)]
mod terminal;
mod thumbnails;
mod upload;
#[cfg(unix)]
mod upload_follow;
mod upload_replay;
mod upload_settings;
mod upload_tls;
