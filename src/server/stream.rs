use std::cell::Cell;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use hyper::rt::Executor;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::activity::Activity;
use super::policy::{Patience, Untaken, Verdict};

tokio::task_local! {
    /// What the stream that is being polled has handed over and its peer has not taken. hyper polls no body whose piece waits for
    /// room, so that only the stream's own task can end it.
    static WAITING: Cell<Option<Waiting>>;
}

/// A piece of an answer that waits for the peer to make room.
#[derive(Debug)]
struct Waiting {
    activity: Arc<Activity>,
    since: Instant,
    /// What the system had taken of the whole connection then.
    taken: u64,
}

impl Waiting {
    fn seen(&self) -> Untaken {
        Untaken {
            passed: self.activity.taken().wrapping_sub(self.taken),
            blocked: self.activity.is_blocked(),
        }
    }
}

/// A piece of an answer was handed over: until the next is asked for, it is the peer who is waited for.
pub(super) fn handed_over(activity: &Arc<Activity>) {
    // Outside of a stream's task, nobody waits.
    let _ = WAITING.try_with(|waiting| {
        waiting.set(Some(Waiting {
            activity: Arc::clone(activity),
            since: Instant::now(),
            taken: activity.taken(),
        }));
    });
}

/// The piece that was handed over last has been taken.
pub(super) fn asked_on() {
    let _ = WAITING.try_with(Cell::take);
}

/// Runs the streams of HTTP/2, each until its end or the end of patience with its peer.
#[derive(Debug, Clone)]
pub(super) struct Streams<E> {
    executor: E,
    patience: Patience,
}

impl<E> Streams<E> {
    pub(super) fn new(executor: E, patience: Patience) -> Self {
        Self { executor, patience }
    }
}

impl<E, F> Executor<F> for Streams<E>
where
    E: Executor<Stream<F>>,
    F: Future<Output = ()>,
{
    fn execute(&self, inner: F) {
        self.executor.execute(Stream::new(inner, self.patience));
    }
}

pin_project! {
    /// The task of a stream. Dropped before its end, it resets the stream (`CANCEL`) and no other.
    pub(super) struct Stream<F> {
        #[pin]
        inner: F,
        patience: Patience,
        waiting: Option<Waiting>,
        timer: Option<Pin<Box<Sleep>>>,
    }
}

impl<F> Stream<F> {
    fn new(inner: F, patience: Patience) -> Self {
        Self {
            inner,
            patience,
            waiting: None,
            timer: None,
        }
    }
}

impl<F: Future<Output = ()>> Future for Stream<F> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let (polled, waiting) = WAITING.sync_scope(Cell::new(this.waiting.take()), || {
            let polled = this.inner.poll(cx);
            (polled, WAITING.with(Cell::take))
        });
        if polled.is_ready() {
            return Poll::Ready(());
        }
        *this.waiting = waiting;
        let Some(waiting) = this.waiting else {
            return Poll::Pending;
        };
        loop {
            let Verdict::Wait(until) = this.patience.judge(waiting.seen(), waiting.since.elapsed()) else {
                tracing::debug!(target: "portcullis::server", "the peer took nothing of an answer within the write timeout");
                return Poll::Ready(());
            };
            let Some(until) = waiting.since.checked_add(until) else {
                return Poll::Pending;
            };
            // A timer that is set too early is let ring: most pieces are taken before it does.
            let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            timer.as_mut().reset(until);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, poll_fn};
    use std::sync::Arc;
    use std::task::Poll;
    use std::time::Duration;

    use tokio::time::{Instant, sleep, timeout};

    use super::{Activity, Patience, Stream, asked_on, handed_over};

    const HOUR: Duration = Duration::from_secs(3600);
    const PATIENCE: Patience = Patience {
        write: Duration::from_secs(60),
        round: 1000,
    };

    /// When a stream that does this ends, in seconds.
    async fn ends(inner: impl Future<Output = ()>) -> Option<u64> {
        let begun = Instant::now();
        let ended = timeout(HOUR, Stream::new(inner, PATIENCE)).await;
        ended.ok().map(|()| begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_a_piece_was_not_taken_for_as_long() {
        let activity = &Arc::new(Activity::new(Instant::now()));
        assert_eq!(ends(pending()).await, None, "the service takes its time");
        let stalled = async {
            sleep(Duration::from_secs(30)).await;
            handed_over(activity);
            pending::<()>().await;
        };
        assert_eq!(ends(stalled).await, Some(90));
        let moves = async {
            for _ in 0..10 {
                handed_over(activity);
                sleep(Duration::from_secs(59)).await;
                asked_on();
            }
        };
        assert_eq!(ends(moves).await, Some(590), "over, and not cut");
        let waits_for_the_service = async {
            handed_over(activity);
            asked_on();
            pending::<()>().await;
        };
        assert_eq!(ends(waits_for_the_service).await, None);
        // Another stream's task polls between two polls of this one.
        let mut first = std::pin::pin!(Stream::new(
            async {
                handed_over(activity);
                pending::<()>().await;
            },
            PATIENCE
        ));
        poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx).is_pending())).await;
        assert_eq!(ends(async { asked_on() }).await, Some(0));
        assert!(timeout(Duration::from_secs(61), first).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn on_a_narrow_link_a_stream_waits_for_its_turn() {
        let activity = &Arc::new(Activity::new(Instant::now()));
        let stalled = async {
            handed_over(activity);
            pending::<()>().await;
        };
        let narrow = async {
            loop {
                activity.blocked();
                sleep(Duration::from_secs(1)).await;
                activity.wrote(1);
                activity.blocked();
            }
        };
        tokio::select! {
            biased;
            () = narrow => {}
            // A byte a second, and a round of a thousand.
            ended = ends(stalled) => assert_eq!(ended, Some(1000)),
        }
    }
}
