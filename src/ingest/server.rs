//! Connections: taking them in, bounding what each may cost, and ending them.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::forward::{ForwardError, Forwarder};
use super::guard::Guarded;
use super::store::Retention;
use super::{App, Limits, alert, history, level_sharing};

/// How long requests under way may take when the server is told to stop.
const DRAIN_TIME: Duration = Duration::from_secs(4);

/// How often old records are removed.
const EXPIRY_INTERVAL: Duration = Duration::from_secs(60);

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where a connection comes from; nowhere in particular for a unix socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) Option<SocketAddr>);

/// A bound socket, and whether it speaks TLS.
pub struct Listener {
    socket: Socket,
    tls: Option<TlsAcceptor>,
}

enum Socket {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener),
}

impl Listener {
    /// Listens on an address.
    pub fn tcp(listener: TcpListener) -> Listener {
        Listener {
            socket: Socket::Tcp(listener),
            tls: None,
        }
    }

    /// Listens on a unix socket.
    #[cfg(unix)]
    pub fn unix(listener: UnixListener) -> Listener {
        Listener {
            socket: Socket::Unix(listener),
            tls: None,
        }
    }

    /// Speaks TLS.
    #[must_use]
    pub fn with_tls(mut self, tls: Option<TlsAcceptor>) -> Listener {
        self.tls = tls;
        self
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                let _ = stream.set_nodelay(true);
                Ok((Box::new(stream), Peer(Some(peer))))
            }
            #[cfg(unix)]
            Socket::Unix(listener) => {
                let (stream, _) = listener.accept().await?;
                Ok((Box::new(stream), Peer(None)))
            }
        }
    }
}

/// A connection of any kind.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Why a certificate and its key cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct TlsError {
    what: &'static str,
    reason: String,
}

