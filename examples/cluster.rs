//! Several processes on one port, begun anew when they die, and renewed one by one without a lost request (unix only).
//!
//! `cargo run --example cluster --features server -- 127.0.0.1:3000 2`, then `kill -HUP` the parent for a rolling restart, `kill -TERM` it for the end.
//!
//! A child that does not begin renews nothing: the one before goes on serving. Children whose parent was killed end by themselves.
//!
//! The parent opens the socket and gives it to each child as its standard input. It stays open while children come and go, so
//! that connections wait in its queue; with `SO_REUSEPORT` each child would have a queue of its own, which is lost with it.

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<std::process::ExitCode, Box<dyn std::error::Error>> {
    if std::env::var_os(cluster::CHILD).is_some() {
        return cluster::child().await;
    }
    cluster::parent().await?;
    Ok(std::process::ExitCode::SUCCESS)
}

#[cfg(unix)]
mod cluster {
    use std::convert::Infallible;
    use std::error::Error;
    use std::io;
    use std::mem::replace;
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::os::unix::process::parent_id;
    use std::process::{ExitCode, Stdio, id};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;
    use portcullis::server::{self, RequestBody};
    use portcullis::shutdown::{Handle, Shutdown};
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::{Child, Command};
    use tokio::signal::unix::{SignalKind, signal};
    use tokio::sync::{mpsc, oneshot};
    use tokio::time::{sleep, timeout};
    use tower::{Layer, service_fn};

    pub(crate) const CHILD: &str = "CLUSTER_CHILD";
    /// A child that is not ready then is given up.
    const BEGIN: Duration = Duration::from_secs(10);
    /// A child that has not ended then is killed: longer than its own shutdown may take.
    const END: Duration = Duration::from_secs(60);
    const PAUSE: Duration = Duration::from_millis(100);
    type Renewed = oneshot::Sender<()>;

    /// Serves the socket that is its standard input, until SIGTERM.
    pub(crate) async fn child() -> Result<ExitCode, Box<dyn Error>> {
        let shutdown = Shutdown::builder().build()?;
        let service = shutdown.layer().layer(service_fn(async |_: Request<RequestBody>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{}\n", id()))))
        }));
        let stop = shutdown.handle().stop_accepting();
        let server = server::from_stdin()?.with_graceful_shutdown(stop).serve(service);
        tokio::spawn(end_with(parent_id(), shutdown.handle()));
        println!("ready");
        let (report, _) = shutdown.run(server).await;
        Ok(report.exit_code())
    }

    /// A parent that was killed tells nobody; its children would hold the port for ever.
    async fn end_with(parent: u32, handle: Handle) {
        while parent_id() == parent {
            sleep(Duration::from_secs(1)).await;
        }
        handle.trigger();
    }

    pub(crate) async fn parent() -> Result<(), Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let listener = TcpListener::bind(arguments.next().unwrap_or("127.0.0.1:3000".into()))?;
        let listener = Arc::new(listener);
        let (mut hang_up, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
        let count = arguments.next().map_or(Ok(2), |count| count.parse())?;
        let (mut places, mut kept) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let (orders, received) = mpsc::channel(1);
            let child = begin(&listener).await?;
            kept.push(tokio::spawn(keep(Arc::clone(&listener), child, received)));
            places.push(orders);
        }
        // Only now: who reads this may send a signal.
        println!("http://{}", listener.local_addr()?);
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = hang_up.recv() => {}
            }
            tokio::select! {
                _ = terminate.recv() => break,
                renewed = renew(&places) => match renewed {
                    Ok(()) => println!("renewed"),
                    Err(_) => println!("not renewed"),
                },
            }
        }
        // All at once: each may take its whole drain.
        drop(places);
        for place in kept {
            place.await?;
        }
        Ok(())
    }

    /// One by one, and no further than the first that fails.
    async fn renew(places: &[mpsc::Sender<Renewed>]) -> Result<(), Box<dyn Error>> {
        for orders in places {
            let (renewed, wait) = oneshot::channel();
            orders.send(renewed).await?;
            wait.await?;
        }
        Ok(())
    }

    /// Keeps one child running: anew when it dies, another when ordered, none when there will be no orders.
    async fn keep(listener: Arc<TcpListener>, mut child: Child, mut orders: mpsc::Receiver<Renewed>) {
        let (mut pause, mut begun) = (PAUSE, Instant::now());
        loop {
            tokio::select! {
                status = child.wait() => {
                    if begun.elapsed() > Duration::from_secs(60) {
                        pause = PAUSE;
                    }
                    eprintln!("a child died ({status:?}): the next in {pause:?}");
                    let Some(next) = begin_anew(&listener, &mut pause, &mut orders).await else { return };
                    (child, begun) = (next, Instant::now());
                }
                order = orders.recv() => {
                    let Some(renewed) = order else { return end(child).await };
                    // The next serves before this one stops.
                    match begin(&listener).await {
                        Ok(next) => {
                            begun = Instant::now();
                            end(replace(&mut child, next)).await;
                            let _ = renewed.send(());
                        }
                        Err(error) => eprintln!("the child before goes on: {error}"),
                    }
                }
            }
        }
    }

    /// Tries until a child has begun; `None` when there will be no orders.
    async fn begin_anew(
        listener: &TcpListener,
        pause: &mut Duration,
        orders: &mut mpsc::Receiver<Renewed>,
    ) -> Option<Child> {
        loop {
            // An order, whose answer waits for the child, is one more reason to try.
            let order = tokio::select! {
                () = sleep(*pause) => None,
                order = orders.recv() => Some(order?),
            };
            *pause = (*pause * 2).min(Duration::from_secs(10));
            match begin(listener).await {
                Ok(child) => {
                    if let Some(renewed) = order {
                        let _ = renewed.send(());
                    }
                    return Some(child);
                }
                Err(error) => eprintln!("{error}: again in {pause:?}"),
            }
        }
    }

    async fn begin(listener: &TcpListener) -> io::Result<Child> {
        let socket = OwnedFd::from(listener.try_clone()?);
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command
            .env(CHILD, "1")
            .stdin(socket)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            let mut output = BufReader::new(output);
            timeout(BEGIN, output.read_line(&mut line)).await??;
            // Or what the child writes later would break its pipe, and its log be lost.
            tokio::spawn(async move { tokio::io::copy(&mut output, &mut tokio::io::stdout()).await });
        }
        if line.is_empty() {
            Err(io::Error::other("a child did not begin"))
        } else {
            Ok(child)
        }
    }

    async fn end(mut child: Child) {
        if let Some(id) = child.id() {
            let _ = Command::new("kill").args(["-TERM", &id.to_string()]).status().await;
        }
        if timeout(END, child.wait()).await.is_err() {
            eprintln!("a child did not end: killed");
            let _ = child.kill().await;
        }
    }
}
