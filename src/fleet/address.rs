//! Where a fleet's JetStream is.

use std::fmt;
use std::str::FromStr;

/// The servers of a NATS cluster: `nats://HOST[:PORT][,HOST[:PORT]…]`; `tls://`
/// asks for TLS before anything is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetUrl {
    /// `nats` or `tls`.
    scheme: String,
    /// Each `HOST` or `HOST:PORT`.
    hosts: Vec<String>,
}

/// The text names no cluster.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFleetUrl {
    /// It does not start as it should, or names no host.
    #[error("write nats://HOST[:PORT][,HOST[:PORT]…]")]
    Shape,
    /// It holds a user name or a password, which every process list shows.
    #[error(
        "a user name or a password does not belong into it; name a file with --nats-credentials"
    )]
    Secret,
}

impl FleetUrl {
    /// Whether a text means a cluster at all, well written or not.
    pub fn is_one(text: &str) -> bool {
        let scheme = text.split("://").next().unwrap_or_default();
        text.contains("://")
            && ["nats", "tls"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known))
    }

    /// How many of the servers should keep each batch if nobody says: three
    /// where there are as many, since that survives the loss of one.
    pub fn replicas(&self) -> usize {
        if self.hosts.len() >= 3 { 3 } else { 1 }
    }

    /// The servers, one URL each.
    pub fn servers(&self) -> impl Iterator<Item = String> {
        self.hosts
            .iter()
            .map(|host| format!("{}://{host}", self.scheme))
    }
}

impl FromStr for FleetUrl {
    type Err = BadFleetUrl;

    fn from_str(text: &str) -> Result<FleetUrl, BadFleetUrl> {
        let (scheme, rest) = text.split_once("://").ok_or(BadFleetUrl::Shape)?;
        if !FleetUrl::is_one(text) {
            return Err(BadFleetUrl::Shape);
        }
        let scheme = scheme.to_ascii_lowercase();
        let mut hosts = Vec::new();
        for host in rest.trim_end_matches('/').split(',') {
            // Each may be written as a URL of its own, as NATS' own tools do.
            let host = host.rsplit("://").next().unwrap_or_default();
            if host.contains('@') {
                return Err(BadFleetUrl::Secret);
            }
            if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
                return Err(BadFleetUrl::Shape);
            }
            hosts.push(host.to_owned());
        }
        Ok(FleetUrl { scheme, hosts })
    }
}

impl fmt::Display for FleetUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.hosts.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_or_more_hosts_make_a_cluster() {
        let url: FleetUrl = "nats://a:4222,b,nats://c:1/".parse().unwrap();
        assert_eq!(url.to_string(), "nats://a:4222,b,c:1");
        let servers: Vec<String> = url.servers().collect();
        assert_eq!(url.replicas(), 3);
        assert_eq!(servers, ["nats://a:4222", "nats://b", "nats://c:1"]);
        for text in ["nats://", "nats://a,,b", "http://a", "a:4222", "nats://a/b"] {
            assert_eq!(text.parse::<FleetUrl>(), Err(BadFleetUrl::Shape), "{text}");
        }
    }

    #[test]
    fn a_secret_in_the_address_is_refused_and_not_shown() {
        let error = "nats://me:made-up-password@a"
            .parse::<FleetUrl>()
            .unwrap_err();
        assert_eq!(error, BadFleetUrl::Secret);
        assert!(!error.to_string().contains("made-up"), "{error}");
    }
}
