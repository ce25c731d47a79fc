use std::fmt::Display;
use std::io::Write as _;
use std::time::SystemTime;

use serde::Serialize;

use super::date::InternetDate;
use super::policy::Severity;
use super::told::{Told, milliseconds};

/// Most lines need no more.
const ROOM: usize = 768;

impl Told<'_> {
    /// As a line of JSON, with its line feed.
    pub(super) fn json(&self, ended: SystemTime) -> Vec<u8> {
        let mut line = Line {
            text: Vec::with_capacity(ROOM),
        };
        line.display("timestamp", Some(InternetDate(ended)));
        line.add(
            "level",
            match self.severity {
                Severity::Error => Some("ERROR"),
                Severity::Warn => Some("WARN"),
                Severity::Info => Some("INFO"),
            },
        );
        line.add("target", Some("portcullis::request_log"));
        line.add("message", Some(self.outcome.message()));
        line.add("outcome", Some(self.outcome.as_str()));
        line.add("http.request.method", Some(self.method));
        line.add("url.path", self.path);
        line.add("url.query", self.query.as_deref());
        line.add("http.route", self.route);
        line.add("http.response.status_code", self.status);
        line.add("http.request.body.size", self.request_size);
        line.add("http.response.body.size", Some(self.response_size));
        line.add("network.protocol.version", self.version);
        line.add("client.address", self.client);
        line.add("user_agent.original", self.user_agent.as_deref());
        line.add("request_id", self.request_id);
        line.display("trace_id", self.trace.map(|(trace, _)| trace));
        line.display("span_id", self.trace.map(|(_, span)| span));
        line.add("enduser.id", self.user);
        line.add("headers_ms", self.headers.map(milliseconds));
        line.add("latency_ms", Some(milliseconds(self.total)));
        line.add("slow", self.slow.then_some(true));
        line.add("sample_rate", self.sample_rate);
        line.text.extend_from_slice(b"}\n");
        line.text
    }
}

struct Line {
    text: Vec<u8>,
}

impl Line {
    /// A member, where it is known. The name is one of ours and needs no escapes.
    fn add<V: Serialize>(&mut self, name: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.name(name);
            // A text or a number in a buffer has no way to fail.
            let _ = serde_json::to_writer(&mut self.text, &value);
        }
    }

    /// A member whose text needs no escapes.
    fn display<V: Display>(&mut self, name: &'static str, value: Option<V>) {
        if let Some(value) = value {
            self.name(name);
            let _ = write!(self.text, "\"{value}\"");
        }
    }

    fn name(&mut self, name: &'static str) {
        self.text.push(if self.text.is_empty() { b'{' } else { b',' });
        self.text.push(b'"');
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
    }
}
