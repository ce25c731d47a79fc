//! What the routes of many posts take and give.

use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use portcullis::axum::Json;
use portcullis::{Error, Problem};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::error;
use crate::posts::dto::PostRequest;
use crate::posts::store::Content;
use crate::validation::Faults;

/// Posts of one request.
pub(super) const MOST: usize = 1_000;

/// Posts as they were sent: a JSON list, or a line of JSON each.
pub(super) struct Import(Vec<String>);

impl<S: Send + Sync> FromRequest<S> for Import {
    type Rejection = Error;

    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        if !is_ndjson(request.headers()) {
            let Json(list) = Json::<Vec<Box<RawValue>>>::from_request(request, state).await?;
            return Ok(Self(list.into_iter().map(|item| item.get().to_owned()).collect()));
        }
        let text = String::from_request(request, state).await.map_err(|rejection| {
            Problem::new(rejection.status()).with_detail("the body is no UTF-8 text of the permitted length")
        })?;
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        Ok(Self(lines.map(str::to_owned).collect()))
    }
}

impl Import {
    /// The posts, or every fault of each: `errors` names them as `3.title`, counted from 0.
    pub(super) fn contents(self) -> portcullis::Result<Vec<Content>> {
        bounded(self.0.len())?;
        let mut faults = Faults::default();
        let mut contents = Vec::with_capacity(self.0.len());
        for (index, item) in self.0.iter().enumerate() {
            match Json::<PostRequest>::from_bytes(item.as_bytes()) {
                Ok(Json(post)) => {
                    let (content, its_faults) = post.judged();
                    faults.within(index, its_faults);
                    contents.push(content);
                }
                Err(problem) => faults.whole(index, problem.detail().unwrap_or("is no post")),
            }
        }
        faults.finish()?;
        Ok(contents)
    }
}

fn is_ndjson(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    ["application/x-ndjson", "application/jsonl"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(kind.trim()))
}

fn bounded(count: usize) -> portcullis::Result<()> {
    match count {
        0 => Err(error::bad_request("there is nothing to do").into()),
        1..=MOST => Ok(()),
        _ => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE)
            .with_detail("at most 1000 at once")
            .into()),
    }
}

/// Which posts to delete.
#[derive(Deserialize)]
pub(super) struct BulkDelete {
    ids: Vec<Uuid>,
}

impl BulkDelete {
    /// Each once.
    pub(super) fn ids(mut self) -> portcullis::Result<Vec<Uuid>> {
        bounded(self.ids.len())?;
        self.ids.sort_unstable();
        self.ids.dedup();
        Ok(self.ids)
    }
}

/// What an import made, in the order in which it was sent.
#[derive(Serialize)]
pub(super) struct Imported {
    pub(super) imported: usize,
    pub(super) items: Vec<ImportedPost>,
}

/// One of them.
#[derive(Serialize)]
pub(super) struct ImportedPost {
    pub(super) id: Uuid,
    pub(super) slug: String,
}

/// How many posts are gone.
#[derive(Serialize)]
pub(super) struct Deleted {
    pub(super) deleted: usize,
}
