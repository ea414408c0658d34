//! A fleet whose network is cut, in network namespaces of the test's own.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::record;
use crate::ingest::batch;
use crate::support::browser::skip;
use crate::support::nats::has_nats;
use crate::support::{Home, Running};

/// How long a batch may be turned away while the network is cut.
const PATIENCE: Duration = Duration::from_secs(90);

/// Three machines on one switch, and the switch itself.
struct Network {
    name: String,
}

impl Network {
    /// `None` without the rights or the tools for it.
    fn new() -> Option<Network> {
        let network = Network {
            name: format!("slx{}", std::process::id()),
        };
        let hub = network.space("hub");
        ip(&["netns", "add", &hub])?;
        ip(&["-n", &hub, "link", "set", "lo", "up"])?;
        ip(&["-n", &hub, "link", "add", "switch", "type", "bridge"])?;
        ip(&["-n", &hub, "addr", "add", "10.77.0.254/24", "dev", "switch"])?;
        ip(&["-n", &hub, "link", "set", "switch", "up"])?;
        for node in 0..3 {
            let space = network.space(&node.to_string());
            let (port, address) = (port(node), format!("{}/24", address(node)));
            ip(&["netns", "add", &space])?;
            ip(&[
                "-n", &hub, "link", "add", &port, "type", "veth", "peer", "name", "eth0", "netns",
                &space,
            ])?;
            ip(&["-n", &hub, "link", "set", &port, "master", "switch", "up"])?;
            ip(&["-n", &space, "addr", "add", &address, "dev", "eth0"])?;
            ip(&["-n", &space, "link", "set", "eth0", "up"])?;
            ip(&["-n", &space, "link", "set", "lo", "up"])?;
        }
        Some(network)
    }

    fn space(&self, of: &str) -> String {
        format!("{}-{of}", self.name)
    }

    /// A program that runs in one of the namespaces.
    fn command(&self, of: &str, program: &Path) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", &self.space(of)])
            .arg(program);
        command
    }

    /// Cuts a machine off, or puts it back.
    fn set(&self, node: usize, state: &str) {
        let hub = self.space("hub");
        ip(&["-n", &hub, "link", "set", &port(node), state]).expect("a link");
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for of in ["0", "1", "2", "hub"] {
            let _ = ip(&["netns", "del", &self.space(of)]);
        }
    }
}

fn port(node: usize) -> String {
    format!("port{node}")
}

fn address(node: usize) -> String {
    format!("10.77.0.{}", node + 1)
}

fn ip(args: &[&str]) -> Option<()> {
    let ran = Command::new("ip").args(args).output().ok()?;
    ran.status.success().then_some(())
}

/// Sends a request over a unix socket.
fn ask(socket: &Path, method: &str, path: &str, body: &str) -> Option<(u16, Value)> {
    let mut stream = UnixStream::connect(socket).ok()?;
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).ok()?;
    let (head, body) = reply.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).unwrap_or(Value::Null)))
}

#[test]
#[ignore = "takes minutes, and needs root and ip; cargo nextest run --run-ignored only -E 'test(/partition/)'"]
fn a_partition_loses_and_doubles_nothing() {
    if !has_nats("a_partition_loses_and_doubles_nothing") {
        return;
    }
    let Some(network) = Network::new() else {
        return skip("no network namespaces can be made here; root and ip are needed");
    };
    let home = Home::new();
    let routes: Vec<String> = (0..3)
        .map(|n| format!("\"nats://{}:6222\"", address(n)))
        .collect();
    let _nodes: Vec<Running> = (0..3)
        .map(|node| {
            let (address, routes) = (address(node), routes.join(", "));
            let store = home.path(&format!("js{node}"));
            let config = format!(
                "server_name: n{node}\nlisten: \"{address}:4222\"\n\
                 jetstream {{ store_dir: \"{}\" }}\n\
                 cluster {{ name: fleet, listen: \"{address}:6222\", routes: [{routes}] }}\n",
                store.display()
            );
            let config = home.file(&format!("n{node}.conf"), config);
            let mut command = network.command(&node.to_string(), Path::new("nats-server"));
            let running = Running::of(command.arg("-c").arg(config));
            running.says("Server is ready");
            running
        })
        .collect();
    let socket = home.path("ingest.sock");
    let hosts: Vec<String> = (0..3).map(|n| format!("{}:4222", address(n))).collect();
    let mut command = network.command("hub", Path::new(env!("CARGO_BIN_EXE_soliplex")));
    command
        .env("SOLIPLEX_STATE_DIR", home.path("state"))
        .args(["ingest", "serve", "--no-auth", "--listen"])
        .arg(format!("unix:{}", socket.display()))
        .args(["--store", &format!("nats://{}", hosts.join(","))]);
    let server = Running::of(&mut command);
    server.says("listening on ");

    let mut sent = 0;
    let mut refused = 0;
    let mut send = |batches: usize| {
        for _ in 0..batches {
            let records: Vec<String> = (sent..sent + 20).map(|n| record("s", n)).collect();
            let records: Vec<&str> = records.iter().map(String::as_str).collect();
            let body = batch(&records);
            let started = Instant::now();
            while ask(&socket, "POST", "/api/v1/logs", &body)
                .is_none_or(|(status, _)| status != 200)
            {
                refused += 1;
                assert!(started.elapsed() < PATIENCE, "nobody takes a batch");
                std::thread::sleep(Duration::from_millis(50));
            }
            sent += 20;
        }
        (sent, refused)
    };
    send(5);
    for node in 0..3 {
        network.set(node, "down");
        send(5);
        network.set(node, "up");
        send(5);
    }
    // Without a majority nothing is taken in, and the answer comes at once.
    network.set(0, "down");
    network.set(1, "down");
    let extra = batch(&[&record("none", 1)]);
    let asked = Instant::now();
    let (status, reply) = ask(&socket, "POST", "/api/v1/logs", &extra).expect("an answer");
    assert_eq!(status, 503, "{reply} after {:?}", asked.elapsed());
    network.set(0, "up");
    network.set(1, "up");
    let (sent, refused) = send(5);
    assert!(refused > 0, "the network was never cut");

    let path = "/api/v1/logs?session=s&after=0&n=10000";
    let (status, page) = ask(&socket, "GET", path, "").expect("an answer");
    assert_eq!(status, 200, "{page}");
    let expected: Vec<String> = (0..sent).map(|n| format!("s {n}")).collect();
    assert_eq!(super::messages_of(&page), expected);
}
