//! Keys and values.

use async_nats::jetstream::kv::{Store, UpdateErrorKind};
use bytes::Bytes;

use super::failed;
use crate::ingest::store::StoreError;

/// The value of a key.
pub(super) async fn get(bucket: &Store, key: &str) -> Result<Option<Bytes>, StoreError> {
    let value = bucket.get(key).await;
    value.map_err(|error| failed(&bucket.name, &error))
}

/// The value of a key with its revision; revision 0 if it has none.
pub(super) async fn entry(bucket: &Store, key: &str) -> Result<(Option<Bytes>, u64), StoreError> {
    let entry = bucket.entry(key).await;
    let entry = entry.map_err(|error| failed(&bucket.name, &error))?;
    Ok(match entry {
        Some(entry) if entry.operation == async_nats::jetstream::kv::Operation::Put => {
            (Some(entry.value), entry.revision)
        }
        Some(entry) => (None, entry.revision),
        None => (None, 0),
    })
}

/// Sets a key whatever it was.
pub(super) async fn put(bucket: &Store, key: &str, value: Bytes) -> Result<(), StoreError> {
    let put = bucket.put(key, value).await;
    put.map(drop).map_err(|error| failed(&bucket.name, &error))
}

/// Sets a key if it is still at a revision; `false` if it is not.
pub(super) async fn swap(
    bucket: &Store,
    key: &str,
    value: Bytes,
    revision: u64,
) -> Result<bool, StoreError> {
    match bucket.update(key, value, revision).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => Ok(false),
        Err(error) => Err(failed(&bucket.name, &error)),
    }
}
