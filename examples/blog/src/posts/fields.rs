//! The members of a post in a list, and which of them are asked for.

use crate::error;

/// A member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Id,
    Slug,
    Title,
    Body,
    Published,
    Version,
    CreatedAt,
    UpdatedAt,
    Author,
    Tags,
    CommentCount,
    Comments,
}

impl Field {
    const ALL: [Self; 12] = [
        Self::Id,
        Self::Slug,
        Self::Title,
        Self::Body,
        Self::Published,
        Self::Version,
        Self::CreatedAt,
        Self::UpdatedAt,
        Self::Author,
        Self::Tags,
        Self::CommentCount,
        Self::Comments,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Slug => "slug",
            Self::Title => "title",
            Self::Body => "body",
            Self::Published => "published",
            Self::Version => "version",
            Self::CreatedAt => "created_at",
            Self::UpdatedAt => "updated_at",
            Self::Author => "author",
            Self::Tags => "tags",
            Self::CommentCount => "comment_count",
            Self::Comments => "comments",
        }
    }
}

/// Some members. What is not among them is not asked of the database.
#[derive(Debug, Clone)]
pub(crate) struct Fields(Vec<Field>);

impl Fields {
    /// All where nothing is asked for; `400` for what there is not.
    pub(crate) fn parse(names: &[String]) -> portcullis::Result<Self> {
        if names.is_empty() {
            return Ok(Self(Field::ALL.to_vec()));
        }
        let field = |name: &String| Field::ALL.into_iter().find(|field| field.name() == name);
        let fields: Option<Vec<_>> = names.iter().map(field).collect();
        let fields = fields.ok_or_else(|| {
            let names = Field::ALL.map(Field::name).join("`, `");
            error::bad_request(format!("`fields` are some of `{names}`"))
        })?;
        Ok(Self::of(fields))
    }

    /// These.
    pub(crate) fn of(fields: impl IntoIterator<Item = Field>) -> Self {
        let fields: Vec<_> = fields.into_iter().collect();
        Self(Field::ALL.into_iter().filter(|field| fields.contains(field)).collect())
    }

    /// Each once, in the order of an answer.
    pub(crate) fn iter(&self) -> impl Iterator<Item = Field> + '_ {
        self.0.iter().copied()
    }

    /// These and one more.
    pub(crate) fn and(&self, field: Field) -> Self {
        Self::of(self.iter().chain([field]))
    }

    pub(crate) fn has(&self, field: Field) -> bool {
        self.0.contains(&field)
    }
}
