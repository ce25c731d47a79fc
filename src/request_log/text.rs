use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::time::SystemTime;

use http::{StatusCode, Version};

use super::date::ApacheDate;
use super::lines::Lines;

/// The form of text lines, as Apache names it in its `mod_log_config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextFormat {
    /// The common log format: `192.0.2.1 - ada [25/Nov/2026:02:05:00 +0000] "GET /posts HTTP/1.1" 200 512`.
    Common,
    /// The common format, followed by the headers `Referer`, whose query is shown as the request's own is, and
    /// `User-Agent`.
    Combined,
}

/// What one line says.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) client: Option<IpAddr>,
    pub(super) user: Option<&'a str>,
    pub(super) received: SystemTime,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) version: Version,
    pub(super) status: Option<StatusCode>,
    pub(super) sent: u64,
    pub(super) referer: Option<&'a [u8]>,
    pub(super) user_agent: Option<&'a [u8]>,
}

impl Line<'_> {
    /// The line with its line feed, all of it printable ASCII.
    pub(super) fn render(&self, format: TextFormat) -> String {
        let mut line = String::with_capacity(256);
        // A `String` takes whatever is written.
        let _ = self.write(&mut line, format);
        line
    }

    fn write(&self, line: &mut String, format: TextFormat) -> fmt::Result {
        match self.client {
            Some(client) => write!(line, "{client} - ")?,
            None => line.push_str("- - "),
        }
        match self.user {
            // Nothing encloses the user: a space in it would move all that follows.
            Some(user) if !user.is_empty() => escape(line, user.as_bytes(), b' '),
            _ => line.push('-'),
        }
        write!(line, " [{}] \"{} ", ApacheDate(self.received), self.method)?;
        escape(line, self.target.as_bytes(), b'"');
        if let Some(query) = self.query {
            line.push('?');
            escape(line, query.as_bytes(), b'"');
        }
        write!(line, " {:?}\" ", self.version)?;
        match self.status {
            Some(status) => line.push_str(status.as_str()),
            None => line.push('-'),
        }
        match self.sent {
            0 => line.push_str(" -"),
            sent => write!(line, " {sent}")?,
        }
        if format == TextFormat::Combined {
            for header in [self.referer, self.user_agent] {
                line.push_str(" \"");
                match header {
                    Some(value) if !value.is_empty() => escape(line, value, b'"'),
                    _ => line.push('-'),
                }
                line.push('"');
            }
        }
        line.push('\n');
        Ok(())
    }
}

/// Escapes what is not printable ASCII as Apache has done since 2.0.46, so that nobody can forge a line or its parts.
fn escape(line: &mut String, text: &[u8], delimiter: u8) {
    for byte in text {
        match byte {
            b'"' => line.push_str("\\\""),
            b'\\' => line.push_str("\\\\"),
            b'\n' => line.push_str("\\n"),
            b'\r' => line.push_str("\\r"),
            b'\t' => line.push_str("\\t"),
            0x08 => line.push_str("\\b"),
            0x0B => line.push_str("\\v"),
            b' '..=b'~' if *byte != delimiter => line.push(char::from(*byte)),
            _ => {
                let _ = write!(line, "\\x{byte:02x}");
            }
        }
    }
}

/// Text lines and where they go.
#[derive(Debug)]
pub(super) struct Text {
    pub(super) format: TextFormat,
    lines: Lines,
}

impl Text {
    pub(super) fn new(format: TextFormat, lines: Lines) -> Self {
        Self { format, lines }
    }

    pub(super) fn put(&self, line: &Line<'_>) {
        self.lines.put(line.render(self.format).as_bytes());
    }
}
