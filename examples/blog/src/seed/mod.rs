//! Rows to begin with.
//!
//! | file | what |
//! |---|---|
//! | `accounts` | three accounts to sign in with, a few posts: development only, on an empty database |
//! | `rows` | the rows of `blog seed`, each made from its number alone |
//! | `words` | what they say |
//! | `fill` | writes those that are missing |
//! | `progress` | how far it is |

mod accounts;
mod fill;
mod progress;
mod rows;
mod words;

pub(crate) use self::accounts::run;
pub use self::fill::fill;
