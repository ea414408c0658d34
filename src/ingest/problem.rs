//! What a request that cannot be served is answered.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::payload::PayloadError;
use super::store::StoreError;

/// An answer other than success: `{"error": "…"}`, in one line of words.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    message: String,
    retry_after: Option<u64>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Problem {
        Problem {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, message)
    }

    /// Says after how many seconds it makes sense to try again.
    pub(super) fn retry_after(mut self, seconds: u64) -> Problem {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.message }).to_string();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<PayloadError> for Problem {
    fn from(error: PayloadError) -> Problem {
        let status = match error {
            PayloadError::NotJson(_) => StatusCode::BAD_REQUEST,
            PayloadError::NotPayload(_) => StatusCode::UNPROCESSABLE_ENTITY,
            PayloadError::TooMany(_) => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Problem::new(status, error.to_string())
    }
}

impl From<StoreError> for Problem {
    /// Whatever it is, the records are not stored and may be sent again. What
    /// exactly went wrong is for the server's own log.
    fn from(error: StoreError) -> Problem {
        let message = match error {
            StoreError::Full(_) => "the store is full",
            StoreError::Busy => "the store is busy",
            _ => "the store is not available",
        };
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, message).retry_after(5)
    }
}
