//! Which members of a value this caller may see, and which it may set.
//!
//! Routes say who may call; this says what of an answer is for whom. A user's email is for that user and for admins, a post's
//! `published` may be set by editors, an `id` by nobody. Without it every such rule becomes a second type, an `Option` and an `if`
//! in each handler, and the handler that forgets it is the leak. The rules are said once, for a type, by the names that its JSON has.
//!
//! What it decides:
//!
//! 1. A member that is named may be read by whom its rule for reading allows, and set by whom its rule for writing allows. One that has
//!    only one of the two is closed for the other, but for members of it that are named for that.
//! 2. A member that is not named has the default that the first word of the rules says: [`Fields::deny_unlisted`] or
//!    [`Fields::allow_unlisted`].
//! 3. A member that may be read or set brings all that it holds, but for what is named in turn (`author`, `author.email`). One
//!    whose rule says no takes all that it holds with it, whatever is said of that.
//! 4. A rule is a closure over the caller and the item, so that "the owner or an admin" is decided for each item of a list anew.
//! 5. A member that is only named on the way to others is shown with those that may be read, and left out where there are none. What
//!    stands in its place but has no members, such as a number, is `null`.
//! 6. Of a body, [`check_json`](Fields::check_json) names every member that the caller may not set, all in one `403`
//!    [`Problem`](crate::Problem), before a type takes it. A name that is sent twice is judged twice. A list where members have rules
//!    is refused unless the rules speak of a list (`comments[].email`), since serde takes `[7, "a"]` for a struct of two members.
//!
//! [`view`](Fields::view) serialises the value itself through a serializer that leaves members out as they come: nothing is built in
//! between. What serde makes of a type holds: `rename`, `flatten`, `skip_serializing_if`, all four forms of enums, newtypes, `Option`,
//! maps with keys that are no strings. Formats that announce the number of an enum variant's fields beforehand are out: the view is
//! for JSON and its like.
//!
//! It costs no allocation for reading, and a look at the names where rules are: what has no rules inside is serialised as without a
//! view. Writing costs one more pass over the body.
//!
//! It goes inside the handler, behind `jwt` and `authorize`, where the item is at hand.
//!
//! ```
//! use portcullis::Identity;
//! use portcullis::fields::Fields;
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct User {
//!     id: String,
//!     name: String,
//!     email: String,
//!     password_hash: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fields = Fields::<User>::deny_unlisted()
//!     .readable(["id", "name"])
//!     .readable_if(["email"], |caller, user| caller.has_role("admin") || caller.subject() == Some(user.id.as_str()))
//!     .build()?;
//!
//! let user = |id: &str| User {
//!     id: id.into(),
//!     name: "A".into(),
//!     email: "a@example.com".into(),
//!     password_hash: "$argon2id$".into(),
//! };
//! // One's own email, and not the other's.
//! let shown = serde_json::to_string(&fields.views([user("1"), user("2")], &Identity::user("1")))?;
//! assert_eq!(shown, r#"[{"id":"1","name":"A","email":"a@example.com"},{"id":"2","name":"A"}]"#);
//! # Ok(())
//! # }
//! ```
//!
//! Reading and writing, with members of members:
//!
//! ```
//! use portcullis::Identity;
//! use portcullis::fields::Fields;
//! use serde::Serialize;
//!
//! #[derive(Serialize)]
//! struct Post {
//!     id: u64,
//!     title: String,
//!     published: bool,
//!     author: Author,
//! }
//!
//! #[derive(Serialize)]
//! struct Author {
//!     name: String,
//!     email: String,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let fields = Fields::<Post>::allow_unlisted()
//!     .readable(["id", "author", "published"])
//!     .readable_if(["author.email"], |caller, _| caller.has_role("admin"))
//!     .writable_if(["published"], |caller, _| caller.has_role("editor"))
//!     .build()?;
//!
//! let author = Author { name: "A".into(), email: "a@example.com".into() };
//! let post = Post { id: 7, title: "Hi".into(), published: false, author };
//! let writer = Identity::user("1").with_roles(["writer"]);
//!
//! let shown = serde_json::to_string(&fields.view(&post, &writer))?;
//! assert_eq!(shown, r#"{"id":7,"title":"Hi","published":false,"author":{"name":"A"}}"#);
//!
//! let body = br#"{"id": 8, "title": "Hello", "published": true}"#;
//! let refusal = fields.check_json(body, &writer, &post).unwrap_err();
//! assert_eq!(refusal.members(), ["id", "published"]);
//! assert_eq!(refusal.problem().status(), 403);
//! # Ok(())
//! # }
//! ```

mod builder;
mod compound;
mod error;
mod filter;
mod input;
mod key;
mod policy;
mod rules;
#[cfg(test)]
mod tests;
mod view;

pub use self::builder::FieldsBuilder;
pub use self::error::Refusal;
pub use self::rules::Fields;
pub use self::view::{View, Views};
