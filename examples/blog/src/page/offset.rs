//! Pages by number: `?page=2&size=20`, and the answer that carries one.

use portcullis::Error;
use serde::{Deserialize, Serialize};

use crate::error;
use crate::query::Parameters;

const DEFAULT_SIZE: u64 = 20;
const MAX_SIZE: u64 = 100;

/// The query's part about pages, as it was sent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct PageQuery {
    page: Option<u64>,
    size: Option<u64>,
}

/// A valid page, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Page {
    pub(crate) number: u64,
    pub(crate) size: u64,
}

impl Page {
    /// The page asked for; `400` where it cannot exist.
    pub(crate) fn new(number: Option<u64>, size: Option<u64>) -> portcullis::Result<Self> {
        let number = number.unwrap_or(1);
        let size = size.unwrap_or(DEFAULT_SIZE);
        // The bound on the page keeps the offset within the database's integers.
        if !(1..=1_000_000_000).contains(&number) {
            return Err(error::bad_request("`page` begins at 1").into());
        }
        if !(1..=MAX_SIZE).contains(&size) {
            return Err(error::bad_request("`size` is 1 to 100").into());
        }
        Ok(Self { number, size })
    }
}

impl Page {
    /// The page asked for among other things.
    pub(crate) fn take(parameters: &mut Parameters) -> portcullis::Result<Self> {
        let (number, size) = Self::numbers(parameters)?;
        Self::new(number, size)
    }

    pub(super) fn numbers(parameters: &mut Parameters) -> portcullis::Result<(Option<u64>, Option<u64>)> {
        let number = parameters.parsed("page", "a number from 1")?;
        Ok((number, parameters.parsed("size", "a number from 1 to 100")?))
    }
}

impl TryFrom<PageQuery> for Page {
    type Error = Error;

    fn try_from(query: PageQuery) -> Result<Self, Error> {
        Self::new(query.page, query.size)
    }
}

/// One page of a list.
#[derive(Serialize)]
pub(crate) struct Listing<T> {
    pub(crate) items: Vec<T>,
    page: u64,
    size: u64,
    total: u64,
}

impl<T> Listing<T> {
    pub(crate) fn new(items: Vec<T>, page: Page, total: u64) -> Self {
        Self {
            items,
            page: page.number,
            size: page.size,
            total,
        }
    }
}
