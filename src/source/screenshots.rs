//! The screenshots that records name, from the server or the fleet that keeps
//! the records.

use std::time::Duration;

use async_nats::jetstream::object_store::ObjectStore;
use tokio::runtime::{self, Runtime};

use super::fleet::Fleet;
use super::server::Server;
use super::{Location, Options, SourceError};
use crate::filter::Filter;

/// The most bytes of a screenshot that are read: what a server takes in.
pub const MAX_SCREENSHOT_BYTES: usize = 5 * 1024 * 1024;

/// How long one of them may take, whatever its source does.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The screenshots of one source.
pub struct Screenshots {
    keeper: Keeper,
    place: String,
    runtime: Runtime,
}

/// Who keeps them.
enum Keeper {
    Server(Server),
    Fleet(Box<Fleet>, ObjectStore),
}

impl Screenshots {
    /// Those of a server or a fleet; `None` for a source that keeps none apart
    /// from its files.
    ///
    /// # Errors
    ///
    /// A source that cannot be asked.
    pub fn of(location: &Location, options: &Options) -> Result<Option<Screenshots>, SourceError> {
        let place = location.to_string();
        let unreachable = |reason: String| SourceError::Unreachable {
            url: place.clone(),
            reason,
        };
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| unreachable(error.to_string()))?;
        let everything = Filter::default();
        let keeper = match location {
            Location::Server(url) => {
                Keeper::Server(Server::new(url, options.token.clone(), &everything)?)
            }
            Location::Fleet(url) => {
                let fleet = Fleet::new(url, &options.access, &everything)?;
                let store = runtime.block_on(within(&place, fleet.screenshots()))?;
                Keeper::Fleet(Box::new(fleet), store)
            }
            Location::Path(_) | Location::Glob(_) | Location::Stdin => return Ok(None),
        };
        Ok(Some(Screenshots {
            keeper,
            place,
            runtime,
        }))
    }

    /// The screenshot of an id, as the source has it: a small one where there
    /// is one. Nobody has looked at what it is. `None` if there is none.
    ///
    /// # Errors
    ///
    /// A source that cannot be asked, or that answers with something else.
    pub fn get(&self, id: &str) -> Result<Option<Vec<u8>>, SourceError> {
        self.runtime.block_on(within(&self.place, async {
            match &self.keeper {
                Keeper::Server(server) => server.screenshot(id).await,
                Keeper::Fleet(fleet, store) => fleet.screenshot(store, id).await,
            }
        }))
    }
}

/// What comes in time.
async fn within<T>(
    place: &str,
    answer: impl Future<Output = Result<T, SourceError>>,
) -> Result<T, SourceError> {
    match tokio::time::timeout(TIMEOUT, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(SourceError::Unreachable {
            url: place.to_owned(),
            reason: format!("no answer in {} s", TIMEOUT.as_secs()),
        }),
    }
}
