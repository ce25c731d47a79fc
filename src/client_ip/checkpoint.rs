use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use http::{Request, StatusCode};

use super::layer::Config;
use super::peer::{ClientIp, PeerAddr};
use crate::body::RejectBody;
use crate::checkpoint::{Checkpoint, Entry, Moment, Room};
use crate::problem::Problem;
use crate::trail::Trail;

impl Room for Config {
    type Kept = ();
    type Wait = Infallible;
}

impl Checkpoint for Config {
    fn enter<Q, A: RejectBody>(&self, request: &mut Request<Q>, (): &mut (), _: &Moment) -> Entry<Infallible, A> {
        let Some(PeerAddr(peer)) = PeerAddr::of(request.extensions()) else {
            if !self.reported.swap(true, Ordering::Relaxed) {
                tracing::error!(
                    target: "portcullis::client_ip",
                    "the peer's address is unknown: serve with portcullis::server, with axum's \
                     into_make_service_with_connect_info::<SocketAddr>() and the feature `axum`, or insert a PeerAddr",
                );
            }
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR).for_request(request.extensions());
            return Entry::Refuse(problem.into_response());
        };
        let client = self.policy.resolve(peer.ip(), request.headers());
        if let Some(trail) = request.extensions().get::<Trail>() {
            trail.note_client_ip(client);
        }
        request.extensions_mut().insert(ClientIp(client));
        Entry::Pass
    }

    fn resume<Q, A: RejectBody>(
        &self,
        wait: &mut Infallible,
        _: &mut Request<Q>,
        (): &mut (),
        _: &mut Context<'_>,
    ) -> Poll<Entry<Infallible, A>> {
        match *wait {}
    }
}
