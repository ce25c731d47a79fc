use std::fmt;

/// One layer of a [`Stack`](super::Stack) and its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    name: &'static str,
    reason: &'static str,
    in_use: bool,
}

/// The layers of a [`Stack`](super::Stack), outermost first. Printed, a line each; those left out come last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    steps: Vec<Step>,
}

impl Step {
    pub(super) const fn new(name: &'static str, reason: &'static str, in_use: bool) -> Self {
        Self { name, reason, in_use }
    }

    /// The layer's module; the two limits are told apart as `rate_limit` and `rate_limit_user`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Why it stands where it stands.
    pub fn reason(&self) -> &'static str {
        self.reason
    }

    /// Whether the stack has it.
    pub fn is_in_use(&self) -> bool {
        self.in_use
    }
}

impl Explanation {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// Every layer that a stack can have, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let in_use = self.steps.iter().filter(|step| step.in_use);
        for (place, step) in (1..).zip(in_use) {
            writeln!(f, "{place:>2}. {:<17} {}", step.name, step.reason)?;
        }
        let mut left_out = self.steps.iter().filter(|step| !step.in_use).peekable();
        if left_out.peek().is_some() {
            f.write_str("left out:")?;
            for step in left_out {
                write!(f, " {}", step.name)?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
