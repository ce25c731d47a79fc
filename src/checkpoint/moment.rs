use std::cell::OnceCell;
use std::time::SystemTime;

/// When a request came: the clock is read by the first who asks, and by nobody else.
#[derive(Default)]
pub(crate) struct Moment {
    wall: OnceCell<SystemTime>,
}

impl Moment {
    pub(crate) fn wall(&self) -> SystemTime {
        *self.wall.get_or_init(SystemTime::now)
    }
}
