//! Whether the device is online, and by which kind of network.
//!
//! The kernel tells of every change of a link, an address or a route on a
//! netlink socket (rtnetlink(7)), so that nothing is asked while nothing
//! happens. What is told is not read: the state is taken from `/proc/net` and
//! `/sys/class/net` afterwards, which is the same however many messages there
//! were or were lost. Where there is no netlink nothing is recorded.

use std::fmt;
use std::fs;
use std::path::Path;

use crate::record::{Level, LogRecord};

/// The kind of network that the device reaches others by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// A wireless LAN.
    Wifi,
    /// A cable, or what looks like one.
    Ethernet,
    /// A modem.
    Cellular,
    /// None: the device is offline.
    None,
}

impl Network {
    /// Whether there is one.
    pub fn is_online(self) -> bool {
        self != Network::None
    }

    /// The network of this moment: the one that the default route goes by, or
    /// failing that any that a route goes by.
    pub fn current() -> Network {
        Network::read(Path::new("/proc/net"), Path::new("/sys/class/net"))
    }

    fn read(proc: &Path, sys: &Path) -> Network {
        let text = |name: &str| fs::read_to_string(proc.join(name)).unwrap_or_default();
        let mut routes = routes_v4(&text("route"));
        routes.extend(routes_v6(&text("ipv6_route")));
        routes.retain(|route| route.interface != "lo" && is_up(&sys.join(&route.interface)));
        routes.sort_by_key(|route| (!route.is_default, route.metric));
        match routes.first() {
            Some(route) => kind_of(&route.interface, sys),
            None => Network::None,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Network::Wifi => "wifi",
            Network::Ethernet => "ethernet",
            Network::Cellular => "cellular",
            Network::None => "none",
        })
    }
}

/// The record of a change: `network_changed` with `type` and `online`.
pub fn network_changed(network: Network) -> LogRecord {
    LogRecord::new(Level::Info, "Connectivity", "network_changed")
        .with_attribute("type", network.to_string())
        .with_attribute("online", network.is_online())
}

/// A way out of the device.
#[derive(Debug, PartialEq, Eq)]
struct Route {
    interface: String,
    is_default: bool,
    metric: u32,
}

/// The routes of `/proc/net/route`: a heading, then columns, of which the
/// numbers are hexadecimal but for the metric.
fn routes_v4(text: &str) -> Vec<Route> {
    let route = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (destination, mask) = (columns.get(1)?, columns.get(7)?);
        Some(Route {
            interface: (*columns.first()?).to_owned(),
            is_default: *destination == "00000000" && *mask == "00000000",
            metric: columns.get(6)?.parse().ok()?,
        })
    };
    text.lines().skip(1).filter_map(route).collect()
}

/// The routes of `/proc/net/ipv6_route` by which others can be reached: of
/// every interface the kernel lists some to itself, to its link and to groups.
fn routes_v6(text: &str) -> Vec<Route> {
    const REJECT: u32 = 0x0200;
    const LOCAL: u32 = 0x8000_0000;
    let route = |line: &str| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let destination = *columns.first()?;
        let flags = u32::from_str_radix(columns.get(8)?, 16).ok()?;
        let is_near = destination.starts_with("fe8") || destination.starts_with("ff");
        if is_near || flags & (REJECT | LOCAL) != 0 {
            return None;
        }
        Some(Route {
            interface: (*columns.get(9)?).to_owned(),
            is_default: *columns.get(1)? == "00",
            metric: u32::from_str_radix(columns.get(5)?, 16).ok()?,
        })
    };
    text.lines().filter_map(route).collect()
}

/// Whether an interface carries traffic. One that does not say (`unknown`, as
/// tunnels do) is taken at its route's word.
fn is_up(interface: &Path) -> bool {
    let state = fs::read_to_string(interface.join("operstate")).unwrap_or_default();
    !matches!(
        state.trim(),
        "down" | "lowerlayerdown" | "notpresent" | "dormant"
    )
}

/// What kind an interface is, by what the kernel says and else by its name, in
/// the scheme of systemd (`wlp3s0`, `wwan0`) or of Android (`rmnet0`).
fn kind_of(interface: &str, sys: &Path) -> Network {
    let folder = sys.join(interface);
    let says = fs::read_to_string(folder.join("uevent")).unwrap_or_default();
    let is_kind = |kind: &str| {
        says.lines()
            .any(|line| line.strip_prefix("DEVTYPE=") == Some(kind))
    };
    let is_named = |names: &[&str]| names.iter().any(|name| interface.starts_with(name));
    if is_kind("wlan") || folder.join("wireless").exists() || is_named(&["wl", "ath", "ra"]) {
        Network::Wifi
    } else if is_kind("wwan") || is_named(&["ww", "rmnet", "ppp", "ccmni"]) {
        Network::Cellular
    } else {
        Network::Ethernet
    }
}

