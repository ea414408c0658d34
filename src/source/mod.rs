//! Where records come from: a queue folder, files, standard input, a server,
//! or what a fleet of servers keeps on NATS.
//!
//! [`open`] takes what a person named as SOURCE ([`Location`]) and gives one
//! stream of [`Item`]s: first what is there, merged by time, then, if asked
//! to follow, what comes, in the order in which it arrives. A record that
//! turns up in two places, as when a queue moves it from one file to another
//! or has sent it to the server, is told once.
//!
//! - Reading changes nothing: files are opened for reading only, and a queue
//!   folder is read without its lock.
//! - Memory is bounded: a line is at most [`MAX_LINE_BYTES`], blocks are of
//!   fixed size, and a slow reader holds back those who read for it.
//! - A line that cannot match the filter is passed over without being parsed,
//!   and the last `n` records of a file are looked for from its end.
//! - One plain file may be read by all processors at once, where the order of
//!   its records does not matter: [`scan`].
//! - What is odd is told, never dropped silently and never fatal: see
//!   [`Notice`].
//!
//! Files that are followed keep their identity through renaming (`tail`);
//! folders are watched, and looked at now and then in case the system's word
//! does not come (`watch`). A server is followed by its event stream from the
//! place where its backlog ended (`server`), a fleet by its stream (`fleet`).
//! Both also have the screenshots that their records name ([`Screenshots`]).

mod backward;
mod error;
mod event;
mod files;
mod fleet;
mod follow;
mod identity;
mod input;
mod lines;
mod location;
mod matcher;
mod merge;
mod needle;
mod scan;
mod screenshots;
mod server;
mod tail;
mod watch;
mod window;

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

pub use error::SourceError;
pub use event::{Event, Item, Notice};
pub use files::total_bytes;
pub use input::{decoded, open_bytes};
pub use lines::MAX_LINE_BYTES;
pub use location::{Location, MeantAs};
pub use scan::{Scan, scan};
pub use screenshots::{MAX_SCREENSHOT_BYTES, Screenshots};
pub use server::{Token, fingerprints};

use crate::filter::Filter;
use crate::fleet::Access;
use files::{Events, Place, Selection};
use fleet::Fleet;
use follow::Follower;
use matcher::Matcher;
use merge::{Merge, Part, Recent, Sequenced};
use server::Server;

/// How many items may wait for a slow reader before those who read files for
/// it have to wait too.
const CHANNEL_CAPACITY: usize = 1024;

/// What to read of the sources.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which records.
    pub filter: Filter,
    /// Only the last so many of what is there; `None` for all.
    pub last: Option<usize>,
    /// Only the last so many of standard input while following, which are known
    /// at its end alone; `None` passes on all as it comes.
    pub last_of_stdin: Option<usize>,
    /// Whether to go on with what comes after that.
    pub follow: bool,
    /// What a server wants to see before it lets one read.
    pub token: Option<Token>,
    /// Counts the bytes that have been read of plain files, for whoever shows
    /// how far it has come.
    pub bytes_read: Arc<AtomicU64>,
    /// Counts the lines that are no records and were passed over, as the filter
    /// asks for what only a record has.
    pub passed_over: Arc<AtomicU64>,
    /// Who one is on NATS, and whom to trust there.
    pub access: Access,
}

/// Opens sources as one stream.
///
/// # Errors
///
/// The first source that cannot be read at all. A file or folder that is not
/// there is none while following: it is waited for.
pub fn open(locations: &[Location], options: Options) -> Result<Items, SourceError> {
    let mut opening = Opening {
        matcher: Arc::new(Matcher::new(options.filter.clone()).counting(&options.passed_over)),
        options,
        backlog: Vec::new(),
        live: Vec::new(),
    };
    for (source, location) in locations.iter().enumerate() {
        match location {
            Location::Path(path) => opening.files(source, Selection::Path(path.clone()))?,
            Location::Glob(pattern) => opening.files(source, Selection::glob(pattern)?)?,
            Location::Stdin => opening.stdin(source)?,
            Location::Server(url) => opening.server(source, url)?,
            Location::Fleet(url) => opening.fleet(source, url)?,
        }
    }
    opening.finish()
}

