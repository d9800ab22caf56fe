//! Which security roles a post (職) brings, as a table that the city can replace (`DATA/people/posts.toml`). Roles by
//! appointment are kept or dropped by the same table when somebody moves.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;

use crate::error::PeopleError;

/// The table that ships with the program.
const BUILT_IN: &str = include_str!("../../../catalog/people/posts.toml");

/// The table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posts {
    /// Roles of a post that no line names.
    default: Vec<String>,
    /// Roles by appointment that stay as long as the unit does.
    kept_while_unit_stays: Vec<String>,
    /// Roles by appointment that a move does not touch.
    kept_always: Vec<String>,
    /// The lines, in order.
    #[serde(default)]
    post: Vec<Line>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(default)]
    is: Vec<String>,
    #[serde(default)]
    ends_with: Vec<String>,
    #[serde(default)]
    not_ends_with: Vec<String>,
    roles: Vec<String>,
}

impl Line {
    fn fits(&self, post: &str) -> bool {
        let ends = |endings: &[String]| endings.iter().any(|ending| post.ends_with(ending.as_str()));
        self.is.iter().any(|whole| whole == post) || (ends(&self.ends_with) && !ends(&self.not_ends_with))
    }
}

impl Posts {
    /// The city's table if there is one, else the built-in one.
    ///
    /// # Errors
    /// When the city's table can't be read; the message names the file and the line.
    pub fn load(data: &Path) -> Result<Self, PeopleError> {
        let path = data.join("people").join("posts.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text, &path.display().to_string()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::parse(BUILT_IN, "posts.toml"),
            Err(error) => {
                Err(PeopleError::Setting { file: path.display().to_string(), what: error.to_string() })
            }
        }
    }

    fn parse(text: &str, file: &str) -> Result<Self, PeopleError> {
        toml::from_str(text)
            .map_err(|error| PeopleError::Setting { file: file.to_owned(), what: error.to_string() })
    }

    /// Roles that the post alone brings.
    #[must_use]
    pub fn roles_of(&self, post: &str) -> BTreeSet<String> {
        let post: String = post.split_whitespace().collect();
        let line = self.post.iter().find(|line| line.fits(&post));
        line.map_or(&self.default, |line| &line.roles).iter().cloned().collect()
    }

    /// Roles after a change of post: those of the new post and those by appointment that stay.
    #[must_use]
    pub fn roles_after(&self, post: &str, before: &BTreeSet<String>, unit_stays: bool) -> BTreeSet<String> {
        let stays = |role: &&String| {
            self.kept_always.contains(role) || (unit_stays && self.kept_while_unit_stays.contains(role))
        };
        let mut roles = self.roles_of(post);
        roles.extend(before.iter().filter(stays).cloned());
        roles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(roles: &str) -> BTreeSet<String> {
        roles.split_whitespace().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn a_post_brings_its_roles() {
        let posts = Posts::parse(BUILT_IN, "posts.toml").unwrap();
        let check = |post: &str, roles: &str| assert_eq!(posts.roles_of(post), set(roles), "{post}");
        check("課長", "staff section-manager");
        check("福祉 課長", "staff section-manager");
        check("課長補佐", "staff deputy");
        check("総務部長", "staff department-head");
        check("副部長", "staff");
        check("議会事務局長", "staff section-manager");
        check("副市長", "staff ciso");
        check("主事", "staff");
        check("", "staff");
    }

    #[test]
    fn roles_by_appointment_stay_with_the_unit_or_with_the_person() {
        let posts = Posts::parse(BUILT_IN, "posts.toml").unwrap();
        let before = set("staff deputy administrator vice-ciso");
        assert_eq!(posts.roles_after("係長", &before, true), set("staff administrator vice-ciso"));
        assert_eq!(posts.roles_after("係長", &before, false), set("staff vice-ciso"));
    }

    #[test]
    fn an_unknown_key_in_the_citys_table_names_its_line() {
        let error = Posts::parse("defalut = []", "posts.toml").unwrap_err();
        assert!(error.to_string().contains("line 1"), "{error}");
    }
}
