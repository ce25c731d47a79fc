use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

/// What became of a shutdown.
#[derive(Debug, Clone)]
pub struct Report {
    pub(super) drained: usize,
    pub(super) aborted: usize,
    pub(super) tasks: Vec<&'static str>,
    pub(super) server_ended: bool,
    pub(super) duration: Duration,
    pub(super) hooks: Vec<HookReport>,
}

/// What became of one hook.
#[derive(Debug, Clone)]
pub struct HookReport {
    pub(super) name: &'static str,
    pub(super) outcome: HookOutcome,
    pub(super) duration: Duration,
}

/// How a hook ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum HookOutcome {
    /// It returned `Ok`.
    Done,
    /// It returned this error, or panicked.
    Failed(String),
    /// Its deadline passed.
    TimedOut,
    /// A third signal came before it had ended.
    Skipped,
}

impl Report {
    /// How many requests and guards ended in the drain.
    pub fn drained(&self) -> usize {
        self.drained
    }

    /// How many requests and guards were still in flight when the drain was over.
    pub fn aborted(&self) -> usize {
        self.aborted
    }

    /// Those of them that were tasks of [`Handle::spawn`](super::Handle::spawn).
    pub fn aborted_tasks(&self) -> &[&'static str] {
        &self.tasks
    }

    /// Whether the server's future ended by itself; false where connections were cut, also those without a request, such as
    /// one stalled in its headers.
    pub fn server_ended(&self) -> bool {
        self.server_ended
    }

    /// From the trigger to the end of the drain, grace included, hooks not.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The hooks, in their order.
    pub fn hooks(&self) -> &[HookReport] {
        &self.hooks
    }

    /// Whether nothing was cut and every hook is done.
    pub fn is_clean(&self) -> bool {
        self.aborted == 0 && self.server_ended && self.hooks.iter().all(|hook| hook.outcome == HookOutcome::Done)
    }

    /// Success for a clean shutdown, failure for any other: for `main` to return.
    pub fn exit_code(&self) -> ExitCode {
        if self.is_clean() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} drained, {} aborted in {:?}",
            self.drained, self.aborted, self.duration
        )?;
        if !self.server_ended {
            f.write_str(", connections cut")?;
        }
        if !self.tasks.is_empty() {
            write!(f, ", tasks dropped: {}", self.tasks.join(", "))?;
        }
        for hook in &self.hooks {
            write!(f, "; {}: {}", hook.name, hook.outcome)?;
        }
        Ok(())
    }
}

impl HookReport {
    /// The name given to the builder.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How it ended.
    pub fn outcome(&self) -> &HookOutcome {
        &self.outcome
    }

    /// How long it ran.
    pub fn duration(&self) -> Duration {
        self.duration
    }
}

impl fmt::Display for HookOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Skipped => f.write_str("skipped"),
        }
    }
}
