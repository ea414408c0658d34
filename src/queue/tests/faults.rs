//! Every single operation fails, or is the last one before the process dies.

use std::io::ErrorKind;

use super::harness::{Action, Run};
use super::sim::Fault;
use crate::queue::{Options, SyncPolicy};

/// A history in which everything happens that changes files: appending,
/// merging, confirming, compacting, rotating, taking out.
fn history() -> Vec<Action> {
    let append = |writer, count, padding| Action::Append {
        writer,
        count,
        padding,
    };
    vec![
        append(0, 2, 10),
        Action::Fatal { writer: 1 },
        append(1, 2, 200),
        Action::Batch(2),
        append(0, 1, 0),
        Action::Ahead(1),
        Action::Fatal { writer: 0 },
        Action::Confirm(0, 1),
        Action::Confirm(1, 9),
        Action::Batch(9),
        append(1, 3, 500),
        Action::Sync { writer: 1 },
        append(0, 4, 500),
        Action::Confirm(2, 2),
        Action::Fatal { writer: 1 },
        Action::CloseDrainer,
        Action::Batch(4),
        Action::TakeOut,
        append(0, 6, 300),
        Action::Batch(2),
        Action::Confirm(3, 9),
        Action::Confirm(4, 9),
        append(1, 9, 300),
        Action::Batch(3),
        Action::Confirm(5, 2),
    ]
}

fn options(max_bytes: u64) -> Options {
    Options {
        max_bytes,
        compact_bytes: 900,
        sync: SyncPolicy::Never,
        ..Options::default()
    }
}

/// Which operations are struck: every one, or a sample for every day.
const EVERY: usize = 1;
const SOME: usize = 41;

/// Runs the history once for every `stride`th operation in it.
fn strike(stride: usize, max_bytes: u64, fault: impl Fn(u64) -> Fault) {
    let history = history();
    for struck in 0..history.len() {
        for operation in (1 + (struck % stride) as u64..).step_by(stride) {
            let fault = fault(operation);
            let mut run = Run::new(options(max_bytes));
            let mut fired = false;
            let outcome = history.iter().enumerate().try_for_each(|(index, action)| {
                let fault = (index == struck).then_some(fault);
                fired |= run.act(action, fault)?;
                Ok(())
            });
            let outcome = outcome.and_then(|()| run.finish());
            if let Err(error) = outcome {
                panic!("{fault:?} in step {struck}, {:?}: {error}", history[struck]);
            }
            if !fired {
                break;
            }
        }
    }
}

fn die_before(stride: usize) {
    for max_bytes in [1_000_000, 4_000] {
        strike(stride, max_bytes, |at| Fault::Kill(at, 0));
    }
}

fn die_in_the_middle(stride: usize) {
    for part in [1, 15, 16] {
        strike(stride, 4_000, |at| Fault::Kill(at, part));
    }
}

fn fail(stride: usize) {
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::ReadOnlyFilesystem,
        ErrorKind::FileTooLarge,
        ErrorKind::Other,
    ];
    for (kind, part) in kinds.into_iter().zip([0, 3, 0, 15, 16]) {
        strike(stride, 4_000, |at| Fault::Fail(at, kind, part));
    }
}

#[test]
fn a_process_may_die_before_an_operation() {
    die_before(SOME);
}

#[test]
fn a_process_may_die_in_the_middle_of_a_write() {
    die_in_the_middle(SOME);
}

#[test]
fn an_operation_may_fail_and_nothing_stored_before_is_lost() {
    fail(SOME);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn a_process_may_die_before_any_operation() {
    die_before(EVERY);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn a_process_may_die_in_the_middle_of_any_write() {
    die_in_the_middle(EVERY);
}

#[test]
#[ignore = "takes minutes; run with --ignored"]
fn any_operation_may_fail_and_nothing_stored_before_is_lost() {
    fail(EVERY);
}
