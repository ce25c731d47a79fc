use std::error::Error as StdError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::rt::Executor;
use tokio::runtime;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio::time::Instant;
use tower_service::Service;

use super::connection;
use super::listener::{Accepted, Detached, Listener};
use super::request_body::RequestBody;
use super::serve::{Server, run};
use super::settings::Shared;

type BoxError = Box<dyn StdError + Send + Sync>;

/// Before a worker that ended is begun anew; doubled while it goes on ending.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A worker that lived so long had not been begun in vain.
const HEALTHY: Duration = Duration::from_secs(60);

/// A server of several threads, each a current-thread runtime that keeps its connections; from [`Server::workers`].
///
/// Each worker makes its own service, which never leaves the thread and so need not be [`Send`]: state without locks, one pool a
/// core. A worker that panics outside of any connection, as its factory may, is logged and begun anew after a pause (100 ms,
/// doubled up to 10 s); what waits at its listener goes on waiting.
///
/// With [`bind_reuse_port`](super::bind_reuse_port) and as many sockets, the system gives each worker its share. From one listener all
/// workers accept, whoever is awake first.
///
/// The cap on connections holds for all workers together.
#[derive(Debug)]
#[must_use = "workers do nothing until `serve`"]
pub struct Workers<F> {
    server: Server<F>,
    count: usize,
}

impl<F> Workers<F> {
    pub(super) fn new(server: Server<F>, count: usize) -> Self {
        Self {
            server,
            count: count.max(1),
        }
    }
}

impl<F: Future<Output = ()>> Workers<F> {
    /// Serves what `factory` makes, once in each worker, until told to stop and all connections are closed.
    ///
    /// Dropped before, it closes everything as soon as the workers hear of it. The error is the system's, where it refuses a thread or
    /// a socket.
    pub async fn serve<M, S, B>(self, factory: M) -> io::Result<()>
    where
        M: Fn() -> S + Send + Sync + 'static,
        S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: 'static>,
        S: Clone + 'static,
        B: Body<Error: Into<BoxError>> + 'static,
    {
        let Self { server, count } = self;
        let listeners = server.listeners.into_iter().map(Listener::detach);
        let listeners = Arc::new(Mutex::new(listeners.collect::<io::Result<Vec<_>>>()?));
        let shared = Shared::new(server.settings);
        let factory = Arc::new(factory);
        // Dropped with this future, it ends the workers.
        let orders = watch::Sender::new(());
        let mut workers = JoinSet::new();
        for index in 0..count {
            let worker = Worker {
                index,
                count,
                listeners: Arc::clone(&listeners),
                shared: Arc::clone(&shared),
                orders: orders.subscribe(),
            };
            let factory = Arc::clone(&factory);
            workers.spawn(supervise(worker, move |worker| work(worker, &*factory)));
        }
        let mut stop = std::pin::pin!(server.stop);
        let mut stopped = false;
        loop {
            tokio::select! {
                () = &mut stop, if !stopped => {
                    stopped = true;
                    // Open only where accepted from: what comes when the workers have stopped is refused, and does not hang.
                    lock(&listeners).clear();
                    shared.stop();
                }
                ended = workers.join_next() => match ended {
                    Some(Ok(Err(error))) => return Err(error),
                    Some(_) => {}
                    None => return Ok(()),
                },
            }
        }
    }
}

#[derive(Clone)]
struct Worker {
    index: usize,
    count: usize,
    listeners: Arc<Mutex<Vec<Detached>>>,
    shared: Arc<Shared>,
    orders: watch::Receiver<()>,
}

/// Begins a worker, and begins it anew until it ends because it was told to.
async fn supervise(worker: Worker, work: impl Fn(Worker) -> io::Result<()> + Clone + Send + 'static) -> io::Result<()> {
    let mut pause = PAUSE;
    loop {
        let begun = Instant::now();
        let (ended, end) = oneshot::channel();
        let (this, work) = (worker.clone(), work.clone());
        thread::Builder::new()
            .name(format!("worker-{}", worker.index))
            .spawn(move || {
                // What a panic leaves half done is dropped with the worker.
                let _ = ended.send(catch_unwind(AssertUnwindSafe(|| work(this))));
            })?;
        match end.await {
            Ok(Ok(Ok(()))) => return Ok(()),
            Ok(Ok(Err(error))) => {
                tracing::error!(target: "portcullis::server", worker = worker.index, %error, "a worker failed");
            }
            Ok(Err(_)) | Err(_) => {
                tracing::error!(target: "portcullis::server", worker = worker.index, "a worker panicked");
            }
        }
        if begun.elapsed() >= HEALTHY {
            pause = PAUSE;
        }
        tracing::info!(target: "portcullis::server", worker = worker.index, ?pause, "beginning the worker anew");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = worker.shared.stopped() => return Ok(()),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// A worker's life, in its own thread.
fn work<S, B>(worker: Worker, factory: &impl Fn() -> S) -> io::Result<()>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: 'static> + Clone + 'static,
    B: Body<Error: Into<BoxError>> + 'static,
{
    let Worker {
        index,
        count,
        listeners,
        shared,
        mut orders,
    } = worker;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async move {
        let listeners = share(&lock(&listeners), index, count)?;
        let service = factory();
        let builder = Arc::new(shared.settings.protocol(LocalExecutor));
        let serving = run(
            listeners,
            &shared,
            shared.stopped(),
            |connections: &mut JoinSet<()>, accepted: Accepted| {
                let connection =
                    connection::serve(accepted, service.clone(), Arc::clone(&builder), Arc::clone(&shared));
                connections.spawn_local(connection);
            },
        );
        tokio::select! {
            () = serving => {}
            // An error: nobody will order anything any more.
            _ = orders.changed() => {}
        }
        Ok(())
    })
}

/// Each listener is one worker's, or where they do not suffice, every worker's.
fn share(listeners: &[Detached], index: usize, count: usize) -> io::Result<Vec<Listener>> {
    listeners
        .iter()
        .enumerate()
        .filter(|(number, _)| listeners.len() < count || number % count == index)
        .map(|(_, listener)| listener.attach())
        .collect()
}

/// A list is whole also where a thread that held it panicked.
fn lock(listeners: &Mutex<Vec<Detached>>) -> MutexGuard<'_, Vec<Detached>> {
    listeners.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs the streams of HTTP/2 on the worker's own thread.
#[derive(Debug, Clone, Copy)]
struct LocalExecutor;

impl<F: Future<Output: 'static> + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}
