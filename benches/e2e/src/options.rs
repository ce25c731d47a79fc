//! What is asked for on the command line.

use std::path::PathBuf;

pub(crate) struct Options {
    pub(crate) smoke: bool,
    pub(crate) rounds: usize,
    pub(crate) seconds: u32,
    /// All busy, all the time.
    pub(crate) connections: usize,
    /// Beside those, and idle.
    pub(crate) held: usize,
    pub(crate) report: PathBuf,
    word: Option<String>,
}

impl Options {
    pub(crate) fn from_args(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            smoke: false,
            rounds: 5,
            seconds: 3,
            connections: 64,
            held: 10_000,
            report: PathBuf::from("target/e2e"),
            word: None,
        };
        while let Some(argument) = arguments.next() {
            let mut number = || {
                let value = arguments.next().ok_or(format!("{argument} needs a number"))?;
                value
                    .parse::<u32>()
                    .map_err(|error| format!("{argument} {value}: {error}"))
            };
            match argument.as_str() {
                "--smoke" => options.smoke = true,
                "--rounds" => options.rounds = number()?.max(1) as usize,
                "--seconds" => options.seconds = number()?.max(1),
                "--connections" => options.connections = number()?.max(1) as usize,
                "--held" => options.held = number()? as usize,
                "--report" => options.report = arguments.next().ok_or("--report needs a folder")?.into(),
                word if !word.starts_with("--") => options.word = Some(argument),
                _ => return Err(format!("{argument} is none of the options; see the head of main.rs")),
            }
        }
        Ok(options)
    }

    pub(crate) fn picks(&self, name: &str) -> bool {
        self.word.as_ref().is_none_or(|word| name.contains(word.as_str()))
    }
}
