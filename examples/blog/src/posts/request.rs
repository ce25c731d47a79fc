//! What lists and searches of posts can be asked for.

use uuid::Uuid;

use super::fields::Fields;
use super::list::{Wanted, WantedComments};
use super::page::Filter;
use super::search::Words;
use super::sort::Sort;
use crate::page::Paging;
use crate::query::{Address, Parameters};
use crate::{error, tags};

/// The query of a list, in so far as it is about posts.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) author: Option<Uuid>,
    /// But for the author, whose key is not known yet.
    pub(super) filter: Filter,
    pub(super) sort: Sort,
    pub(super) paging: Paging,
    pub(super) wanted: Wanted,
    pub(super) address: Address,
}

impl ListQuery {
    /// `400` for what there is not, with the names of what there is.
    pub(super) fn take(mut parameters: Parameters) -> portcullis::Result<Self> {
        let paging = Paging::take(&mut parameters)?;
        let sort = Sort::parse(&parameters.list("sort"))?;
        let wanted = wanted(&mut parameters)?;
        let author = parameters.parsed("author", "the id of a user")?;
        let filter = Filter {
            author: None,
            tags: tags(&mut parameters, "tag")?,
            published: parameters.flag("published")?,
            created_after: parameters.time("created_after")?,
            created_before: parameters.time("created_before")?,
        };
        parameters.finish()?;
        Ok(Self {
            author,
            filter,
            sort,
            paging,
            wanted,
            address: parameters.address(),
        })
    }
}

/// The query of a search.
#[derive(Debug)]
pub(super) struct SearchQuery {
    pub(super) words: Words,
    pub(super) paging: Paging,
    pub(super) wanted: Wanted,
    pub(super) address: Address,
}

impl SearchQuery {
    /// `400` for what cannot be searched for. Its pages are by number: a rank is no place that stays.
    pub(super) fn take(mut parameters: Parameters) -> portcullis::Result<Self> {
        let words = Words::parse(&parameters.text("q")?.unwrap_or_default())?;
        let paging = Paging::by_number(&mut parameters)?;
        let wanted = wanted(&mut parameters)?;
        parameters.finish()?;
        Ok(Self {
            words,
            paging,
            wanted,
            address: parameters.address(),
        })
    }
}

fn wanted(parameters: &mut Parameters) -> portcullis::Result<Wanted> {
    Ok(Wanted {
        fields: Fields::parse(&parameters.list("fields"))?,
        comments: WantedComments::default(),
    })
}

/// Tags to filter by, in the form that they are stored in.
pub(crate) fn tags(parameters: &mut Parameters, name: &'static str) -> portcullis::Result<Vec<String>> {
    let tags: Vec<String> = parameters.list(name).iter().map(|tag| tags::dto::name(tag)).collect();
    if tags.len() > tags::dto::MOST {
        return Err(error::bad_request(format!("`{name}` is at most {} tags", tags::dto::MOST)).into());
    }
    Ok(tags)
}
