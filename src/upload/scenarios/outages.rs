//! A server that fails or is not there: waiting, and losing nothing.

use super::*;

#[tokio::test(start_paused = true)]
async fn failures_are_waited_out_longer_and_longer_and_nothing_is_lost() {
    let server = Server::answering(&[503, 500, 429, 502]);
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    for (pause, nominal) in server.pauses().into_iter().zip([1, 2, 4, 8]) {
        assert!(
            (nominal..=nominal * 5 / 4 + 1).contains(&pause),
            "{pause} for {nominal}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_up_to_a_minute() {
    let server = Server::new(|_, n| {
        let retry_after = ["7", "86400"].get(n).map(|&text| text.to_owned());
        let status = if retry_after.is_some() { 429 } else { 200 };
        Ok(Reply {
            retry_after,
            ..Reply::empty(status)
        })
    });
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    assert_eq!(server.pauses(), [7, 60]);
}

#[tokio::test(start_paused = true)]
async fn an_unclear_answer_is_sent_again_unchanged() {
    let server = Server::new(|_, n| match n {
        0 => Err(TransportError::Timeout(Duration::from_secs(30))),
        1 => Err(TransportError::Broken("reset".to_owned())),
        2 => Ok(Reply {
            location: Some("https://b.example".to_owned()),
            ..Reply::empty(307)
        }),
        3 => Ok(Reply {
            body: Body::Whole(b"<html>".to_vec()),
            ..Reply::empty(200)
        }),
        4 => Ok(Reply {
            body: Body::Cut("cut"),
            ..Reply::empty(200)
        }),
        _ => Ok(Reply::empty(200)),
    });
    // A single batch: a long failure must not be taken for poison.
    let mut scene = Scene::new(server.clone(), Memory::of(1), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    let state = server.state();
    assert!(
        state
            .requests
            .iter()
            .all(|request| request.body == state.requests[0].body)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_costs_nothing_and_few_requests() {
    let start = Instant::now();
    let day = Duration::from_secs(24 * 3600);
    let server = Server::new(move |_, _| match start.elapsed() < day {
        true => Ok(Reply::empty(503)),
        false => Ok(Reply::empty(200)),
    });
    let mut scene = Scene::new(server.clone(), Memory::of(1_000), Options::default());
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
    assert!(server.requests() < 1_500, "{} requests", server.requests());
}

#[tokio::test(start_paused = true)]
async fn an_outage_in_the_middle_of_a_hunt_costs_no_good_record() {
    let start = Instant::now();
    for outage in 8..30 {
        let server = Server::new(move |records, _| {
            let seconds = start.elapsed().as_secs();
            let is_out = (outage..outage + 3_600).contains(&seconds);
            Ok(Reply::empty(if is_out || records.contains(&37) {
                500
            } else {
                200
            }))
        });
        let mut scene = Scene::new(server, Memory::of(300), Options::default());
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[37]);
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_never_blamed_on_a_batch() {
    let server =
        Server::new(|records, _| Ok(Reply::empty(if records.contains(&3) { 429 } else { 200 })));
    let mut scene = Scene::new(server, Memory::of(100), batches_of(10));
    assert_eq!(scene.drain_for(Duration::from_secs(3_600)).await, None);
    assert!(scene.memory.buried().is_empty());
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn attempts_run_out_where_they_are_counted() {
    let server = Server::new(|_, _| Err(TransportError::Connect("refused".to_owned())));
    let options = Options {
        max_failures: Some(4),
        ..Options::default()
    };
    let mut scene = Scene::new(server.clone(), Memory::of(3), options);
    let reason = "cannot connect: refused".to_owned();
    let status = None;
    assert_eq!(scene.drain().await, End::GaveUp { status, reason });
    assert_eq!(server.requests(), 4);
}
