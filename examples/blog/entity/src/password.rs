use std::fmt;

use sea_orm::sea_query::{ArrayType, ColumnType, Nullable, ValueType, ValueTypeErr};
use sea_orm::{QueryResult, TryGetError, TryGetable, Value};

/// A password on its way into a row: plain until the hook has hashed it.
///
/// A text cannot be taken for a hash because it looks like one, and what is still plain is stored as a hash that no password has:
/// a write that passes the hook by closes the account instead of giving the password away.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// As the user typed it.
    Plain(String),
    /// In PHC form, as it is stored.
    Hash(String),
}

/// What `shadow(5)` calls an account without a password.
const NONE: &str = "!";

impl Password {
    /// Of an account that nobody signs in to.
    pub fn none() -> Self {
        Self::Hash(NONE.into())
    }

    /// The hash to verify against; none while it is plain, and where no password has it.
    pub fn hash(&self) -> Option<&str> {
        match self {
            Self::Plain(_) => None,
            Self::Hash(hash) => Some(hash.as_str()).filter(|hash| *hash != NONE),
        }
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("****")
    }
}

impl From<Password> for Value {
    fn from(password: Password) -> Self {
        password.hash().unwrap_or(NONE).into()
    }
}

impl TryGetable for Password {
    fn try_get_by<I: sea_orm::ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        String::try_get_by(row, index).map(Self::Hash)
    }
}

impl ValueType for Password {
    fn try_from(value: Value) -> Result<Self, ValueTypeErr> {
        <String as ValueType>::try_from(value).map(Self::Hash)
    }

    fn type_name() -> String {
        "Password".into()
    }

    fn array_type() -> ArrayType {
        ArrayType::String
    }

    fn column_type() -> ColumnType {
        ColumnType::String(sea_orm::sea_query::StringLen::N(255))
    }
}

impl Nullable for Password {
    fn null() -> Value {
        Value::String(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_plain_is_never_stored_nor_shown() {
        let plain = Password::Plain("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA".into());
        assert_eq!(format!("{plain:?}"), "****");
        assert_eq!(Value::from(plain), Value::from("!"));
        assert_eq!(
            Value::from(Password::Hash("$argon2id$…".into())),
            Value::from("$argon2id$…")
        );
    }
}
