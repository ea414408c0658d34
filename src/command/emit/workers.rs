//! Work on every core whose results come in the order of the input.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// How many blocks wait for each worker: as many as keep it busy while a full
/// queue makes room, and no more than memory is spared for.
const AHEAD: usize = 8;

/// What became of one block, once it is known.
type Promise<T> = Receiver<T>;

/// Feeds what `read` yields to one worker for each core, and hands out what
/// `work` makes of it, in order. The threads end with their input, or when the
/// results are not wanted any more; nobody waits for them, since one may be
/// waiting for input.
pub(super) fn in_order<I, O>(
    mut read: impl FnMut() -> Option<I> + Send + 'static,
    work: impl Fn(I) -> O + Send + Sync + 'static,
) -> impl Iterator<Item = O>
where
    I: Send + 'static,
    O: Send + 'static,
{
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let (jobs, queued) = sync_channel::<(I, SyncSender<O>)>(cores * AHEAD);
    let (promises, promised) = sync_channel::<Promise<O>>(cores * AHEAD);
    let queued = Arc::new(Mutex::new(queued));
    let work = Arc::new(work);
    for _ in 0..cores {
        let (queued, work) = (Arc::clone(&queued), Arc::clone(&work));
        thread::spawn(move || {
            loop {
                let job = queued.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok((input, done)) = job else {
                    return;
                };
                // Nobody may want it any more.
                let _ = done.send(work(input));
            }
        });
    }
    thread::spawn(move || {
        while let Some(input) = read() {
            let (done, promise) = sync_channel(1);
            if promises.send(promise).is_err() || jobs.send((input, done)).is_err() {
                return;
            }
        }
    });
    promised
        .into_iter()
        .map_while(|promise| promise.recv().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_input() {
        let mut numbers = 0..500_u32;
        let doubled = in_order(
            move || numbers.next(),
            |number| {
                // The earlier ones take longer.
                (0..(500 - number) * 50).fold(number * 2, |sum, one| sum ^ one ^ one)
            },
        );
        let doubled: Vec<u32> = doubled.collect();
        assert_eq!(
            doubled,
            (0..500).map(|number| number * 2).collect::<Vec<_>>()
        );
    }

    #[test]
    fn an_input_without_an_end_is_left_behind() {
        let mut first = in_order(|| Some(1), |one| one);
        assert_eq!(first.next(), Some(1));
    }
}
