//! Where `ingest serve` listens: addresses, unix sockets, TLS.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::ingest::{answer, batch, get, post};
use crate::support::{DEADLINE, Home, Ran, Running, Server, record_line};

/// Says one thing over a unix socket, and gives back the answer's first line.
fn ask(path: &std::path::Path, request: &str) -> String {
    let mut socket = UnixStream::connect(path).expect("somebody listens");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut reply = String::new();
    socket.read_to_string(&mut reply).expect("an answer");
    reply.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn several_addresses_and_a_unix_socket_lead_to_one_store() {
    let home = Home::new();
    let socket = home.path("ingest.sock");
    let at_socket = format!("unix:{}", socket.display());
    // Left behind by a server that was killed: nobody answers there.
    drop(std::os::unix::net::UnixListener::bind(&socket).expect("a socket"));
    let server = Server::start(
        &home,
        &[
            "--no-auth",
            "--listen",
            "127.0.0.1:0",
            "--listen",
            &at_socket,
        ],
    );
    let second = server.running.says("listening on http://");
    let (_, url) = second.split_once("listening on ").expect("an address");
    server.running.says(&format!("listening on {at_socket}"));

    assert_eq!(post(&server, None, batch(&[&record_line(1)])).0, 200);
    let body = batch(&[&record_line(2)]);
    let request = format!(
        "POST /api/v1/logs HTTP/1.1\r\nhost: any.example\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(ask(&socket, &request), "HTTP/1.1 200 OK");
    let logs = reqwest::Client::new().get(format!("{url}/api/v1/logs"));
    let (status, page) = answer(logs);
    assert_eq!(status, 200);
    assert_eq!(page["records"].as_array().expect("records").len(), 2);
}

#[test]
fn a_name_is_listened_on_at_its_address() {
    let home = Home::new();
    let server = Server::start_on(&home, "localhost:0", &["--no-auth"]);
    assert!(
        server.url.starts_with("http://127.0.0.1:"),
        "{}",
        server.url
    );
    assert_eq!(get(&server, "/healthz", None).0, 200);
    for nonsense in ["localhost", "localhost:", "a/b:80", ":80", "1.2.3:80"] {
        home.run(&["ingest", "serve", "--no-auth", "--listen", nonsense])
            .exits(2);
    }
    home.run(&[
        "ingest",
        "serve",
        "--no-auth",
        "--listen",
        "no-such.invalid:0",
    ])
    .exits(1)
    .says_in_one_line(&["no-such.invalid:0"]);
}

#[test]
fn what_has_no_effect_or_lets_nothing_in_is_told() {
    let home = Home::new();
    let serve = ["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"];
    let flags = ["--leeway", "5s", "--issuer", "https://id.example"];
    let running: Running = home.start(&[&serve[..], &flags].concat());
    running.says("--issuer has no effect: with --no-auth");
    running.says("--leeway has no effect");
    for flags in [
        ["--max-body", "0"],
        ["--max-screenshot", "0KB"],
        ["--max-head", "0"],
        ["--max-connections", "0"],
        ["--max-backlog", "0"],
        ["--head-timeout", "0s"],
        ["--body-timeout", "0s"],
    ] {
        let ran = home.run(&[&serve[..], &flags].concat()).exits(2);
        assert!(ran.stderr_text().contains(flags[0]), "{flags:?}");
    }
}

#[test]
fn a_plain_file_is_not_taken_for_a_socket_that_was_left_behind() {
    let home = Home::new();
    let file = home.file("notes.txt", "mine");
    let at = format!("unix:{}", file.display());
    home.run(&["ingest", "serve", "--no-auth", "--listen", &at])
        .exits(1)
        .says_in_one_line(&["cannot listen on", "notes.txt"]);
    assert_eq!(fs::read_to_string(file).expect("still there"), "mine");
}

#[test]
fn with_a_certificate_only_tls_is_spoken() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let chain = home.file("chain.pem", made.cert.pem());
    let key = home.file("key.pem", made.signing_key.serialize_pem());
    let (chain, key) = (chain.to_str().unwrap(), key.to_str().unwrap());
    let flags = ["--no-auth", "--tls-cert", chain, "--tls-key", key];
    let server = Server::start(&home, &flags);
    assert!(server.url.starts_with("https://"), "{}", server.url);

    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).expect("a root");
    let client = reqwest::Client::builder()
        .tls_certs_only([trusted])
        .build()
        .expect("a client");
    let url = server.url.replace("127.0.0.1", "localhost");
    let request = client
        .post(format!("{url}/api/v1/logs"))
        .body(batch(&[&record_line(1)]));
    assert_eq!(answer(request).0, 200);

    let plain = server.url.replace("https:", "http:");
    let request = reqwest::Client::new().get(format!("{plain}/healthz"));
    let refused = crate::ingest::block_on(request.send());
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn a_key_that_does_not_fit_the_certificate_is_told_in_one_line() {
    let home = Home::new();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let other = rcgen::KeyPair::generate().expect("a key");
    let chain = home.file("chain.pem", made.cert.pem());
    let key = home.file("key.pem", other.serialize_pem());
    let serve = ["ingest", "serve", "--no-auth", "--listen", "127.0.0.1:0"];
    let tls = [
        "--tls-cert",
        chain.to_str().unwrap(),
        "--tls-key",
        key.to_str().unwrap(),
    ];
    home.run(&[&serve[..], &tls[..]].concat())
        .exits(2)
        .says_in_one_line(&["--tls-cert and --tls-key"]);
}

#[test]
fn other_machines_are_let_in_only_with_tokens_or_a_warning() {
    let home = Home::new();
    home.run(&["ingest", "serve", "--listen", "0.0.0.0:0"])
        .exits(2)
        .says_in_one_line(&["--no-auth"]);
    let open = ["ingest", "serve", "--no-auth", "--listen", "0.0.0.0:0"];
    let running: Running = home.start(&open);
    let said = running.says("can be reached from other machines: anyone there may");
    assert!(
        said.contains("any web page that somebody there looks at"),
        "{said}"
    );
    running.says("listening on http://0.0.0.0:");
}

/// Says one thing to an address, and gives back the answer.
fn tell(server: &Server, request: &str) -> String {
    let address = server.url.trim_start_matches("http://");
    let mut socket = std::net::TcpStream::connect(address).expect("it listens");
    socket.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut reply = String::new();
    socket.read_to_string(&mut reply).expect("an answer");
    reply
}

#[test]
fn a_page_whose_name_leads_to_this_machine_reads_nothing() {
    let home = Home::new();
    let proxied = "https://logs.example.org";
    let server = Server::start(&home, &["--no-auth", "--cors-origin", proxied]);
    let status = |target: &str, host: &str| {
        let head = format!("GET {target} HTTP/1.1\r\n{host}connection: close\r\n\r\n");
        let reply = tell(&server, &head);
        let status = reply.split(' ').nth(1).expect("a status").to_owned();
        assert!(status != "421" || reply.contains("localhost"), "{reply}");
        status
    };
    let logs = "/api/v1/logs";
    for host in [
        "localhost:8080",
        "LOCALHOST",
        "127.0.0.1",
        "127.1.2.3:1",
        "[::1]:8080",
        // What an Android emulator calls the machine it runs on.
        "10.0.2.2:8080",
        "logs.example.org",
    ] {
        assert_eq!(status(logs, &format!("host: {host}\r\n")), "200", "{host}");
    }
    for host in [
        "host: rebound.example\r\n",
        "host: rebound.example:8080\r\n",
        "host: localhost.rebound.example\r\n",
        "host: example.org\r\n",
        "host: localhost\r\nhost: rebound.example\r\n",
        "host: \r\n",
        "",
    ] {
        for target in [logs, "/", "/healthz"] {
            assert_eq!(status(target, host), "421", "{target} {host}");
        }
    }
    let absolute = "http://rebound.example/api/v1/logs";
    assert_eq!(status(absolute, "host: localhost\r\n"), "421");
    let old = tell(&server, "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(old.contains(" 200 "), "{old}");
}

#[test]
fn what_a_request_gets_is_the_same_on_every_connection() {
    let home = Home::new();
    let server = Server::start(&home, &["--no-auth"]);
    assert_eq!(get(&server, "/nowhere", None).0, 404);
    let delete = reqwest::Client::new().delete(server.endpoint());
    assert_eq!(answer(delete).0, 405);
}
