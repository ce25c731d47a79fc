//! What the posts add up to: the same report asked through the query builder and in plain SQL, to compare.
//!
//! What `SUM` and `AVG` yield differs: decimals in `MariaDB` and `PostgreSQL`, where an average is also cut to four digits by the
//! former. Each is cast to what the row is read as, an average before it is taken.

mod dto;
mod handlers;
mod orm;
mod raw;
pub(crate) mod routes;
