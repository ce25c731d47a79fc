//! Pages by number or by cursor, whichever the query asks for.

use serde::Serialize;

use super::cursor::Token;
use super::offset::Page;
use crate::error;
use crate::query::{Address, Parameters};

/// The part of a list that was asked for.
#[derive(Debug)]
pub(crate) struct Paging {
    pub(crate) place: Place,
    pub(crate) size: u64,
    /// Whether all rows are to be counted, which costs more than the page where there are many.
    pub(crate) total: bool,
}

/// Where it begins.
#[derive(Debug)]
pub(crate) enum Place {
    /// By number, from 1: may repeat or lose a row when others are written meanwhile.
    Page(u64),
    /// By cursor, at the beginning.
    Start,
    After(Token),
    Before(Token),
}

impl Paging {
    /// `page` and `size`, or `page[size]` with `page[after]` or `page[before]`; `total` with both.
    pub(crate) fn take(parameters: &mut Parameters) -> portcullis::Result<Self> {
        let (number, size) = Page::numbers(parameters)?;
        let cursor_size: Option<u64> = parameters.parsed("page[size]", "a number from 1 to 100")?;
        let after = parameters.text("page[after]")?;
        let before = parameters.text("page[before]")?;
        let total = parameters.flag("total")?;
        let by_cursor = cursor_size.is_some() || after.is_some() || before.is_some();
        if by_cursor && (number.is_some() || size.is_some()) {
            return Err(error::bad_request("`page` and `size` do not go with `page[…]`").into());
        }
        let size = Page::new(number, size.or(cursor_size))?.size;
        let place = match (after, before) {
            (Some(_), Some(_)) => return Err(error::bad_request("`page[after]` excludes `page[before]`").into()),
            (Some(after), None) => Place::After(Token::decode(&after)?),
            (None, Some(before)) => Place::Before(Token::decode(&before)?),
            (None, None) if by_cursor => Place::Start,
            (None, None) => Place::Page(number.unwrap_or(1)),
        };
        Ok(Self {
            total: total.unwrap_or(!by_cursor),
            place,
            size,
        })
    }

    /// `page`, `size` and `total`, for lists whose order is no place that stays.
    pub(crate) fn by_number(parameters: &mut Parameters) -> portcullis::Result<Self> {
        let page = Page::take(parameters)?;
        Ok(Self {
            place: Place::Page(page.number),
            size: page.size,
            total: parameters.flag("total")?.unwrap_or(true),
        })
    }

    /// How many rows to pass over.
    pub(crate) fn offset(&self) -> u64 {
        match self.place {
            Place::Page(number) => (number - 1) * self.size,
            _ => 0,
        }
    }

    /// Cuts off what was read beyond the page to learn whether there is more, and puts the rows in the order of the list.
    pub(crate) fn cut<T>(&self, mut rows: Vec<T>) -> (Vec<T>, Edges) {
        let size = usize::try_from(self.size).unwrap_or(usize::MAX);
        let more = rows.len() > size;
        rows.truncate(size);
        let edges = match self.place {
            Place::Page(number) => Edges {
                earlier: number > 1,
                later: more,
            },
            Place::Start => Edges {
                earlier: false,
                later: more,
            },
            Place::After(_) => Edges {
                earlier: true,
                later: more,
            },
            Place::Before(_) => {
                rows.reverse();
                Edges {
                    earlier: more,
                    later: true,
                }
            }
        };
        (rows, edges)
    }
}

/// On which sides of a page there is more.
pub(crate) struct Edges {
    earlier: bool,
    later: bool,
}

/// A page with the ways to its neighbours.
#[derive(Serialize)]
pub(crate) struct Slice<T> {
    items: Vec<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
    size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    /// The tokens of a page by cursor.
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Neighbours>,
    links: Neighbours,
}

/// What comes before and after.
#[derive(Default, Serialize)]
struct Neighbours {
    prev: Option<String>,
    next: Option<String>,
}

impl<T> Slice<T> {
    /// `ends` gives the tokens of the first and the last row, where there are rows.
    pub(crate) fn new(
        items: Vec<T>,
        paging: &Paging,
        edges: &Edges,
        ends: Option<(Token, Token)>,
        total: Option<u64>,
        address: &Address,
    ) -> portcullis::Result<Self> {
        let (page, tokens, links) = if let Place::Page(number) = paging.place {
            let to = |there: bool, number: u64| there.then(|| address.with("page", &number.to_string()));
            let links = Neighbours {
                prev: to(edges.earlier, number - 1),
                next: to(edges.later, number + 1),
            };
            (Some(number), None, links)
        } else {
            let (first, last) = ends.unzip();
            let token = |there: bool, token: Option<Token>| token.filter(|_| there).map(|token| token.encode());
            let tokens = Neighbours {
                prev: token(edges.earlier, first).transpose()?,
                next: token(edges.later, last).transpose()?,
            };
            let links = Neighbours {
                prev: tokens.prev.as_ref().map(|token| address.with("page[before]", token)),
                next: tokens.next.as_ref().map(|token| address.with("page[after]", token)),
            };
            (None, Some(tokens), links)
        };
        Ok(Self {
            items,
            page,
            size: paging.size,
            total,
            tokens,
            links,
        })
    }
}
