//! How far it is: a bar on a terminal, a line for each tenth elsewhere.

use indicatif::{ProgressBar, ProgressStyle};

pub(super) struct Progress {
    bar: ProgressBar,
    what: &'static str,
    told: u64,
}

impl Progress {
    pub(super) fn new(what: &'static str, of: u32) -> Self {
        let bar = ProgressBar::new(of.into()).with_prefix(what);
        if let Ok(style) = ProgressStyle::with_template("{prefix:<8} {wide_bar} {human_pos}/{human_len} {eta}") {
            bar.set_style(style);
        }
        Self { bar, what, told: 0 }
    }

    pub(super) fn advance(&mut self, by: usize) {
        self.bar.inc(by as u64);
        let (done, of) = (self.bar.position(), self.bar.length().unwrap_or_default());
        let tenth = done * 10 / of.max(1);
        // Nothing is drawn where nobody could see it move.
        if self.bar.is_hidden() && tenth > self.told {
            self.told = tenth;
            eprintln!("{}: {done} of {of}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.abandon();
    }
}
