//! Who is calling, as the layer that verified it says.
//!
//! `jwt` (or a layer of yours: sessions, mutual TLS, an API key) puts an [`Identity`] into the request's extensions;
//! `authorize`, `rate_limit` by user and handlers read it. A request that reaches `authorize` with no `Identity` at all has
//! passed no identity layer, which is a mistake in the order of the layers and answered as such; an anonymous caller is
//! [`Identity::anonymous`].
//!
//! ```
//! use portcullis::Identity;
//!
//! let identity = Identity::user("42").with_roles(["editor"]).with_permissions(["posts:write"]);
//! assert_eq!(identity.subject(), Some("42"));
//! assert!(identity.has_role("editor") && !identity.has_role("admin"));
//! assert!(Identity::anonymous().subject().is_none());
//! ```

mod caller;
mod scope;
mod source;
mod token;
mod verified;

pub(crate) use self::caller::Describe;
pub(crate) use self::scope::is_scope;
pub use self::source::TokenSource;
pub use self::token::Token;
pub use self::verified::Identity;