/// The items of all sources.
///
/// An error ends the source it comes from and no other. The threads that
/// follow the sources end soon after this is dropped.
pub struct Items {
    backlog: Box<dyn Iterator<Item = Result<Sequenced, SourceError>> + Send>,
    live: Vec<Live>,
    recent: Option<Recent>,
    sender: SyncSender<Message>,
    receiver: Receiver<Message>,
    running: usize,
    stop: CancellationToken,
}

/// What became of waiting for an item.
#[derive(Debug)]
pub enum Next {
    /// It is here, or an error that ends its source.
    Item(Result<Item, SourceError>),
    /// It did not come in time.
    TimedOut,
    /// None will come any more.
    End,
}

/// Ends the items from another thread.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
    sender: SyncSender<Message>,
}

impl Stop {
    /// Lets whoever waits for an item find that none will come.
    pub fn stop(&self) {
        self.token.cancel();
        // If there is no room, then nobody is waiting.
        let _ = self.sender.try_send(Message::Stop);
    }

    /// Whether the items were ended so.
    pub fn is_stopped(&self) -> bool {
        self.token.is_cancelled()
    }
}

impl Items {
    /// A way to end this from another thread, as on Ctrl-C.
    pub fn stop(&self) -> Stop {
        Stop {
            token: self.stop.clone(),
            sender: self.sender.clone(),
        }
    }

    /// Waits for the next item until `deadline`, or as long as it takes.
    ///
    /// What is there already is read to its end, whatever time it is.
    pub fn next_until(&mut self, deadline: Option<Instant>) -> Next {
        loop {
            if self.stop.is_cancelled() {
                return Next::End;
            }
            let sequenced = match self.backlog.next() {
                Some(sequenced) => sequenced,
                None => match self.next_live(deadline) {
                    Some(Message::Item(sequenced)) => sequenced,
                    Some(Message::Ended) => {
                        self.running -= 1;
                        continue;
                    }
                    Some(Message::Stop) => return Next::End,
                    None if self.running == 0 => return Next::End,
                    None => return Next::TimedOut,
                },
            };
            if let Some(item) = self.once(sequenced) {
                return Next::Item(item);
            }
        }
    }

    /// What the followers say; `None` if they are silent or gone.
    fn next_live(&mut self, deadline: Option<Instant>) -> Option<Message> {
        for live in self.live.drain(..) {
            live.start(self.sender.clone(), self.stop.clone());
            self.running += 1;
        }
        if self.running == 0 {
            return None;
        }
        match deadline {
            None => self.receiver.recv().ok(),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                self.receiver.recv_timeout(left).ok()
            }
        }
    }

    /// The item, unless it is a record that was told before.
    fn once(
        &mut self,
        sequenced: Result<Sequenced, SourceError>,
    ) -> Option<Result<Item, SourceError>> {
        let Sequenced { part, item } = match sequenced {
            Ok(sequenced) => sequenced,
            Err(error) => return Some(Err(error)),
        };
        if let (Some(recent), Event::Record(record)) = (&mut self.recent, &item.event)
            && !recent.insert(record, part)
        {
            return None;
        }
        Some(Ok(item))
    }
}

impl Iterator for Items {
    type Item = Result<Item, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_until(None) {
            Next::Item(item) => Some(item),
            Next::TimedOut | Next::End => None,
        }
    }
}

impl Drop for Items {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Sources on their way to being one stream.
struct Opening {
    matcher: Arc<Matcher>,
    options: Options,
    backlog: Vec<(Part, Events)>,
    live: Vec<Live>,
}

impl Opening {
    fn files(&mut self, source: usize, selection: Selection) -> Result<(), SourceError> {
        let Options { last, follow, .. } = self.options;
        let paths = match selection.paths() {
            Ok(paths) => paths,
            Err(error) if follow && error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(source) => {
                let path = selection.name();
                return Err(SourceError::Open { path, source });
            }
        };
        if paths.is_empty() && !follow {
            return Err(selection.nothing_there());
        }
        let mut tails = Vec::new();
        for (file, (path, succession)) in paths.into_iter().enumerate() {
            let bytes_read = &self.options.bytes_read;
            let opened = files::open(&path, succession, &self.matcher, last, follow, bytes_read)?;
            self.backlog.push((Part { source, file }, opened.events));
            tails.push((path, opened.tail));
        }
        if follow {
            let follower = Follower::new(selection, Arc::clone(&self.matcher), tails);
            self.live.push(Live::Files(source, Box::new(follower)));
        }
        Ok(())
    }

