//! The HTTP client that every part of the pipeline starts from.

use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder};

/// A client for servers like the one at this URL: it says who it is and follows
/// no redirect, since a token goes to the server that was named and to no
/// other. `configure` sets the rest.
///
/// # Errors
///
/// TLS cannot be set up on this machine, as where there are no certificates.
/// Plain `http` works there all the same.
pub(crate) fn http_client(
    url: &str,
    configure: impl Fn(ClientBuilder) -> ClientBuilder,
) -> reqwest::Result<Client> {
    let builder = || {
        let builder = Client::builder()
            .redirect(Policy::none())
            .user_agent(concat!("soliplex/", env!("CARGO_PKG_VERSION")));
        configure(builder)
    };
    match builder().build() {
        Err(_) if url.starts_with("http:") => builder().tls_certs_only([]).build(),
        built => built,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_trusts_nobody_can_be_built() {
        // What stands in where a machine has no certificates.
        assert!(Client::builder().tls_certs_only([]).build().is_ok());
        assert!(http_client("http://127.0.0.1:1", |builder| builder).is_ok());
    }
}
