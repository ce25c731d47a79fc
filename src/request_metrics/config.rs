use std::fmt;
use std::sync::Arc;

use super::measure::Filter;
use super::series::Series;

/// What the layer and all its services share.
pub(super) struct Config {
    pub(super) filter: Option<Arc<Filter>>,
    pub(super) series: Arc<Series>,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("filter", &self.filter.is_some())
            .field("series", &self.series)
            .finish()
    }
}
