//! What the blog does beside serving.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::database::migrate::Direction;

/// A blog behind Portcullis. Without a command it serves. Settings are read from the environment and `.env`.
#[derive(Debug, Parser)]
#[command(name = "blog", disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints every route with its policy.
    Routes,
    /// Asks the running blog whether it can work, for a container's probe.
    Healthcheck,
    /// Changes or shows the schema.
    Migrate {
        /// What to do with it.
        step: Step,
        /// How many migrations `down` takes back.
        #[arg(long, default_value_t = 1)]
        steps: u32,
        /// Lets `down` and `fresh` drop tables with their rows, outside development too.
        #[arg(long)]
        yes: bool,
    },
    /// Fills the database with users, posts, tags and comments; the same ones however often.
    Seed(Seed),
    /// Copies the embedded database while it serves.
    Backup {
        /// The file to be made.
        to: PathBuf,
    },
}

/// What is done with the schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Step {
    /// Applies what has not been applied.
    Up,
    /// Takes back the last migrations.
    Down,
    /// Shows what has been applied.
    Status,
    /// Drops all tables, with all that is in them, and begins anew.
    Fresh,
}

/// How much is seeded.
#[derive(Debug, Clone, Copy, Args)]
pub struct Seed {
    /// Users, beside the three accounts of development.
    #[arg(long, default_value_t = 100)]
    pub users: u32,
    /// Posts by them.
    #[arg(long, default_value_t = 1000)]
    pub posts: u32,
}

impl Step {
    /// The change of the schema; none for `status`.
    pub fn direction(self, steps: u32) -> Option<Direction> {
        match self {
            Self::Up => Some(Direction::Up),
            Self::Down => Some(Direction::Down(steps)),
            Self::Fresh => Some(Direction::Fresh),
            Self::Status => None,
        }
    }
}