    fn stdin(&mut self, source: usize) -> Result<(), SourceError> {
        let part = Part { source, file: 0 };
        let matcher = Arc::clone(&self.matcher);
        match self.options.follow {
            // While following, everything that is still to come is new.
            true => {
                let last = self.options.last_of_stdin;
                self.live.push(Live::Stdin(part, matcher, last));
            }
            false => {
                let events = stdin_events(matcher, self.options.last)?;
                self.backlog.push((part, events));
            }
        }
        Ok(())
    }

    fn server(&mut self, source: usize, url: &str) -> Result<(), SourceError> {
        let Options {
            filter,
            last,
            follow,
            token,
            ..
        } = &self.options;
        let server = Arc::new(Server::new(url, token.clone(), filter)?);
        let part = Part { source, file: 0 };
        self.backlog.push((part, server.backlog(*last)?));
        if *follow {
            self.live.push(Live::Server(part, server));
        }
        Ok(())
    }

    fn fleet(&mut self, source: usize, url: &str) -> Result<(), SourceError> {
        let Options {
            filter,
            last,
            follow,
            access,
            ..
        } = &self.options;
        let fleet = Arc::new(Fleet::new(url, access, filter)?);
        let part = Part { source, file: 0 };
        self.backlog.push((part, fleet.backlog(*last)?));
        if *follow {
            self.live.push(Live::Fleet(part, fleet));
        }
        Ok(())
    }

    fn finish(self) -> Result<Items, SourceError> {
        let Options { last, follow, .. } = self.options;
        let may_repeat = follow || self.backlog.len() > 1;
        let merge = Merge::new(self.backlog);
        let (sender, receiver) = sync_channel(CHANNEL_CAPACITY);
        Ok(Items {
            backlog: match last {
                // Each source has given its last ones; of these, the last.
                Some(wanted) if may_repeat => Box::new(last_of(merge, wanted)),
                _ => Box::new(merge),
            },
            live: self.live,
            recent: may_repeat.then(Recent::default),
            sender,
            receiver,
            running: 0,
            stop: CancellationToken::new(),
        })
    }
}

/// What stands on standard input. Waits for its first bytes, which say whether
/// it is compressed.
fn stdin_events(matcher: Arc<Matcher>, last: Option<usize>) -> Result<Events, SourceError> {
    let stream = input::decoded(io::stdin()).map_err(|source| Place::Stdin.failed(source))?;
    files::read_stream(stream, Place::Stdin, matcher, last)
}

fn last_of<T>(all: impl Iterator<Item = T>, wanted: usize) -> impl Iterator<Item = T> {
    let mut all: VecDeque<T> = all.collect();
    let excess = all.len().saturating_sub(wanted);
    all.drain(..excess);
    all.into_iter()
}

/// A source that is followed.
enum Live {
    Files(usize, Box<Follower>),
    Stdin(Part, Arc<Matcher>, Option<usize>),
    Server(Part, Arc<Server>),
    Fleet(Part, Arc<Fleet>),
}

/// What a follower says.
#[derive(Debug)]
enum Message {
    Item(Result<Sequenced, SourceError>),
    Ended,
    Stop,
}

/// Says that a follower has ended, even if it has panicked.
struct Ending(SyncSender<Message>);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.send(Message::Ended);
    }
}

impl Live {
    /// Follows on a thread of its own.
    fn start(self, sender: SyncSender<Message>, stop: CancellationToken) {
        thread::spawn(move || {
            let ending = Ending(sender);
            let send = |part: Part, event: Result<Event, SourceError>| {
                let sequenced = event.map(|event| Sequenced::new(part, event));
                match ending.0.send(Message::Item(sequenced)) {
                    Ok(()) if !stop.is_cancelled() => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            };
            match self {
                Live::Files(source, follower) => {
                    follower.run(&stop, &mut |file, event| {
                        send(Part { source, file }, Ok(event))
                    });
                }
                Live::Stdin(part, matcher, last) => match stdin_events(matcher, last) {
                    Ok(events) => {
                        for event in events {
                            if send(part, event).is_break() {
                                return;
                            }
                        }
                    }
                    Err(error) => {
                        let _ = send(part, Err(error));
                    }
                },
                Live::Server(part, server) => {
                    server.follow(&stop, &mut |event| send(part, event));
                }
                Live::Fleet(part, fleet) => {
                    fleet.follow(&stop, &mut |event| send(part, event));
                }
            }
        });
    }
}

/// The folder in which a path stands.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests;
