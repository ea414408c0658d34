//! Whatever a server does for a while.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever a server does for a while, in the end every record is through
    /// or among the dead letters, and only what it refuses for good is buried.
    #[test]
    fn nothing_is_ever_lost_and_nothing_good_is_buried(
        count in 1_u64..120,
        batch in 1_usize..30,
        bad in proptest::collection::btree_set(0_u64..120, 0..6),
        bad_status in prop_oneof![Just(400_u16), Just(422), Just(500)],
        start in 0_usize..40,
        outage in proptest::collection::vec(
            prop_oneof![Just(0_u16), Just(301), Just(429), Just(500), Just(503)], 0..40),
    ) {
        let bad: BTreeSet<u64> = bad.into_iter().filter(|n| *n < count).collect();
        let refused = bad.clone();
        let server = Server::new(move |records, n| match outage.get(n.wrapping_sub(start)) {
            Some(0) => Err(TransportError::Broken("reset".to_owned())),
            Some(status) => Ok(Reply::empty(*status)),
            _ if records.iter().any(|record| refused.contains(record)) => Ok(Reply::empty(bad_status)),
            _ => Ok(Reply::empty(200)),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut scene = Scene::new(server.clone(), Memory::of(count), batches_of(batch));
            let end = scene.drain_for(Duration::from_secs(7 * 24 * 3600)).await;
            let taken = scene.server.state().taken.clone();
            let buried: BTreeSet<u64> = scene.memory.buried().into_iter().collect();
            for n in 0..scene.memory.confirmed() as u64 {
                prop_assert!(taken.contains(&n) || buried.contains(&n), "{n} is lost");
            }
            prop_assert!(taken.intersection(&bad).next().is_none());
            prop_assert!(buried.is_subset(&bad));
            // With nothing good to compare with, a failing server looks like
            // an outage, and the records stay.
            if bad_status < 500 || bad.len() < count as usize {
                prop_assert_eq!(end, Some(End::Empty));
                prop_assert_eq!(scene.memory.confirmed() as u64, count);
                prop_assert_eq!(buried, bad);
            }
            Ok(())
        })?;
    }
}
