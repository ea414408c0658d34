//! Reading and following a server, against one that says what it is told to.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};

use super::*;

/// Answers one connection after another with the given texts, and hands back
/// what was asked for: the path and the `last-event-id`.
fn serve(answers: Vec<String>) -> (String, thread::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        answers
            .into_iter()
            .map(|answer| {
                let (mut connection, _) = listener.accept().unwrap();
                let asked = asked(&connection);
                connection.write_all(answer.as_bytes()).unwrap();
                asked
            })
            .collect()
    });
    (url, server)
}

fn asked(connection: &TcpStream) -> String {
    let mut lines = BufReader::new(connection).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let mut asked = first.split(' ').nth(1).unwrap().to_owned();
    for line in lines.take_while(|line| !line.is_empty()) {
        if let Some(id) = line.strip_prefix("last-event-id: ") {
            asked = format!("{asked} from {id}");
        }
    }
    asked
}

fn answer(kind: &str, body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n{body}")
}

fn page(seconds: &[u32], after: &str, more: bool) -> String {
    let records: Vec<_> = seconds.iter().map(|second| line(*second)).collect();
    let before = after;
    let body = format!(
        r#"{{"records":[{}],"before":{before},"after":{after},"more":{more}}}"#,
        records.join(",")
    );
    answer("application/json", &body)
}

fn stream(events: &[(&str, u32)]) -> String {
    let events = events
        .iter()
        .map(|(id, second)| format!("event: record\nid: {id}\ndata: {}\n", line(*second)));
    answer(
        "text/event-stream",
        &format!(": stream\n\n{}", events.collect::<String>()),
    )
}

fn ask(url: &str, options: Options) -> Result<Items, SourceError> {
    open(&[Location::Server(url.to_owned())], options)
}

#[test]
fn everything_is_read_page_by_page() {
    let (url, server) = serve(vec![page(&[1, 2], "7", true), page(&[3], "9", false)]);
    assert_eq!(all(ask(&url, Options::default()).unwrap()), ["1", "2", "3"]);
    assert_eq!(
        server.join().unwrap(),
        ["/api/v1/logs?after=0&n=500", "/api/v1/logs?after=7&n=500"]
    );
}

#[test]
fn the_last_records_are_asked_for_with_the_filter() {
    let (url, server) = serve(vec![page(&[8, 9], "70", true), page(&[7], "60", false)]);
    let options = Options {
        filter: Filter {
            session: Some("a b".to_owned()),
            ..Filter::default()
        },
        last: Some(3),
        ..Options::default()
    };
    // What the server says matches does: it knows more than the record says.
    assert_eq!(all(ask(&url, options).unwrap()), ["7", "8", "9"]);
    assert_eq!(
        server.join().unwrap(),
        [
            "/api/v1/logs?session=a+b&n=3",
            "/api/v1/logs?session=a+b&n=3&before=70"
        ]
    );
}

#[test]
fn a_stream_goes_on_where_it_broke() {
    let (url, server) = serve(vec![
        page(&[1], "5", false),
        stream(&[("6", 2), ("7", 3)]),
        stream(&[("8", 4)]),
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n".to_owned(),
        stream(&[("9", 5)]),
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n".to_owned(),
    ]);
    let options = Options {
        last: Some(10),
        follow: true,
        token: Token::new("not-a-secret"),
        ..Options::default()
    };
    let mut items = ask(&url, options).unwrap();
    let expected = [
        "1",
        "2",
        "3",
        "Disconnected",
        "Reconnected",
        "4",
        "Disconnected",
        "Reconnected",
        "5",
        "Disconnected",
    ];
    assert_eq!(next(&mut items, expected.len()), expected);
    let error = items.next().unwrap().unwrap_err();
    assert!(matches!(error, SourceError::Refused { .. }), "{error}");
    assert!(items.next().is_none());
    let asked = server.join().unwrap();
    let places: Vec<_> = asked
        .iter()
        .skip(1)
        .map(|asked| asked.rsplit(' ').next())
        .collect();
    assert_eq!(places, ["5", "7", "8", "8", "9"].map(Some));
}

#[test]
fn what_is_no_log_server_is_an_error_that_says_so() {
    let (url, server) = serve(vec![answer("text/html", "<html>")]);
    let error = ask(&url, Options::default()).err().unwrap();
    assert!(
        error.to_string().contains("is it the address of one?"),
        "{error}"
    );
    server.join().unwrap();
    let error = ask(&url, Options::default()).err().unwrap();
    assert!(matches!(error, SourceError::Unreachable { .. }), "{error}");
    let error = ask("http://", Options::default()).err().unwrap();
    assert!(matches!(error, SourceError::BadUrl { .. }), "{error}");
}

#[test]
fn a_token_is_never_shown() {
    assert!(!format!("{:?}", Token::new("hidden")).contains("hidden"));
    assert!(Token::new("two\nlines").is_none());
}
