use std::borrow::Cow;

use serde::de::Error;

pub(super) const TWICE: &str = "a name occurs twice";

/// So many names are compared each with each. Those of a longer object are sorted, since it would cost their square.
const FEW: usize = 16;

/// The names of an object that were read so far.
#[derive(Default)]
pub(super) struct Names<'de> {
    few: [&'de str; FEW],
    count: usize,
    /// Those beyond, and those with escapes, which no token has that is not made to deceive.
    more: Vec<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    pub(super) fn add<E: Error>(&mut self, name: Cow<'de, str>) -> Result<(), E> {
        if self.few.iter().take(self.count).any(|other| *other == name) {
            return Err(E::custom(TWICE));
        }
        match (self.few.get_mut(self.count), name) {
            (Some(place), Cow::Borrowed(name)) => {
                *place = name;
                self.count += 1;
            }
            (_, name) => self.more.push(name),
        }
        Ok(())
    }

    pub(super) fn check<E: Error>(mut self) -> Result<(), E> {
        if self.more.is_empty() {
            return Ok(());
        }
        // One with escapes may have come before its like.
        self.more
            .extend(self.few.iter().take(self.count).map(|name| Cow::Borrowed(*name)));
        self.more.sort_unstable();
        let twice = self
            .more
            .iter()
            .zip(self.more.iter().skip(1))
            .any(|(one, next)| one == next);
        if twice { Err(E::custom(TWICE)) } else { Ok(()) }
    }
}
