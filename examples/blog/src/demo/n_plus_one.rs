//! The same list twice: as code that asks for each post's relations one by one gets it, and as it should be had.

use axum::extract::State;
use portcullis::axum::Json;
use serde::Serialize;
use serde_json::{Value, json};

use crate::database::watch;
use crate::error;
use crate::extract::Caller;
use crate::page::Paging;
use crate::posts::fields::{Field, Fields};
use crate::posts::list::{self, Wanted, WantedComments};
use crate::posts::page::{self, Filter};
use crate::posts::reader;
use crate::posts::sort::Sort;
use crate::query::Parameters;
use crate::state::AppState;
use crate::{comments, tags, users};

/// The list, and what it cost.
#[derive(Serialize)]
pub(super) struct Cost {
    mode: String,
    posts: usize,
    /// `lazy`: one and three for each post. `eager`: four.
    statements: u64,
    items: Vec<Value>,
}

pub(super) async fn n_plus_one(
    State(state): State<AppState>,
    caller: Caller,
    mut parameters: Parameters,
) -> portcullis::Result<Json<Cost>> {
    let mode = parameters.text("mode")?.unwrap_or_else(|| "lazy".into());
    let paging = Paging::by_number(&mut parameters)?;
    parameters.finish()?;
    let db = state.db().read();
    let filter = Filter::default();
    let posts = filter.apply(reader(&state, &caller).await?, state.db().backend());
    let wanted = Wanted {
        fields: Fields::of([Field::Title, Field::Author, Field::Tags, Field::CommentCount]),
        comments: WantedComments::default(),
    };

    let before = watch::statements();
    let rows = page::rows(db, posts, &filter, &Sort::parse(&[])?, &paging, &wanted.fields).await?;
    let (rows, _) = paging.cut(rows);
    let mut items = Vec::new();
    match &*mode {
        "lazy" => {
            for row in rows {
                let mut author = users::store::authors(db, [row.author_id].into_iter()).await?;
                let mut tags = tags::store::of_posts(db, &[row.id]).await?;
                let counts = comments::store::counts(db, &[row.id]).await?;
                items.push(json!({
                    "title": row.title,
                    "author": author.remove(&row.author_id),
                    "tags": tags.remove(&row.id).unwrap_or_default(),
                    "comment_count": counts.get(&row.id).copied().unwrap_or_default(),
                }));
            }
        }
        "eager" => {
            for item in list::items(db, rows, &wanted).await? {
                items.push(serde_json::to_value(item)?);
            }
        }
        _ => return Err(error::bad_request("`mode` is `lazy` or `eager`").into()),
    }
    Ok(Json(Cost {
        mode,
        posts: items.len(),
        statements: watch::statements() - before,
        items,
    }))
}
