//! A transport that sends nothing: for seeing what would be sent.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::reply::Rejection;
use super::token::Token;
use super::transport::{Reply, Transport, TransportError};
use crate::queue::rejection;

/// Takes everything in and keeps a note of each request.
#[derive(Clone, Debug, Default)]
pub struct Rehearsal {
    requests: Arc<Mutex<Vec<RehearsedRequest>>>,
}

/// A request that would have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RehearsedRequest {
    /// How many records it has.
    pub records: usize,
    /// The size of its body.
    pub bytes: usize,
    /// The records for which the deployed backend would refuse all of it.
    pub complaints: Vec<Rejection>,
}

/// The part of a body that is looked at.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    logs: Vec<&'a RawValue>,
}

impl Rehearsal {
    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<RehearsedRequest> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<RehearsedRequest>> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Rehearsal {
    async fn post(&self, body: Bytes, _: Option<&Token>) -> Result<Reply, TransportError> {
        let payload: Payload<'_> = serde_json::from_slice(&body)
            .map_err(|error| TransportError::Broken(format!("the body is not JSON: {error}")))?;
        let complaints = payload
            .logs
            .iter()
            .enumerate()
            .filter_map(|(index, record)| {
                let reason = rejection(record.get().as_bytes())?;
                Some(Rejection { index, reason })
            });
        let request = RehearsedRequest {
            records: payload.logs.len(),
            bytes: body.len(),
            complaints: complaints.collect(),
        };
        self.lock().push(request);
        Ok(Reply::empty(200))
    }
}
