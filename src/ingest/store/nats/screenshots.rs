//! Screenshots in the object store.

use async_nats::jetstream::object_store::{GetErrorKind, InfoErrorKind, ObjectMetadata};
use tokio::io::AsyncReadExt;

use super::engine::Engine;
use super::failed;
use crate::fleet;
use crate::ingest::store::{StoreError, StoredScreenshot};

/// Keeps a screenshot, unless there is one of its name. The thumbnail goes
/// first: where the picture is, all of it is.
pub(super) async fn put(engine: &Engine, screenshot: &StoredScreenshot) -> Result<(), StoreError> {
    if is_there(engine, &screenshot.id).await? {
        return Ok(());
    }
    let thumbnail = screenshot.thumbnail.as_deref();
    if let Some(thumbnail) = thumbnail {
        put_one(
            engine,
            screenshot,
            &fleet::thumbnail(&screenshot.id),
            thumbnail,
        )
        .await?;
    }
    put_one(engine, screenshot, &screenshot.id, &screenshot.png).await
}

/// A screenshot, or its thumbnail if it has one.
pub(super) async fn get(
    engine: &Engine,
    id: &str,
    thumbnail: bool,
) -> Result<Option<Vec<u8>>, StoreError> {
    if thumbnail && let Some(found) = get_one(engine, &fleet::thumbnail(id)).await? {
        return Ok(Some(found));
    }
    get_one(engine, id).await
}

async fn is_there(engine: &Engine, name: &str) -> Result<bool, StoreError> {
    match engine.screenshots.info(name).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed("screenshots", &error)),
    }
}

async fn put_one(
    engine: &Engine,
    screenshot: &StoredScreenshot,
    name: &str,
    mut png: &[u8],
) -> Result<(), StoreError> {
    let metadata = [
        ("user", screenshot.user.clone()),
        ("received_at", screenshot.received_at.to_string()),
    ];
    let metadata = ObjectMetadata {
        name: name.to_owned(),
        metadata: metadata
            .map(|(name, value)| (name.to_owned(), value))
            .into(),
        ..ObjectMetadata::default()
    };
    let put = engine.screenshots.put(metadata, &mut png).await;
    put.map(drop).map_err(|error| failed("screenshots", &error))
}

async fn get_one(engine: &Engine, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut object = match engine.screenshots.get(name).await {
        Ok(object) => object,
        Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("screenshots", &error)),
    };
    let mut png = Vec::new();
    let read = object.read_to_end(&mut png).await;
    read.map_err(|error| failed("screenshots", &error))?;
    Ok(Some(png))
}
