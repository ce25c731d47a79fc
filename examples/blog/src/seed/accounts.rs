//! Accounts, posts and comments for a first look. In development only, and only on an empty database.

use blog_entity::Password;

use crate::database::{Db, Transaction};
use crate::posts::store::Content;
use crate::state::SeededAccount;
use crate::users::store::NewUser;
use crate::{comments, posts, users};

const ACCOUNTS: [(SeededAccount, &str); 3] = [
    (
        SeededAccount {
            email: "admin@example.com",
            password: "admin-password",
            role: "admin",
        },
        "Ada Admin",
    ),
    (
        SeededAccount {
            email: "editor@example.com",
            password: "editor-password",
            role: "editor",
        },
        "Edgar Editor",
    ),
    (
        SeededAccount {
            email: "reader@example.com",
            password: "reader-password",
            role: "reader",
        },
        "Rita Reader",
    ),
];

const POSTS: [(&str, &str); 3] = [
    (
        "Welcome to the gate",
        "Every request to this blog has passed the same layers, in the same order.",
    ),
    (
        "What a refusal looks like",
        "A refusal is a problem document with a status, a title and the id of the request.",
    ),
    (
        "Why the order matters",
        "The log stands outside the limit, so that refusals are logged too.",
    ),
];

/// Fills an empty database; the accounts to print either way.
pub(crate) async fn run(db: &Db) -> portcullis::Result<Vec<SeededAccount>> {
    let done = db.transaction(|db| async move { write(&db).await }).await;
    // Of several processes that begin at once one is the first; the others may have looked too early.
    if done.is_err() && users::store::count(db.primary()).await? == 0 {
        done?;
    }
    Ok(ACCOUNTS.map(|(account, _)| account).to_vec())
}

async fn write(db: &Transaction) -> portcullis::Result<()> {
    if users::store::count(&**db).await? > 0 {
        return Ok(());
    }
    let mut ids = Vec::new();
    for (account, name) in ACCOUNTS {
        let new = NewUser {
            email: account.email.to_owned(),
            name: name.to_owned(),
            role: account.role,
            password: Password::Plain(account.password.to_owned()),
        };
        ids.push(users::store::create(db, &new).await?.id);
    }
    let [admin, editor, reader] = ids.try_into().map_err(|_| "three accounts have three ids")?;
    for ((title, body), author) in POSTS.into_iter().zip([admin, editor, editor]) {
        let content = Content {
            title: title.to_owned(),
            body: body.to_owned(),
            published: true,
            tags: Vec::new(),
        };
        let post = posts::store::create(db, author, &content).await?;
        comments::store::create(db, post.id, reader, None, "Nice to read.").await?;
    }
    Ok(())
}
