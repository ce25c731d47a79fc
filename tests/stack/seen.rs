//! What an onlooker sees of a request: the answer, its body and the log.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use portcullis::shutdown::Shutdown;
use serde_json::{Map, Value};
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use super::gates::{Gate, Parts};
use super::log::Log;

/// When the client goes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stay {
    NotAtAll,
    Seconds(u64),
    /// Until the head is there.
    Head,
    End,
}

/// What was seen of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// `None` where nobody waited for it.
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Result<String, String>,
    /// Of the request log; exactly one is expected.
    pub(crate) records: Vec<Map<String, Value>>,
    /// What else was logged, and in which span.
    pub(crate) log: Vec<String>,
    pub(crate) in_flight: usize,
}

impl Seen {
    pub(crate) fn outcome(&self) -> &str {
        let record = self.records.first();
        record.and_then(|record| record.get("outcome")?.as_str()).unwrap_or("")
    }
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn take(&self) -> Vec<Map<String, Value>> {
        let lines = std::mem::take(&mut *self.0.lock().unwrap());
        let lines = serde_json::Deserializer::from_slice(&lines).into_iter::<Map<String, Value>>();
        lines
            .map(|line| {
                let mut line = line.unwrap();
                line.retain(|name, _| !name.contains("time") && !name.contains("duration"));
                line
            })
            .collect()
    }
}

pub(crate) struct Watched {
    gate: Gate,
    records: Lines,
    shutdown: portcullis::shutdown::Handle,
}

impl Watched {
    pub(crate) async fn new(build: fn(Parts) -> Gate, draining: bool) -> Self {
        let shutdown = Shutdown::builder()
            .trigger(std::future::pending())
            .grace(Duration::ZERO)
            .build()
            .unwrap();
        let records = Lines::default();
        let writer = records.clone();
        let gate = build(Parts::new(move || writer.clone(), shutdown.layer()));
        let handle = shutdown.handle();
        if draining {
            handle.trigger();
            tokio::spawn(shutdown.drained());
            handle.stop_accepting().await;
        }
        Self {
            gate,
            records,
            shutdown: handle,
        }
    }

    pub(crate) async fn send(&self, request: Request<Full<Bytes>>, stay: Stay) -> Seen {
        let log = Log::default();
        let listening = log.listen();
        let (mut head, mut body) = (None, Ok(String::new()));
        let mut gate = self.gate.clone();
        let future = gate.ready().await.unwrap().call(request);
        let patience = match stay {
            Stay::NotAtAll => {
                drop(future);
                None
            }
            Stay::Seconds(seconds) => timeout(Duration::from_secs(seconds), future).await.ok(),
            Stay::Head | Stay::End => Some(future.await),
        };
        if let Some(Ok(response)) = patience {
            let (parts, inner) = response.into_parts();
            head = Some(parts);
            if stay == Stay::Head {
                drop(inner);
            } else {
                let collected = inner.collect().await.map_err(|error| error.to_string());
                body = collected.map(|whole| String::from_utf8(whole.to_bytes().to_vec()).unwrap());
            }
        }
        drop(listening);
        let mut headers: Vec<_> = head
            .iter()
            .flat_map(|head| &head.headers)
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        headers.sort();
        Seen {
            status: head.map(|head| head.status.as_u16()),
            headers,
            body,
            records: self.records.take(),
            log: log.text().lines().filter_map(of_the_request).collect(),
            in_flight: self.shutdown.in_flight(),
        }
    }
}

/// Without the time, and without what the tasks of the shutdown and of the keys say.
fn of_the_request(line: &str) -> Option<String> {
    let (_, line) = line.split_once(' ')?;
    let of_a_task = ["portcullis::shutdown", "a new key set"]
        .iter()
        .any(|task| line.contains(task));
    (!of_a_task).then(|| line.trim().to_owned())
}
