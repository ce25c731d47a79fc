//! Pages of a list, by number or by cursor, and the answers that carry one.

mod cursor;
mod offset;
mod paging;

pub(crate) use self::cursor::Token;
pub(crate) use self::offset::{Listing, Page, PageQuery};
pub(crate) use self::paging::{Paging, Place, Slice};
