//! What goes out when all is well, and in which spelling.

use super::*;

#[tokio::test(start_paused = true)]
async fn everything_goes_in_order_in_batches_of_the_right_size() {
    let server = Server::answering(&[]);
    let mut scene = Scene::new(server.clone(), Memory::of(250), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let sizes: Vec<usize> = state
        .requests
        .iter()
        .map(|r| numbers(&r.body).len())
        .collect();
    assert_eq!(sizes, [100, 100, 50]);
    let all: Vec<u64> = state
        .requests
        .iter()
        .flat_map(|r| numbers(&r.body))
        .collect();
    assert!(all.is_sorted());
}

#[tokio::test(start_paused = true)]
async fn no_body_is_over_the_limit_and_a_record_that_fits_into_none_is_buried() {
    let server = Server::answering(&[]);
    let memory = Memory::of(5);
    memory.shelf().lines[2].splice(1..1, format!(r#""x":"{}","#, "y".repeat(500)).bytes());
    let options = Options {
        max_body_bytes: 300,
        ..Options::default()
    };
    let mut scene = Scene::new(server.clone(), memory.clone(), options);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[2]);
    assert!(
        server
            .state()
            .requests
            .iter()
            .all(|request| request.bytes <= 300)
    );
    assert!(
        memory.shelf().letters[0]
            .reason
            .contains("fit into no request")
    );
}

#[tokio::test(start_paused = true)]
async fn the_line_hook_sees_everything_that_is_sent() {
    let server = Server::answering(&[]);
    let hook: LineHook = Box::new(|lines| {
        for line in lines {
            let text = String::from_utf8_lossy(line).replace("\"m\"", "\"clean\"");
            *line = text.into_bytes();
        }
    });
    let options = Options {
        line_hook: Some(hook),
        ..batches_of(4)
    };
    let mut scene = Scene::new(server.clone(), Memory::of(10), options);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let records = state
        .requests
        .iter()
        .flat_map(|r| r.body["logs"].as_array().unwrap());
    assert!(records.clone().all(|record| record["message"] == "clean"));
}

#[tokio::test(start_paused = true)]
async fn new_records_are_sent_by_the_next_drain() {
    let server = Server::answering(&[]);
    let memory = Memory::of(3);
    let mut scene = Scene::new(server, memory.clone(), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    memory.push(3..8);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_wait_at_once_and_a_request_within_the_grace() {
    let start = Instant::now();
    let cancel = CancellationToken::new();
    let server = Server::answering(&[503, 503, 503, 503, 503, 503]);
    let mut scene = Scene::new(server, Memory::of(3), Options::default());
    let canceller = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        cancel.cancel();
    };
    let (end, ()) = tokio::join!(scene.uploader.drain(&cancel), canceller);
    assert_eq!(end.unwrap(), End::Cancelled);
    assert!(start.elapsed() < Duration::from_secs(11));
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_snake_case_gets_it_and_keeps_it() {
    let server = Server::new(|_, n| {
        let missing = json!({"detail": [{"loc": ["body", "logs", 0, "install_id"],
            "type": "missing", "msg": "Field required"}]});
        Ok(if n == 0 {
            with_body(422, &missing)
        } else {
            Reply::empty(200)
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(150), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    let keys = |n: usize| {
        state.requests[n].body["logs"][0]
            .as_object()
            .unwrap()
            .clone()
    };
    assert!(keys(0).contains_key("installId"));
    assert!(keys(1).contains_key("install_id") && keys(2).contains_key("session_id"));
    assert_eq!(state.requests.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_no_spelling_does_not_go_round_for_ever() {
    let server = Server::new(|_, n| {
        let key = if n % 2 == 0 {
            "install_id"
        } else {
            "installId"
        };
        let missing = json!({"detail": [{"loc": ["body", "logs", 0, key], "type": "missing"}]});
        Ok(with_body(422, &missing))
    });
    let options = Options {
        max_refused_at_first: None,
        ..Options::default()
    };
    let mut scene = Scene::new(server.clone(), Memory::of(3), options);
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(scene.memory.buried(), [0, 1, 2]);
    assert!(server.requests() <= 5);
}
