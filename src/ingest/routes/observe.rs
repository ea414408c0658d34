//! What every request passes through: counting, the access log, and the rules
//! for browsers.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::ingest::App;
use crate::ingest::auth::Auth;
use crate::ingest::problem::Problem;
use crate::ingest::server::Peer;

/// The routes by name, for labels that no client can make up.
const ROUTES: [&str; 12] = [
    "/",
    "/api/v1/logs",
    "/api/v1/logs/stream",
    "/api/v1/sessions",
    "/api/v1/fingerprints",
    "/api/v1/status",
    "/api/v1/config/logging",
    "/api/v1/screenshots",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
];

/// The files of the page, which are the same for everybody.
const FILES: [&str; 2] = ["/", "/assets/{name}"];

/// What the routes start with that end in a name.
const NAMED: [(&str, &str); 3] = [
    ("/api/v1/screenshots/", "/api/v1/screenshots/{id}"),
    ("/api/v1/sessions/", "/api/v1/sessions/{id}"),
    ("/assets/", "/assets/{name}"),
];

pub(super) async fn observe(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let route = route(request.uri().path());
    let method = request.method().clone();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let peer = request.extensions().get::<Peer>().copied();
    let browser = match FILES.contains(&route) {
        // Browsers name an origin when they load a module, be it their own.
        true => Browser::LetIn,
        false => Browser::of(&app, request.headers(), &method),
    };
    let answered = if is_rebound(&app, &request, peer) {
        let problem = "without tokens this server does not answer to this name on its own machine; use localhost or an address, name the origin with --cors-origin, or let it ask for tokens";
        Problem::new(StatusCode::MISDIRECTED_REQUEST, problem).into_response()
    } else {
        match browser {
            Browser::Refused => Problem::new(
                StatusCode::FORBIDDEN,
                "this origin is not let in; see --cors-origin",
            )
            .into_response(),
            Browser::Asking => StatusCode::NO_CONTENT.into_response(),
            Browser::LetIn => next.run(request).await,
        }
    };
    let response = with_headers(answered, &app, origin.as_ref());
    let took = started.elapsed();
    let status = response.status().as_u16();
    app.metrics.request(route, status, took);
    if let Some(log) = &app.access_log {
        // Nothing as the client wrote it: a path, a header, even a method may
        // hold what should not be kept.
        let line = json!({
            "timestamp": crate::record::now(),
            "method": known(&method),
            "route": route,
            "status": status,
            "ms": took.as_millis() as u64,
            "client": peer.and_then(|peer| peer.0).map(|address| address.ip().to_string()),
        });
        log(line.to_string());
    }
    response
}

/// Whether a request may be that of a web page whose name was made to lead to
/// this machine (DNS rebinding): to its browser that is no other origin, so
/// that it would read what anyone on this machine may.
fn is_rebound(app: &App, request: &Request, peer: Option<Peer>) -> bool {
    let is_here = |peer: Peer| {
        peer.0
            .is_some_and(|address| address.ip().to_canonical().is_loopback())
    };
    if !matches!(app.auth, Auth::Open) || !peer.is_some_and(is_here) {
        return false;
    }
    let headers = request.headers().get_all(header::HOST);
    let hosts: Vec<&str> = headers
        .iter()
        .map(|host| host.to_str().unwrap_or_default())
        .chain(request.uri().authority().map(Authority::as_str))
        .collect();
    match hosts.is_empty() {
        // Browsers speak no HTTP/1.0.
        true => request.version() > Version::HTTP_10,
        false => hosts.into_iter().any(|host| !is_own(app, host)),
    }
}

/// Whether a host, maybe with a port, is none that a stranger can make lead
/// here: an address, which an emulator also has for the machine it runs on,
/// `localhost`, or that of an origin which is let in.
fn is_own(app: &App, host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else {
        return false;
    };
    let name = authority.host();
    let is_named = |origin: &String| {
        let origin: Result<Uri, _> = origin.parse();
        let host = origin.as_ref().ok().and_then(Uri::host);
        host.is_some_and(|host| host.eq_ignore_ascii_case(name))
    };
    name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || name.eq_ignore_ascii_case("localhost")
        || app.origins.iter().any(is_named)
}

/// The name of a route, whatever the path holds.
fn route(path: &str) -> &'static str {
    let known = ROUTES.into_iter().find(|route| *route == path);
    known.unwrap_or_else(|| {
        let with_name = NAMED.into_iter().find(|(start, _)| path.starts_with(start));
        with_name.map_or("other", |(_, route)| route)
    })
}

/// A method's name, if it is one of HTTP.
fn known(method: &Method) -> &str {
    const METHODS: [Method; 9] = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    match METHODS.contains(method) {
        true => method.as_str(),
        false => "other",
    }
}

/// What a browser that runs another site's page may do.
enum Browser {
    /// It asks first (CORS preflight), and may.
    Asking,
    /// It is let in, or is no browser.
    LetIn,
    /// It is not let in.
    Refused,
}

impl Browser {
    fn of(app: &App, headers: &HeaderMap, method: &Method) -> Browser {
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Browser::LetIn;
        };
        let is_named = is_named(app, origin);
        let is_asking = *method == Method::OPTIONS
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        match (is_named, is_asking) {
            (true, true) => Browser::Asking,
            (true, false) => Browser::LetIn,
            // Where no token is asked for, any page that somebody on this
            // machine looks at could write and read.
            (false, _) if matches!(app.auth, Auth::Open) => Browser::Refused,
            (false, true) => Browser::Refused,
            (false, false) => Browser::LetIn,
        }
    }
}

fn is_named(app: &App, origin: &HeaderValue) -> bool {
    app.origins
        .iter()
        .any(|named| named.as_bytes() == origin.as_bytes())
}

fn with_headers(mut response: Response, app: &App, origin: Option<&HeaderValue>) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    if let Some(origin) = origin.filter(|origin| is_named(app, origin)) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        for (name, value) in [
            (header::VARY, "origin"),
            (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
            (
                header::ACCESS_CONTROL_ALLOW_HEADERS,
                "authorization, content-type, content-encoding, last-event-id",
            ),
            (header::ACCESS_CONTROL_MAX_AGE, "600"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    response
}
