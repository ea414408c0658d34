//! The library in a program that links it.

use std::env;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use soliplex::logger::{BackendOptions, BackendSink, LogManager, panic_hook};
use soliplex::queue::{Options, Queue};
use soliplex::upload::{Endpoint, HttpTransport};

use crate::support::Home;

/// Names the queue's folder to a process that is to die.
const QUEUE: &str = "SOLIPLEX_TEST_DYING_PROCESS";

#[test]
fn a_panic_is_on_the_disk_before_the_process_dies() {
    if let Some(queue) = env::var_os(QUEUE) {
        die(queue.as_ref());
    }
    let home = Home::new();
    let this_test = [
        "library::a_panic_is_on_the_disk_before_the_process_dies",
        "--exact",
    ];
    let output = Command::new(env::current_exe().unwrap())
        .args(this_test)
        .env(QUEUE, home.queue())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let records = home.queued();
    assert_eq!(records.len(), 2, "{records:#?}");
    assert_eq!(records[0]["message"], "before");
    assert_eq!(records[1]["level"], "fatal");
    assert_eq!(records[1]["error"], "panic: the sky is falling");
    assert!(records[1]["stackTrace"].is_string());
}

/// Logs, panics, and ends so that nothing can be tidied up.
fn die(folder: &Path) -> ! {
    let queue = Arc::new(Queue::open(folder, Options::default()).unwrap());
    let endpoint = Endpoint::parse("http://127.0.0.1:9").unwrap();
    let transport = HttpTransport::new(endpoint, Duration::from_secs(1)).unwrap();
    let sink = BackendSink::start(queue, transport, BackendOptions::default()).unwrap();
    let manager = LogManager::builder().sink(Arc::new(sink)).build();
    manager.logger("Main").info("before").log();
    panic_hook(manager.logger("Crash"));
    let worker = std::thread::spawn(|| panic!("the sky is falling"));
    assert!(worker.join().is_err());
    std::process::abort()
}