/// TLS with a certificate chain and its private key, both in PEM.
///
/// # Errors
///
/// Either is not what it should be, or they do not belong together.
pub fn tls(chain: &[u8], key: &[u8]) -> Result<TlsAcceptor, TlsError> {
    let error = |what, reason: String| TlsError { what, reason };
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
    let chain = chain.map_err(|e| error("the certificate is not PEM", e.to_string()))?;
    let key = PrivateKeyDer::from_pem_slice(key)
        .map_err(|e| error("the private key is not PEM", e.to_string()))?;
    let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| error("the certificate and its key cannot be used", e.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Serves until told to stop, then lets requests under way finish and closes
/// the store.
pub(super) async fn serve(
    listeners: Vec<Listener>,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ForwardError> {
    let background = TaskTracker::new();
    start_background(&app, &background)?;
    let router = super::routes::app(Arc::clone(&app));
    let connections = TaskTracker::new();
    let permits = Arc::new(Semaphore::new(app.limits.connections));
    for listener in listeners {
        let acceptor = Acceptor {
            router: router.clone(),
            head: Head::of(&app.limits),
            shutdown: app.shutdown.clone(),
            permits: Arc::clone(&permits),
            connections: connections.clone(),
        };
        background.spawn(acceptor.run(listener));
    }
    shutdown.await;
    app.shutdown.cancel();
    background.close();
    background.wait().await;
    connections.close();
    if tokio::time::timeout(DRAIN_TIME, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(open = connections.len(), "connections cut at shutdown");
    }
    let store = Arc::clone(&app.store);
    let closed = tokio::task::spawn_blocking(move || store.close()).await;
    if !matches!(closed, Ok(Ok(()))) {
        tracing::error!("the store did not close cleanly");
    }
    Ok(())
}

fn start_background(app: &Arc<App>, tasks: &TaskTracker) -> Result<(), ForwardError> {
    let shutdown = || app.shutdown.clone();
    tasks.spawn(history::run(Arc::clone(app)));
    tasks.spawn(fetch_keys(Arc::clone(app)));
    if let Some(forward) = &app.forward {
        let forwarder = Forwarder::new(Arc::clone(&app.store), forward, shutdown())?;
        tasks.spawn(forwarder.run());
    }
    if let Some(webhook) = &app.webhook {
        let store = Arc::clone(&app.store);
        tasks.spawn(alert::run(store, webhook.clone(), shutdown()));
    }
    if app.remote_level.is_some() {
        tasks.spawn(level_sharing::run(Arc::clone(app)));
    }
    if app.retention != Retention::default() {
        tasks.spawn(expire(Arc::clone(app)));
    }
    Ok(())
}

/// Fetches the keys that are published elsewhere, before a token needs them.
async fn fetch_keys(app: Arc<App>) {
    if let Some(jwks) = app.auth.jwks() {
        tokio::select! {
            () = jwks.fetch_at_start() => {}
            () = app.shutdown.cancelled() => {}
        }
    }
}

/// Removes what is old every so often, until told to stop.
async fn expire(app: Arc<App>) {
    loop {
        let (store, retention) = (Arc::clone(&app.store), app.retention);
        let expired = tokio::task::spawn_blocking(move || store.expire(&retention)).await;
        if let Ok(Err(error)) = expired {
            tracing::warn!(%error, "old records not removed");
        }
        tokio::select! {
            () = tokio::time::sleep(EXPIRY_INTERVAL) => {}
            () = app.shutdown.cancelled() => return,
        }
    }
}

/// What the head of a request may cost.
#[derive(Clone, Copy)]
struct Head {
    timeout: Duration,
    bytes: usize,
}

impl Head {
    fn of(limits: &Limits) -> Head {
        // The least that the parser takes.
        const MIN_BYTES: usize = 8 << 10;
        Head {
            timeout: limits.header_timeout,
            bytes: limits.head_bytes.max(MIN_BYTES),
        }
    }
}

struct Acceptor {
    router: Router,
    head: Head,
    shutdown: CancellationToken,
    permits: Arc<Semaphore>,
    connections: TaskTracker,
}

impl Acceptor {
    async fn run(self, listener: Listener) {
        loop {
            // A connection over the limit waits in the system's queue.
            let permit = tokio::select! {
                permit = Arc::clone(&self.permits).acquire_owned() => permit,
                () = self.shutdown.cancelled() => return,
            };
            let (stream, peer) = tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        tracing::warn!(%error, "connection not accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        continue;
                    }
                },
                () = self.shutdown.cancelled() => return,
            };
            let connection = Connection {
                peer,
                router: self.router.clone(),
                head: self.head,
                shutdown: self.shutdown.clone(),
            };
            let tls = listener.tls.clone();
            self.connections.spawn(async move {
                connection.run(stream, tls).await;
                drop(permit);
            });
        }
    }
}

struct Connection {
    peer: Peer,
    router: Router,
    head: Head,
    shutdown: CancellationToken,
}

impl Connection {
    async fn run(self, stream: Box<dyn Stream>, tls: Option<TlsAcceptor>) {
        let Some(tls) = tls else {
            return self.serve(stream).await;
        };
        match tokio::time::timeout(self.head.timeout, tls.accept(stream)).await {
            Ok(Ok(stream)) => self.serve(stream).await,
            Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
            Err(_) => tracing::debug!("TLS took too long"),
        }
    }

    async fn serve(self, stream: impl Stream) {
        let (peer, router) = (self.peer, self.router);
        let service = service_fn(move |request: Request<Incoming>| {
            let is_chunked = request.headers().contains_key(header::TRANSFER_ENCODING);
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(peer);
            let answered = router.clone().call(request);
            async move {
                let mut response = answered.await?;
                if is_chunked {
                    // What follows a chunked body is not looked at for a
                    // length given twice, so nothing may follow.
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head.timeout)
            .max_buf_size(self.head.bytes)
            .serve_connection(TokioIo::new(Guarded::new(stream)), service);
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = self.shutdown.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "connection ended");
        }
    }
}
