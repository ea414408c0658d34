//! The operator's page: what the command line tells, for a browser.
//!
//! One document and a few modules and styles, embedded in the program as they
//! are written: there is no build step, no framework, and nothing that is
//! fetched from elsewhere. The page reads the routes that every operator may
//! read, with the token that its user types in and that only its memory keeps.
//!
//! ```text
//! app ── views: errors · tail · sessions · story · status
//!            └── parts: record · axis · chart · list · command
//!                   └── base: api (token, stream) · dom · text
//! ```
//!
//! Nothing of a record can become markup: the policy below forbids inline
//! scripts and, by Trusted Types, every way from a text to an element.

use std::sync::{Arc, LazyLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::App;
use super::auth::Auth;
use super::problem::Problem;
use super::routes::{Name, knows};

const DOCUMENT: &str = include_str!("assets/index.html");

/// What in the document says whether to ask for a token.
const SIGN_IN: &str = "data-sign-in=\"token\"";

/// A file of the page.
struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

macro_rules! asset {
    ($name:literal, $kind:expr) => {
        Asset {
            name: $name,
            kind: $kind,
            text: include_str!(concat!("assets/", $name)),
        }
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: [Asset; 16] = [
    asset!("icon.svg", "image/svg+xml"),
    asset!("page.css", "text/css; charset=utf-8"),
    asset!("api.js", SCRIPT),
    asset!("app.js", SCRIPT),
    asset!("axis.js", SCRIPT),
    asset!("chart.js", SCRIPT),
    asset!("command.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("errors.js", SCRIPT),
    asset!("list.js", SCRIPT),
    asset!("record.js", SCRIPT),
    asset!("sessions.js", SCRIPT),
    asset!("status.js", SCRIPT),
    asset!("story.js", SCRIPT),
    asset!("tail.js", SCRIPT),
    asset!("text.js", SCRIPT),
];

/// One tag for all files: they belong together.
static ETAG: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new_with_prefix(DOCUMENT);
    for asset in &ASSETS {
        hash.update(asset.text);
    }
    let hash = hash.finalize();
    hash[..12]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

/// What the page may do: run its own modules and talk to its own server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// `GET /`: the document.
pub(super) async fn document(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let (etag, text) = match app.auth {
        Auth::Tokens(_) => (format!("\"{}\"", *ETAG), DOCUMENT.to_owned()),
        Auth::Open => (
            format!("\"{}-open\"", *ETAG),
            DOCUMENT.replace(SIGN_IN, "data-sign-in=\"none\""),
        ),
    };
    answer(&headers, &etag, "text/html; charset=utf-8", text)
}

/// `GET /assets/{name}`: one of its files.
pub(super) async fn asset(Name(name): Name, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name);
    let asset = asset.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "no such file"))?;
    let etag = format!("\"{}\"", *ETAG);
    Ok(answer(&headers, &etag, asset.kind, asset.text))
}

/// A file, or word that the browser has it as it is. Browsers ask each time,
/// so that a page never runs with the modules of another version.
fn answer(asked: &HeaderMap, etag: &str, kind: &'static str, text: impl IntoResponse) -> Response {
    let mut response = match knows(asked, etag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => text.into_response(),
    };
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(header::ETAG, etag);
    }
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small_and_names_every_file_it_needs() {
        let bytes: usize = ASSETS.iter().map(|asset| asset.text.len()).sum();
        assert!(bytes + DOCUMENT.len() <= 150_000, "{bytes} bytes");
        assert!(DOCUMENT.contains(SIGN_IN));
        for asset in ASSETS.iter().filter(|asset| asset.name.ends_with(".js")) {
            let path = format!("/assets/{}", asset.name);
            assert!(DOCUMENT.contains(&path), "{path} is not preloaded");
        }
    }
}
