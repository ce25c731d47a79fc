use std::error::Error as StdError;
use std::fmt;
use std::future::pending;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::handle::{Handle, Phase};
use super::hooks::Hook;
use super::layer::ShutdownLayer;
use super::report::{HookReport, Report};
use super::signals;
use crate::config_error::ConfigError;

/// Leads a server through its end. See the [module page](super).
#[derive(Debug)]
pub struct Shutdown {
    handle: Handle,
    trigger: Trigger,
    grace: Duration,
    drain_deadline: Duration,
    hook_deadline: Duration,
    hooks: Vec<Hook>,
}

/// Builds a [`Shutdown`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct Builder {
    trigger: Trigger,
    grace: Duration,
    drain_deadline: Duration,
    hook_deadline: Duration,
    hooks: Vec<Hook>,
}

enum Trigger {
    Signals,
    Own(Pin<Box<dyn Future<Output = ()> + Send + Sync>>),
}

impl Builder {
    /// Begins the shutdown when `future` resolves, in place of SIGTERM and SIGINT. [`Handle::trigger`] works beside either.
    pub fn trigger(mut self, future: impl Future<Output = ()> + Send + Sync + 'static) -> Self {
        self.trigger = Trigger::Own(Box::pin(future));
        self
    }

    /// How long to serve as before once readiness is false: longer than the load balancer's probe interval. Default 0 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long to wait for what is in flight. Default 30 s; zero aborts at once.
    pub fn drain_deadline(mut self, deadline: Duration) -> Self {
        self.drain_deadline = deadline;
        self
    }

    /// How long each hook may take. Default 10 s.
    pub fn hook_deadline(mut self, deadline: Duration) -> Self {
        self.hook_deadline = deadline;
        self
    }

    /// Adds work for after the drain, such as closing a database. Hooks run one by one in the order given.
    pub fn hook<F, Fut, E>(mut self, name: &'static str, work: F) -> Self
    where
        F: FnOnce() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.hooks.push(Hook::new(name, work));
        self
    }

    /// The controller, or all faults: a hook's deadline of zero.
    pub fn build(self) -> Result<Shutdown, ConfigError> {
        let mut faults = ConfigError::collector();
        if self.hook_deadline.is_zero() {
            faults.add("shutdown", "hook_deadline", "must exceed 0 s, or no hook can end");
        }
        faults.finish()?;
        Ok(Shutdown {
            handle: Handle::new(),
            trigger: self.trigger,
            grace: self.grace,
            drain_deadline: self.drain_deadline,
            hook_deadline: self.hook_deadline,
            hooks: self.hooks,
        })
    }
}

impl Shutdown {
    /// A controller with the defaults of the [module page](super).
    pub fn builder() -> Builder {
        Builder {
            trigger: Trigger::Signals,
            grace: Duration::ZERO,
            drain_deadline: Duration::from_secs(30),
            hook_deadline: Duration::from_secs(10),
            hooks: Vec::new(),
        }
    }

    /// What servers, tasks and handlers hold of it.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// The layer that counts what is in flight.
    pub fn layer(&self) -> ShutdownLayer {
        self.handle.layer()
    }

    /// Runs a server that ends at [`Handle::stop_accepting`], then drains it, runs the hooks and reports.
    ///
    /// The drain is over when the server's future has ended, which means that all its connections are closed, and no guard
    /// is left. At the deadline the future is dropped. A server that ends early, as on an error, is followed by the same
    /// phases without grace. The second value is the server's own output, or `None` where it was cut.
    ///
    /// Dropping axum's future leaves its connections to the runtime, which drops them when `main` returns; dropping the one
    /// of `server` closes them.
    pub async fn run<F: Future>(self, server: F) -> (Report, Option<F::Output>) {
        let mut output = None;
        let report = self
            .conclude(
                async {
                    output = Some(server.await);
                },
                true,
            )
            .await;
        (report, output)
    }

    /// Waits for the shutdown to begin, then for all guards and counted requests to end, and runs the hooks.
    ///
    /// For a server that runs in a task of its own. The last bytes of an answer may still be in the server's buffers: await
    /// its task, with a deadline, before the process ends. [`Shutdown::run`] does that.
    pub async fn drained(self) -> Report {
        self.conclude(async {}, false).await
    }

    async fn conclude(self, server: impl Future<Output = ()>, server_leads: bool) -> Report {
        let Self {
            handle,
            trigger,
            grace,
            drain_deadline,
            hook_deadline,
            hooks,
        } = self;
        let mut triggers = pin!(async {
            match trigger {
                Trigger::Signals => signals::listen(|| handle.trigger()).await,
                Trigger::Own(future) => {
                    future.await;
                    handle.trigger();
                }
            }
            pending::<()>().await;
        });
        let ended = watch::Sender::new(false);
        let drain = {
            let server = async {
                server.await;
                ended.send_replace(true);
                pending::<()>().await;
            };
            let phases = drain(&handle, &ended, server_leads, grace, drain_deadline);
            tokio::select! {
                biased;
                drain = phases => drain,
                () = server => Drain::default(),
                () = &mut triggers => Drain::default(),
            }
        };
        // The server's future is dropped here, and with it what it had not finished.
        let aborted = drain.aborted;
        handle.enter(Phase::Aborted);
        if aborted > 0 || !drain.server_ended {
            tracing::warn!(target: "portcullis::shutdown", aborted, "drain deadline passed: aborting");
        }
        let hooks = tokio::select! {
            biased;
            hooks = run_hooks(&handle, hooks, hook_deadline) => hooks,
            () = triggers => Vec::new(),
        };
        let report = Report {
            drained: drain.drained,
            aborted,
            tasks: drain.tasks,
            server_ended: drain.server_ended,
            duration: drain.duration,
            hooks,
        };
        tracing::info!(target: "portcullis::shutdown", %report, "shut down");
        report
    }
}

#[derive(Debug, Default)]
struct Drain {
    drained: usize,
    aborted: usize,
    tasks: Vec<&'static str>,
    server_ended: bool,
    duration: Duration,
}

async fn drain(
    handle: &Handle,
    ended: &watch::Sender<bool>,
    server_leads: bool,
    grace: Duration,
    deadline: Duration,
) -> Drain {
    let server_ended = async || {
        let _ = ended.subscribe().wait_for(|ended| *ended).await;
    };
    let early = async || {
        if server_leads {
            server_ended().await;
        } else {
            pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = handle.triggered(1) => {}
        () = early() => tracing::warn!(target: "portcullis::shutdown", "the server ended before it was told to"),
    }
    let begun = Instant::now();
    tracing::info!(target: "portcullis::shutdown", ?grace, ?deadline, "shutting down");
    handle.enter(Phase::Grace);
    tokio::select! {
        biased;
        () = handle.triggered(2) => {}
        () = early() => {}
        () = sleep(grace) => {}
    }
    handle.enter(Phase::Draining);
    tokio::select! {
        biased;
        () = async { server_ended().await; handle.idle().await } => {}
        () = handle.triggered(2) => {}
        () = sleep(deadline) => {}
    }
    Drain {
        drained: handle.drained(),
        aborted: handle.in_flight(),
        tasks: handle.tasks(),
        server_ended: *ended.borrow(),
        duration: begun.elapsed(),
    }
}

async fn run_hooks(handle: &Handle, hooks: Vec<Hook>, deadline: Duration) -> Vec<HookReport> {
    let mut reports = Vec::with_capacity(hooks.len());
    for hook in hooks {
        reports.push(hook.run(deadline, handle).await);
    }
    reports
}

impl fmt::Debug for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signals => "Signals",
            Self::Own(_) => "Own",
        })
    }
}
