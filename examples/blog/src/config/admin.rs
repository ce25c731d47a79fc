use std::net::{IpAddr, Ipv4Addr};

use super::source::Source;

/// Where those who run the blog find its metrics, probes and log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admin {
    /// On a port of its own.
    On {
        /// `ADMIN_HOST`.
        host: IpAddr,
        /// `ADMIN_PORT`; 0 lets the system choose.
        port: u16,
        /// Whether the port was given, and is not the default.
        asked_for: bool,
    },
    /// Nowhere.
    Off,
}

/// Both variables about it.
pub(super) fn admin<L: Fn(&str) -> Option<String>>(source: &mut Source<L>) -> Admin {
    let host = source.parse("ADMIN_HOST", IpAddr::V4(Ipv4Addr::LOCALHOST), |text| {
        text.parse().map_err(|_| format!("{text:?} is not an IP address"))
    });
    let asked_for = !source.is_absent("ADMIN_PORT");
    let port = source.parse("ADMIN_PORT", Some(3001), |text| match text {
        "off" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|_| format!("{text:?} is neither `off` nor a port from 0 to 65535")),
    });
    match port {
        Some(port) => Admin::On { host, port, asked_for },
        None => Admin::Off,
    }
}
