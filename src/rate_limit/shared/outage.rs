/// What becomes of requests that cannot be counted, since the store is down or slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnFailure {
    /// They go on, uncounted, without headers that say what is left: the service stays up, and its limits do not hold.
    Admit,
    /// They get a `503` with `Retry-After`: the limits hold, and the service is down with the store.
    Refuse,
    /// Each process counts in its own memory, with its share of each quota.
    ///
    /// A burst of 100 and 4 processes are 25 at once in each process, and one more in four times the interval; at least 1. Where
    /// all processes fall back together, no more passes than the quota, unless its burst is smaller than their number. A caller
    /// whose requests all reach one process has that share only. The share is whole when an outage begins.
    Local {
        /// How many processes share the store; 1 to 10 000.
        processes: u32,
    },
}
