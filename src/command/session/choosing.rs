//! Which sessions a filter chooses, and what all their records tell of them.

use std::collections::{BTreeSet, HashMap};

use super::{read_judged, read_records};
use crate::command::Context;
use crate::filter::Filter;
use crate::session::{SessionSummary, Sessions};
use crate::source::{Event, Location};

/// At most so many sessions are looked for one by one in files, which takes half
/// as long as to read every record: of 1,000,000 in a file, one search takes
/// 0.1 s and all of them 4 s.
const MOST_SEARCHED_SINGLY: usize = 20;

/// The sessions that a filter chooses, the one heard of last first.
pub(super) struct Chosen {
    pub(super) list: Vec<SessionSummary>,
    /// How many others there are.
    pub(super) more: u64,
    /// How many there were no room for.
    pub(super) forgotten: u64,
    pub(super) odd_lines: u64,
}

/// The sessions with a record that matches, at most so many. Their counts are
/// of the records that match; all else is told by all their records.
pub(super) fn choose(
    locations: &[Location],
    filter: Filter,
    most: usize,
    context: &mut Context,
) -> anyhow::Result<Chosen> {
    let of_session = Filter {
        session: filter.session.clone(),
        ..Filter::default()
    };
    let asks_for_more = !Filter {
        session: None,
        ..filter.clone()
    }
    .is_empty();
    // What there is may be far more than what matches. Only stdin cannot be
    // asked again.
    let asks_twice = !locations.contains(&Location::Stdin);
    let mut sessions = Sessions::default();
    let odd_lines = if asks_twice {
        read_records(locations, filter, context, |record| {
            sessions.add(&record, true);
        })?
    } else {
        read_judged(
            locations,
            of_session.clone(),
            &filter,
            context,
            |item, matches| {
                if let Event::Record(record) = item.event {
                    sessions.add(&record, matches);
                }
            },
        )?
    };
    let forgotten = sessions.forgotten();
    let mut list = sessions.into_list();
    let more = list.len().saturating_sub(most) as u64;
    list.truncate(most);
    if asks_twice && asks_for_more {
        let mut wholes = wholes(&list, of_session, locations, context)?;
        for session in &mut list {
            if let Some(whole) = wholes.remove(&session.session_id) {
                *session = SessionSummary {
                    records: session.records,
                    errors: session.errors,
                    fatals: session.fatals,
                    ..whole
                };
            }
        }
        list.sort_by_key(|session| std::cmp::Reverse(session.last_seen));
    }
    Ok(Chosen {
        list,
        more,
        forgotten,
        odd_lines,
    })
}

/// What all records of these sessions tell of them, by their ids. A server,
/// which may hold far more than files do, is asked for one session at a time;
/// files are read once for all of them, unless they are few.
fn wholes(
    list: &[SessionSummary],
    of_session: Filter,
    locations: &[Location],
    context: &mut Context,
) -> anyhow::Result<HashMap<String, SessionSummary>> {
    // There is no asking for records without a session.
    let ids = list.iter().map(|session| session.session_id.as_str());
    let ids: BTreeSet<&str> = ids.filter(|id| !id.is_empty()).collect();
    let one_by_one = || {
        let alone = |id: &&str| Filter {
            session: Some((*id).to_owned()),
            ..Filter::default()
        };
        ids.iter().map(alone).collect()
    };
    let is_remote = |place: &Location| matches!(place, Location::Server(_) | Location::Fleet(_));
    let (remote, local): (Vec<_>, Vec<_>) = locations.iter().cloned().partition(is_remote);
    let of_local = match ids.len() <= MOST_SEARCHED_SINGLY {
        true => one_by_one(),
        false => vec![of_session],
    };
    let mut sessions = Sessions::default();
    for (places, filters) in [(remote, one_by_one()), (local, of_local)] {
        if places.is_empty() {
            continue;
        }
        for filter in filters {
            read_records(&places, filter, context, |record| {
                let is_wanted = record.session_id().is_some_and(|id| ids.contains(id));
                if is_wanted {
                    sessions.add(&record, true);
                }
            })?;
        }
    }
    let wholes = sessions.into_list().into_iter();
    Ok(wholes
        .map(|whole| (whole.session_id.clone(), whole))
        .collect())
}
