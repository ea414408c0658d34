//! NATS with JetStream, for tests that have it.

use std::io::Write;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;

use super::{Running, wait_until};

/// Whether `nats-server` is there. Says which test is skipped if it is not.
pub(crate) fn has_nats(test: &str) -> bool {
    let is_there = Command::new("nats-server")
        .arg("--version")
        .output()
        .is_ok_and(|ran| ran.status.success());
    if !is_there {
        // Not captured, as what is printed with a macro would be.
        let why = "there is no nats-server (apt-get install nats-server)";
        let _ = writeln!(std::io::stderr(), "skipped {test}: {why}");
    }
    is_there
}

/// One or more servers of NATS on loopback, each with a folder of its own.
pub(crate) struct Nats {
    folder: tempfile::TempDir,
    ports: Vec<(u16, u16)>,
    nodes: Vec<Option<Running>>,
    /// Lines for each server's configuration.
    settings: String,
    /// And for its JetStream.
    limits: String,
}

impl Nats {
    /// Starts so many servers, as one cluster if there is more than one.
    pub(crate) fn start(nodes: usize) -> Nats {
        Nats::start_with(nodes, "")
    }

    /// As [`Nats::start`], with more lines in each server's configuration.
    pub(crate) fn start_with(nodes: usize, settings: &str) -> Nats {
        Nats::start_as(nodes, settings, "")
    }

    /// As [`Nats::start`], with no more room on disk than this for each.
    pub(crate) fn start_with_room(nodes: usize, room: &str) -> Nats {
        Nats::start_as(nodes, "", &format!("max_file_store: {room}"))
    }

    fn start_as(nodes: usize, settings: &str, limits: &str) -> Nats {
        let mut nats = Nats {
            folder: tempfile::tempdir().expect("a temporary folder"),
            ports: (0..nodes).map(|_| (free_port(), free_port())).collect(),
            nodes: (0..nodes).map(|_| None).collect(),
            settings: settings.to_owned(),
            limits: limits.to_owned(),
        };
        for node in 0..nodes {
            nats.start_node(node);
        }
        nats
    }

    /// Where a client finds the cluster.
    pub(crate) fn url(&self) -> String {
        let hosts = self
            .ports
            .iter()
            .map(|(port, _)| format!("127.0.0.1:{port}"));
        format!("nats://{}", hosts.collect::<Vec<_>>().join(","))
    }

    /// Starts a server, for the first time or where it stopped.
    pub(crate) fn start_node(&mut self, node: usize) {
        let (port, routes) = self.ports[node];
        let mut config = format!(
            "server_name: n{node}\nlisten: \"127.0.0.1:{port}\"\n\
             jetstream {{ store_dir: \"{}\", {} }}\n{}\n",
            self.store(node).display(),
            self.limits,
            self.settings,
        );
        if self.ports.len() > 1 {
            let others = self
                .ports
                .iter()
                .map(|(_, port)| format!("\"nats://127.0.0.1:{port}\""));
            config.push_str(&format!(
                "cluster {{ name: fleet, listen: \"127.0.0.1:{routes}\", routes: [{}] }}\n",
                others.collect::<Vec<_>>().join(", ")
            ));
        }
        let file = self.folder.path().join(format!("n{node}.conf"));
        std::fs::write(&file, config).expect("file written");
        let running = Running::of(Command::new("nats-server").arg("-c").arg(&file));
        running.says("Server is ready");
        self.nodes[node] = Some(running);
    }

    /// Kills a server at once.
    pub(crate) fn kill_node(&mut self, node: usize) {
        self.nodes[node] = None;
    }

    fn store(&self, node: usize) -> PathBuf {
        self.folder.path().join(format!("store-{node}"))
    }
}

/// A port that nobody listens on.
fn free_port() -> u16 {
    wait_until("a port is free", || {
        let listener = TcpListener::bind("127.0.0.1:0").ok()?;
        Some(listener.local_addr().ok()?.port())
    })
}
