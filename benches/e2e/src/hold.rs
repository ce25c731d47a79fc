//! Connections that are kept open: each has had an answer and asks for nothing more.

use std::net::SocketAddr;

use crate::check::PATH;
use crate::client::Connection;

pub(crate) struct Held(Vec<Connection>);

impl Held {
    pub(crate) fn open(address: SocketAddr, count: usize, token: &str) -> Result<Self, String> {
        let bearer = format!("Bearer {token}");
        let one = || {
            let mut connection = Connection::open(address)?;
            connection.ask("GET", PATH, &[("authorization", &bearer)])?;
            Ok(connection)
        };
        let all = (0..count).map(|_| one()).collect::<std::io::Result<_>>();
        all.map(Self).map_err(|error| format!("{count} connections: {error}"))
    }

    /// Fails where the server has closed any in the meantime.
    pub(crate) fn close(self) -> Result<(), String> {
        let open = self.0.iter().filter(|connection| connection.is_open()).count();
        if open == self.0.len() {
            Ok(())
        } else {
            Err(format!("{open} of {} connections were kept", self.0.len()))
        }
    }
}
