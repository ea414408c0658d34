//! Records that a server will not take: finding them, and only them.

use super::*;

#[tokio::test(start_paused = true)]
async fn one_bad_record_in_a_hundred_is_found_in_at_most_14_requests_wherever_it_stands() {
    for status in [400, 413, 422] {
        for bad in 0..100 {
            let server = Server::new(move |records, _| {
                Ok(Reply::empty(if records.contains(&bad) {
                    status
                } else {
                    200
                }))
            });
            let mut scene = Scene::new(server.clone(), Memory::of(100), Options::default());
            assert_eq!(scene.drain().await, End::Empty);
            scene.assert_all_but(&[bad]);
            assert!(
                server.requests() <= 14,
                "{} requests for {bad}",
                server.requests()
            );
            assert_eq!(scene.memory.shelf().letters[0].status, Some(status));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_422_that_names_the_record_goes_straight_to_it() {
    let server = Server::new(|records, _| {
        Ok(match records.iter().position(|record| *record == 37) {
            Some(index) => with_body(
                422,
                &json!({"detail": [{"loc": ["body", "logs", index, "message"],
                    "type": "string_type", "msg": "Input should be a valid string"}]}),
            ),
            None => Reply::empty(200),
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(100), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[37]);
    assert_eq!(server.requests(), 2);
    let reason = scene.memory.shelf().letters[0].reason.clone();
    assert_eq!(reason, "message: Input should be a valid string");
}

#[tokio::test(start_paused = true)]
async fn records_rejected_in_a_200_are_buried_and_the_rest_is_through() {
    let body = json!({"accepted": 7, "duplicates": 1, "rejected": [{"index": 4, "reason": "no"}, {"index": 9, "reason": "no"}]});
    let server = Server::new(move |_, _| Ok(with_body(200, &body)));
    let mut scene = Scene::new(server.clone(), Memory::of(10), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(scene.memory.buried(), [4, 9]);
    assert_eq!(scene.memory.confirmed(), 10);
    let receipt = scene.uploader.receipt();
    let counts = (
        receipt.sent,
        receipt.accepted,
        receipt.duplicates,
        receipt.rejected,
    );
    assert_eq!(counts, (10, 7, 1, 2));
    assert_eq!(server.requests(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_fails_while_another_goes_through_is_hunted_down() {
    for bad in [0, 37, 99, 250] {
        let server = Server::new(move |records, _| {
            Ok(Reply::empty(if records.contains(&bad) { 500 } else { 200 }))
        });
        let mut scene = Scene::new(server.clone(), Memory::of(251), Options::default());
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[bad]);
        assert_eq!(scene.memory.shelf().letters[0].status, Some(500));
    }
}

#[tokio::test(start_paused = true)]
async fn poison_is_found_without_another_batch_too() {
    let server = Server::refusing(500, &[3, 4, 60]);
    let mut scene = Scene::new(server, Memory::of(100), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[3, 4, 60]);
}

#[tokio::test(start_paused = true)]
async fn a_record_that_makes_the_server_hang_is_poison_too() {
    let server = Server::new(|records, _| match records.contains(&17) {
        true => Err(TransportError::Timeout(Duration::from_secs(30))),
        false => Ok(Reply::empty(200)),
    });
    let mut scene = Scene::new(server, Memory::of(40), batches_of(10));
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[17]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_refuses_everything_stops_the_upload_before_all_is_buried() {
    for status in [400, 422] {
        let server = Server::new(move |records, _| {
            let named: Vec<Value> = (0..records.len())
                .map(|index| json!({"loc": ["body", "logs", index, "app"], "type": "missing", "msg": "no app"}))
                .collect();
            Ok(with_body(status, &json!({ "detail": named })))
        });
        let mut scene = Scene::new(server.clone(), Memory::of(1_000), Options::default());
        let end = scene.drain().await;
        let stopped = End::Stopped {
            cause: StopCause::RefusesAll { records: 200 },
            status,
            reason: "app: no app".to_owned(),
        };
        assert_eq!(end, stopped);
        assert_eq!(server.requests(), 2);
        assert!(scene.memory.buried().is_empty());
        assert_eq!(scene.memory.confirmed(), 0);
        server.state().behaviour = Box::new(|_, _| Ok(Reply::empty(200)));
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[]);
        let state = server.state();
        let sent = state.requests[2..].iter().flat_map(|r| numbers(&r.body));
        assert!(sent.is_sorted());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_has_taken_one_record_may_refuse_all_others() {
    let server =
        Server::new(|records, _| Ok(Reply::empty(if records == [250] { 200 } else { 400 })));
    let options = Options {
        max_refused_at_first: None,
        ..Options::default()
    };
    let mut scene = Scene::new(server, Memory::of(300), options);
    assert_eq!(scene.drain().await, End::Empty);
    let others: Vec<u64> = (0..300).filter(|n| *n != 250).collect();
    scene.assert_all_but(&others);
    let server =
        Server::new(|records, _| Ok(Reply::empty(if records[0] < 10 { 200 } else { 400 })));
    let mut scene = Scene::new(server, Memory::of(300), batches_of(10));
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&(10..300).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_small_queue_that_is_refused_as_a_whole_is_kept() {
    let server = Server::new(|_, _| Ok(Reply::empty(400)));
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    for _ in 0..2 {
        let end = scene.drain().await;
        let cause = StopCause::RefusesAll { records: 3 };
        assert!(matches!(end, End::Stopped { cause: found, .. } if found == cause));
        assert!(scene.memory.buried().is_empty());
        assert_eq!(scene.memory.confirmed(), 0);
    }
    // One that goes through shows that it is the server that is right.
    scene.memory.push([3]);
    server.state().behaviour =
        Box::new(|records, _| Ok(Reply::empty(if records == [3] { 200 } else { 400 })));
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_what_it_refuses_in_a_200_is_the_right_one() {
    let server = Server::new(|_, _| {
        let rejected = json!({"accepted": 0, "rejected": [{"index": 0, "reason": "too old"}]});
        Ok(with_body(200, &rejected))
    });
    let mut scene = Scene::new(server, Memory::of(1), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(scene.memory.buried(), [0]);
    assert_eq!(scene.memory.confirmed(), 1);
}

#[tokio::test(start_paused = true)]
async fn following_a_server_that_refuses_a_few_waits_longer_the_more_there_are() {
    for (records, pause) in [(1, 30), (20, 60), (300, 600)] {
        let server = Server::new(|records, _| {
            let named: Vec<Value> = (0..records.len())
                .map(|index| json!({"loc": ["body", "logs", index, "app"], "msg": "no app"}))
                .collect();
            Ok(with_body(422, &json!({ "detail": named })))
        });
        let mut scene = Scene::new(server.clone(), Memory::of(records), Options::default());
        let cancel = CancellationToken::new();
        let person = async {
            tokio::time::sleep(Duration::from_secs(601)).await;
            cancel.cancel();
        };
        let interval = Duration::from_secs(30);
        let wake = tokio::sync::Notify::new();
        let following = follow(&mut scene.uploader, interval, &wake, &cancel);
        let (result, ()) = tokio::join!(following, person);
        result.unwrap();
        let longest = server.pauses().into_iter().max();
        assert_eq!(longest, Some(pause), "{records}");
        assert!(scene.memory.buried().is_empty());
    }
}
