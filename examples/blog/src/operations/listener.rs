//! The port of those who run the blog.

use std::net::TcpListener;

use crate::config::{Admin, Config};

/// The listener, or `None` where there is to be none.
///
/// A port that was asked for and is taken is an error: a blog that nobody can watch would look like one that runs well. The default
/// port is a convenience, and a developer's second program on it must not keep the blog from starting: that is said, and no more.
pub fn listen(config: &Config) -> Result<Option<TcpListener>, String> {
    let Admin::On { host, port, asked_for } = config.admin else {
        return Ok(None);
    };
    let bound = TcpListener::bind((host, port)).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    match bound {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if asked_for => Err(format!("ADMIN_PORT: cannot listen on {host}:{port}: {error}")),
        Err(error) => {
            tracing::error!(
                %error,
                "no metrics, probes and log level: cannot listen on {host}:{port}; set ADMIN_PORT to another port, or to `off`"
            );
            Ok(None)
        }
    }
}
