//! Behaviour seen from outside: the real binary, real files, a real server on
//! loopback, real signals. One module per subcommand or theme.

mod fault_server;
mod support;

mod architecture;
mod doctor;
mod emit;
mod generated;
mod ingest;
mod pipeline;
mod readme;
#[cfg(unix)]
mod run;
mod screenshot;
mod sanitize;
mod tail;
mod telemetry;
mod upload;
#[cfg(unix)]
mod upload_follow;
mod upload_tls;
