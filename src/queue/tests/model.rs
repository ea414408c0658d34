//! Any history of actions and faults keeps what is promised; and each bug the
//! deployed client has had, put back on purpose, is found.

use std::io::ErrorKind;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::harness::{Action, Run};
use super::sim::{Fault, Lie};
use crate::queue::{Options, SyncPolicy};

type Step = (Action, Option<Fault>);

fn action() -> impl Strategy<Value = Action> {
    let writer = 0..2usize;
    prop_oneof![
        6 => (writer.clone(), 1..6usize, 0..400usize).prop_map(|(writer, count, padding)| {
            Action::Append { writer, count, padding }
        }),
        2 => writer.clone().prop_map(|writer| Action::Fatal { writer }),
        4 => (1..6usize).prop_map(Action::Batch),
        2 => (1..6usize).prop_map(Action::Ahead),
        4 => (0..6usize, 0..6usize).prop_map(|(which, count)| Action::Confirm(which, count)),
        1 => Just(Action::TakeOut),
        1 => writer.prop_map(|writer| Action::Sync { writer }),
        1 => Just(Action::CloseDrainer),
        1 => Just(Action::Reopen),
    ]
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    let part = 0..=16u8;
    prop_oneof![
        4 => Just(None),
        1 => (1..40u64, part.clone()).prop_map(|(at, part)| Some(Fault::Kill(at, part))),
        1 => (1..40u64, part).prop_map(|(at, part)| {
            Some(Fault::Fail(at, ErrorKind::StorageFull, part))
        }),
    ]
}

fn history() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((action(), fault()), 1..40)
}

fn with_power_losses() -> impl Strategy<Value = Vec<Step>> {
    let loss = any::<u64>().prop_map(|luck| (Action::LosePower(luck), None));
    prop::collection::vec(prop_oneof![6 => (action(), fault()), 1 => loss], 1..40)
}

fn with_the_deployed_client() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => action(),
        1 => Just(Action::ForeignMeta),
        1 => Just(Action::ForeignTail),
    ];
    prop::collection::vec(step.prop_map(|action| (action, None)), 1..40)
}

fn max_bytes() -> impl Strategy<Value = u64> {
    prop_oneof![Just(1_000_000), 1_000..6_000u64]
}

fn options(max_bytes: u64) -> Options {
    Options {
        max_bytes,
        compact_bytes: 700,
        sync: SyncPolicy::Never,
        ..Options::default()
    }
}

fn play(mut run: Run, history: &[Step]) -> Result<(), String> {
    for (action, fault) in history {
        run.act(action, *fault)?;
    }
    run.finish()
}

/// How many histories are played every day, and how many at length.
const SOME: u32 = 40;
const MANY: u32 = 4_000;

fn hold<S>(cases: u32, strategy: S, run: impl Fn(u64) -> Options)
where
    S: Strategy<Value = Vec<Step>>,
{
    let config = Config {
        cases,
        source_file: Some(file!()),
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&(strategy, max_bytes()), |(history, max)| {
        play(Run::new(run(max)), &history).map_err(TestCaseError::fail)
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

/// Nothing is dropped, so that the deployed client's count means something.
fn roomy(_max: u64) -> Options {
    options(1_000_000)
}

fn always_synced(_max: u64) -> Options {
    Options {
        sync: SyncPolicy::Always,
        ..options(1_000_000)
    }
}

#[test]
fn a_history_keeps_what_is_promised() {
    hold(SOME, history(), options);
}

#[test]
fn a_loss_of_power_keeps_what_was_synced() {
    hold(SOME, with_power_losses(), options);
}

#[test]
fn the_deployed_client_may_rewrite_the_meta() {
    hold(SOME, with_the_deployed_client(), roomy);
}

#[test]
fn every_append_is_durable_when_that_is_the_policy() {
    hold(SOME, with_power_losses(), always_synced);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn thousands_of_histories_keep_what_is_promised() {
    hold(MANY, history(), options);
    hold(MANY, with_power_losses(), options);
    hold(MANY, with_the_deployed_client(), roomy);
    hold(MANY, with_power_losses(), always_synced);
}

/// Plays random histories until one shows the bug.
fn is_found(strategy: impl Strategy<Value = Vec<Step>>, max: u64, bug: impl Fn(&mut Run)) -> bool {
    let mut runner = TestRunner::deterministic();
    (0..2000).any(|_| {
        let history = strategy.new_tree(&mut runner).unwrap().current();
        let mut run = Run::new(options(max));
        bug(&mut run);
        play(run, &history).is_err()
    })
}

#[test]
fn the_model_finds_a_torn_tail_that_is_not_closed() {
    assert!(is_found(history(), 1_000_000, |run| run
        .sim
        .lie(Lie::TailIsWhole)));
}

#[test]
fn the_model_finds_a_confirmation_that_ignores_a_rotation() {
    assert!(is_found(history(), 2_000, |run| run.ignore_generations = true));
}

#[test]
fn the_model_finds_a_rename_that_did_not_happen() {
    assert!(is_found(history(), 2_000, |run| run
        .sim
        .lie(Lie::RenameDoesNothing)));
}

#[test]
fn the_model_finds_a_merge_that_failed_and_was_not_noticed() {
    assert!(is_found(history(), 1_000_000, |run| run
        .sim
        .lie(Lie::AppendNeverFails)));
}

#[test]
fn the_model_finds_a_count_that_damage_has_shifted() {
    let strategy = with_the_deployed_client();
    assert!(is_found(strategy, 1_000_000, |run| run.count_lines = true));
}

#[test]
fn the_model_finds_a_count_that_belongs_to_the_file_before() {
    assert!(is_found(history(), 2_000, |run| run
        .sim
        .lie(Lie::NothingIsAnnounced)));
}

#[test]
fn the_model_finds_a_sync_that_was_left_out() {
    let strategy = with_power_losses();
    assert!(is_found(strategy, 1_000_000, |run| run
        .sim
        .lie(Lie::SyncDoesNothing)));
}
