//! Several processes on one port, begun anew when they die, and renewed one by one without a lost request (unix only).
//!
//! `cargo run --example cluster -- 127.0.0.1:3000 2`, then `kill -HUP` the parent for a rolling restart, `kill -TERM` it for the end.
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
    use std::net::TcpListener;
    use std::os::fd::OwnedFd;
    use std::process::{ExitCode, Stdio, id};
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;
    use portcullis::server::{self, RequestBody};
    use portcullis::shutdown::Shutdown;
    use tokio::io::{AsyncBufReadExt, BufReader};
    use tokio::process::{Child, Command};
    use tokio::signal::unix::{SignalKind, signal};
    use tokio::sync::{mpsc, oneshot};
    use tower::{Layer, service_fn};

    pub(crate) const CHILD: &str = "CLUSTER_CHILD";
    type Renewed = oneshot::Sender<()>;

    /// Serves the socket that is its standard input, until SIGTERM.
    pub(crate) async fn child() -> Result<ExitCode, Box<dyn Error>> {
        let shutdown = Shutdown::builder().build()?;
        let service = shutdown.layer().layer(service_fn(async |_: Request<RequestBody>| {
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(format!("{}\n", id()))))
        }));
        let stop = shutdown.handle().stop_accepting();
        let server = server::from_stdin()?.with_graceful_shutdown(stop).serve(service);
        println!("ready");
        let (report, _) = shutdown.run(server).await;
        Ok(report.exit_code())
    }

    pub(crate) async fn parent() -> Result<(), Box<dyn Error>> {
        let mut arguments = std::env::args().skip(1);
        let listener = TcpListener::bind(arguments.next().unwrap_or("127.0.0.1:3000".into()))?;
        println!("http://{}", listener.local_addr()?);
        let listener = Arc::new(listener);
        let (mut hang_up, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
        let count = arguments.next().map_or(Ok(2), |count| count.parse())?;
        let places: Vec<_> = (0..count)
            .map(|_| {
                let (orders, received) = mpsc::channel(1);
                (orders, tokio::spawn(keep(Arc::clone(&listener), received)))
            })
            .collect();
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = hang_up.recv() => {}
            }
            for (orders, _) in &places {
                let (renewed, wait) = oneshot::channel();
                orders.send(renewed).await?;
                let _ = wait.await;
            }
            println!("renewed");
        }
        for (orders, place) in places {
            drop(orders);
            place.await??;
        }
        Ok(())
    }

    /// Keeps one child running: anew when it dies, another when ordered, none when there will be no orders.
    async fn keep(listener: Arc<TcpListener>, mut orders: mpsc::Receiver<Renewed>) -> io::Result<()> {
        let mut pause = Duration::from_millis(100);
        let mut child = begin(&listener).await?;
        let mut begun = Instant::now();
        loop {
            tokio::select! {
                status = child.wait() => {
                    eprintln!("a child died ({:?}): the next in {pause:?}", status?);
                    tokio::time::sleep(pause).await;
                    let lived = begun.elapsed() > Duration::from_secs(60);
                    pause = if lived { Duration::from_millis(100) } else { (pause * 2).min(Duration::from_secs(10)) };
                    child = begin(&listener).await?;
                    begun = Instant::now();
                }
                order = orders.recv() => {
                    // The next serves before this one stops.
                    let next = if order.is_some() { Some(begin(&listener).await?) } else { None };
                    end(&mut child).await?;
                    match next {
                        Some(next) => child = next,
                        None => return Ok(()),
                    }
                }
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
            BufReader::new(output).read_line(&mut line).await?;
        }
        if line.is_empty() {
            Err(io::Error::other("a child did not begin"))
        } else {
            Ok(child)
        }
    }

    async fn end(child: &mut Child) -> io::Result<()> {
        if let Some(id) = child.id() {
            Command::new("kill").args(["-TERM", &id.to_string()]).status().await?;
        }
        child.wait().await.map(drop)
    }
}
