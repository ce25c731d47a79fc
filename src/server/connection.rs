use std::error::Error as StdError;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use http::{Request, Response};
use http_body::Body;
use hyper_util::server::conn::auto::{self, HttpServerConnExec};
use tokio::time::{Instant, sleep_until};
use tower_service::Service;

use super::activity::Activity;
use super::linger::Linger;
use super::listener::Accepted;
use super::policy::{Cause, Verdict};
use super::request_body::RequestBody;
use super::response::ResponseBody;
use super::service::{Answer, PeerService};
use super::settings::Shared;
use super::transport;
use crate::problem::Chain;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Serves one connection to its end, or until the server is told to stop and the answers in flight are out.
pub(super) async fn serve<S, B, E>(
    (socket, peer, place): Accepted,
    service: S,
    builder: Arc<auto::Builder<E>>,
    shared: Arc<Shared>,
) where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: 'static> + Clone + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
    E: HttpServerConnExec<Answer<S>, ResponseBody<B>>,
{
    let opened = Instant::now();
    let settings = &shared.settings;
    let Some((stream, peer)) = transport::open(socket, peer, settings, opened).await else {
        return;
    };
    let activity = Arc::new(Activity::new(opened));
    let service = PeerService::new(
        service,
        peer,
        stream.is_tls(),
        Arc::clone(&activity),
        Arc::clone(settings),
        Arc::clone(&shared.stopping),
    );
    let io = Linger::new(stream, Arc::clone(&activity), place);
    let mut connection = pin!(builder.serve_connection_with_upgrades(io, service));
    let mut stop = pin!(shared.stopped());
    let mut timer = pin!(sleep_until(opened));
    let (mut stopping_since, mut closing_since) = (None, None);
    poll_fn(|cx| {
        if let Poll::Ready(ended) = connection.as_mut().poll(cx) {
            if let Err(error) = ended {
                tracing::debug!(target: "portcullis::server", %peer, error = %Chain(&*error), "connection ended");
            }
            return Poll::Ready(());
        }
        if stopping_since.is_none() && stop.as_mut().poll(cx).is_ready() {
            stopping_since = Some(activity.now());
        }
        loop {
            let now = activity.now();
            let seen = activity.seen(stopping_since, closing_since);
            let until = match settings.deadlines.judge(&seen, now) {
                Verdict::Cut(cause) => {
                    cut(peer, cause);
                    return Poll::Ready(());
                }
                Verdict::Close => {
                    closing_since = Some(now);
                    connection.as_mut().graceful_shutdown();
                    if connection.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(());
                    }
                    continue;
                }
                Verdict::Wait(until) => activity.instant(until),
            };
            let Some(until) = until else {
                return Poll::Pending;
            };
            // A timer that is set too early is let ring, once: to set it anew at each request would cost more.
            if timer.deadline() > until {
                timer.as_mut().reset(until);
            }
            while timer.deadline() < until {
                if timer.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                timer.as_mut().reset(until);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    })
    .await;
}

fn cut(peer: SocketAddr, cause: Cause) {
    match cause {
        Cause::Header => {
            tracing::debug!(target: "portcullis::server", %peer, "no request within the header timeout");
        }
        Cause::Write => {
            tracing::debug!(target: "portcullis::server", %peer, "the peer took nothing within the write timeout");
        }
    }
}
