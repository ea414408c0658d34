//! A token that is refused, and an endpoint that is missing.

use tokio::sync::Notify;

use super::*;

#[tokio::test(start_paused = true)]
async fn a_refused_token_stops_at_once_and_another_one_goes_on() {
    for status in [401, 403] {
        let server = Server::answering(match status {
            401 => &[401],
            _ => &[403],
        });
        let current = Arc::new(Mutex::new("first"));
        let provided = Arc::clone(&current);
        let tokens = TokenSource::Provider(Box::new(move || {
            Some((*provided.lock().unwrap()).to_owned())
        }));
        let memory = Memory::of(3);
        let mut scene = Scene::with_tokens(server.clone(), memory, tokens, Options::default());
        for _ in 0..3 {
            let end = scene.drain().await;
            let End::Stopped {
                cause: StopCause::Unauthorized,
                status: said,
                ..
            } = end
            else {
                panic!("{end:?}");
            };
            assert_eq!(said, status);
        }
        assert_eq!(server.requests(), 1);
        assert_eq!(scene.memory.confirmed(), 0);
        *current.lock().unwrap() = "second";
        assert_eq!(scene.drain().await, End::Empty);
        scene.assert_all_but(&[]);
        assert_eq!(server.state().requests[1].token.as_deref(), Some("second"));
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_token_yet_nothing_is_sent_and_nothing_lost() {
    let server = Server::answering(&[]);
    let tokens = TokenSource::Provider(Box::new(|| None));
    let mut scene = Scene::with_tokens(server.clone(), Memory::of(3), tokens, Options::default());
    assert_eq!(scene.drain().await, End::NoToken);
    assert_eq!(server.requests(), 0);
    assert_eq!(scene.memory.confirmed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_missing_endpoint_stops_and_may_be_tried_again() {
    let server = Server::answering(&[404]);
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    let end = scene.drain().await;
    assert!(matches!(
        end,
        End::Stopped {
            cause: StopCause::NoEndpoint,
            status: 404,
            ..
        }
    ));
    assert_eq!(server.requests(), 1);
    assert_eq!(scene.drain().await, End::Empty);
    scene.assert_all_but(&[]);
}

#[tokio::test(start_paused = true)]
async fn following_tries_a_missing_endpoint_again_every_ten_minutes_whoever_wakes_it() {
    let server = Server::answering(&[404, 404]);
    let mut scene = Scene::new(server.clone(), Memory::of(3), Options::default());
    let cancel = CancellationToken::new();
    let wake = Notify::new();
    let person = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        wake.notify_one();
        tokio::time::sleep(Duration::from_secs(1_200)).await;
        cancel.cancel();
    };
    let interval = Duration::from_secs(30);
    let following = follow(&mut scene.uploader, interval, &wake, &cancel);
    let (result, ()) = tokio::join!(following, person);
    result.unwrap();
    assert_eq!(server.pauses(), [600, 600]);
    scene.assert_all_but(&[]);
}
