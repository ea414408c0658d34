//! Sending screenshots, each as a request of its own.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{StatusCode, Url};

use super::folder::{Folder, FolderError};
use crate::http_client::http_client;
use crate::upload::{Credential, Endpoint};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What became of the screenshots that waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// The server has them.
    pub sent: usize,
    /// The server will never take them; they are gone.
    pub refused: usize,
}

/// Why screenshots still wait.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The folder cannot be read or changed.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The server cannot be reached.
    #[error("cannot send the screenshots: {0}")]
    Unreachable(String),
    /// The server does not take them now.
    #[error("cannot send the screenshots: the server answered {0}")]
    Status(StatusCode),
}

/// Sends every screenshot that waits, the oldest first, and removes it once
/// the server has it. The first failure ends it; what is not sent then waits
/// for the next time.
///
/// # Errors
///
/// See [`SendError`].
pub async fn send_all(
    folder: &Folder,
    endpoint: &Endpoint,
    credential: &Credential,
) -> Result<Sent, SendError> {
    let mut sent = Sent::default();
    let ids = folder.pending()?;
    if ids.is_empty() {
        return Ok(sent);
    }
    let unreachable =
        |error: reqwest::Error| SendError::Unreachable(error.without_url().to_string());
    let client = http_client(endpoint.url().as_str(), |builder| builder.timeout(TIMEOUT))
        .map_err(unreachable)?;
    for id in ids {
        let mut request = client
            .post(address(endpoint, &id))
            .header(CONTENT_TYPE, "image/png")
            .body(folder.read(&id)?);
        if let Credential::Bearer(token) = credential {
            request = request.bearer_auth(token.expose());
        }
        let status = request.send().await.map_err(unreachable)?.status();
        match status {
            _ if status.is_success() => sent.sent += 1,
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => sent.refused += 1,
            _ => return Err(SendError::Status(status)),
        }
        folder.remove(&id)?;
    }
    Ok(sent)
}

/// Where a screenshot goes, beside where the records go.
fn address(endpoint: &Endpoint, id: &str) -> Url {
    let mut url = endpoint.beside("screenshots");
    url.query_pairs_mut().append_pair("id", id);
    url
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{body_bytes, header, method, path, query_param};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::screenshot::new_id;

    async fn answer(status: u16, id: &str, folder: &Folder) -> Result<Sent, SendError> {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/api/v1/screenshots"))
            .and(query_param("id", id))
            .and(header("content-type", "image/png"))
            .and(body_bytes(b"png"))
            .respond_with(ResponseTemplate::new(status))
            .expect(1)
            .mount(&server)
            .await;
        let endpoint = Endpoint::parse(&server.uri()).unwrap();
        send_all(folder, &endpoint, &Credential::Anonymous).await
    }

    #[tokio::test]
    async fn a_screenshot_waits_until_the_server_has_it_or_never_will() {
        let queue = tempfile::tempdir().unwrap();
        let folder = Folder::of_queue(queue.path());
        let id = new_id();
        folder.put(&id, b"png").unwrap();
        for status in [500, 401, 404, 429, 302] {
            assert!(matches!(
                answer(status, &id, &folder).await,
                Err(SendError::Status(_))
            ));
            assert_eq!(folder.pending().unwrap(), std::slice::from_ref(&id));
        }
        assert_eq!(
            answer(201, &id, &folder).await.unwrap(),
            Sent {
                sent: 1,
                refused: 0
            }
        );
        assert!(folder.pending().unwrap().is_empty());
        folder.put(&id, b"png").unwrap();
        assert_eq!(
            answer(422, &id, &folder).await.unwrap(),
            Sent {
                sent: 0,
                refused: 1
            }
        );
        assert!(folder.pending().unwrap().is_empty());
    }
}