/// Notices when the network changes.
#[derive(Debug)]
pub(super) struct Monitor {
    #[cfg(target_os = "linux")]
    socket: std::os::fd::OwnedFd,
    last: Network,
}

#[cfg(target_os = "linux")]
impl Monitor {
    /// Starts to listen; `None` where the kernel does not tell.
    pub(super) fn start() -> Option<Monitor> {
        use rustix::net::netlink::SocketAddrNetlink;
        use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

        /// `RTMGRP_LINK`, `_IPV4_IFADDR`, `_IPV4_ROUTE`, `_IPV6_IFADDR` and
        /// `_IPV6_ROUTE`.
        const GROUPS: u32 = 0x1 | 0x10 | 0x40 | 0x100 | 0x400;
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        // The protocol without a number is NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, flags, None).ok()?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUPS)).ok()?;
        Some(Monitor {
            socket,
            last: Network::current(),
        })
    }

    /// The network when this was last asked.
    pub(super) fn network(&self) -> Network {
        self.last
    }

    /// Readable when there may be a change.
    pub(super) fn socket(&self) -> std::os::fd::BorrowedFd<'_> {
        use std::os::fd::AsFd;
        self.socket.as_fd()
    }

    /// The network, if it is another one than before.
    pub(super) fn change(&mut self) -> Option<Network> {
        use rustix::io::Errno;
        use rustix::net::{RecvFlags, recv};

        // What is said is of no interest, nor that some of it was lost.
        let mut buffer = [0; 4096];
        while matches!(
            recv(&self.socket, &mut buffer[..], RecvFlags::empty()),
            Ok(_) | Err(Errno::NOBUFS | Errno::INTR)
        ) {}
        let network = Network::current();
        let is_change = network != self.last;
        self.last = network;
        is_change.then_some(network)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADING: &str =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";

    /// The network of a device with these routes and states of interfaces.
    fn network(route: &str, route6: &str, interfaces: &[(&str, &str)]) -> Network {
        let folder = tempfile::tempdir().unwrap();
        let (proc, sys) = (folder.path().join("proc"), folder.path().join("sys"));
        fs::create_dir(&proc).unwrap();
        fs::write(proc.join("route"), format!("{HEADING}{route}")).unwrap();
        fs::write(proc.join("ipv6_route"), route6).unwrap();
        for (name, state) in interfaces {
            fs::create_dir_all(sys.join(name)).unwrap();
            fs::write(sys.join(name).join("operstate"), state).unwrap();
        }
        Network::read(&proc, &sys)
    }

    const ETHERNET: &str = "eth0\t00000000\t0100A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n";
    const WIFI: &str = "wlp3s0\t00000000\t0100A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n";
    const NEAR: &str = "eth0\t0000A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n";

    #[test]
    fn the_default_route_with_the_least_metric_decides() {
        let both = format!("{WIFI}{ETHERNET}{NEAR}");
        assert_eq!(
            network(&both, "", &[("eth0", "up\n"), ("wlp3s0", "up\n")]),
            Network::Ethernet
        );
        assert_eq!(
            network(&both, "", &[("eth0", "down\n"), ("wlp3s0", "up\n")]),
            Network::Wifi
        );
        assert_eq!(
            network(NEAR, "", &[("eth0", "unknown\n")]),
            Network::Ethernet
        );
    }

    #[test]
    fn without_a_route_or_a_link_the_device_is_offline() {
        assert_eq!(network("", "", &[("eth0", "up\n")]), Network::None);
        assert_eq!(network(ETHERNET, "", &[("eth0", "down\n")]), Network::None);
        let near = "fe800000000000000000000000000000 40 00000000000000000000000000000000 00 00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0\n";
        let unreachable = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200 lo\n";
        assert_eq!(
            network("", &format!("{near}{unreachable}"), &[]),
            Network::None
        );
    }

    #[test]
    fn six_alone_is_online_too() {
        let route = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00450003 wwan0\n";
        assert_eq!(
            network("", route, &[("wwan0", "unknown\n")]),
            Network::Cellular
        );
    }
}
