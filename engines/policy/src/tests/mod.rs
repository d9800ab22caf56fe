//! Behaviour of the declaration as a whole.

use expect_test::{Expect, expect};

use crate::{Diagnostic, Lang, Policy, SourceFile};

mod findings;
mod questions;
mod views;

/// The complete example.
pub(crate) fn imari() -> Vec<SourceFile> {
    macro_rules! file {
        ($($name:literal),*) => {
            vec![$(SourceFile::new(concat!("policies/imari/", $name), include_str!(concat!("../../../../policies/imari/", $name)))),*]
        };
    }
    file!(
        "municipality.toml",
        "units.toml",
        "zones.toml",
        "conduits.toml",
        "classification.toml",
        "roles.toml",
        "routes.toml",
        "retention.toml"
    )
}

pub(crate) fn imari_policy() -> Policy {
    Policy::parse(&imari()).unwrap_or_else(|found| panic!("{}", crate::render_all(&found, Lang::En)))
}

/// The example with one passage of one file replaced.
pub(crate) fn with(file: &str, from: &str, to: &str) -> Vec<SourceFile> {
    let mut files = imari();
    let target = files.iter_mut().find(|f| f.path.ends_with(file)).unwrap();
    assert!(target.text.contains(from), "`{from}` stands in {file}");
    target.text = target.text.replacen(from, to, 1);
    files
}

pub(crate) fn findings(files: &[SourceFile]) -> Vec<Diagnostic> {
    Policy::parse(files).expect_err("the declaration is refused")
}

/// The findings in English, one a line, with their places.
pub(crate) fn check(files: &[SourceFile], expect: &Expect) {
    let lines: String = findings(files).iter().map(|d| format!("{d} [{}]\n", d.code)).collect();
    expect.assert_eq(&lines);
}

#[test]
fn the_example_of_imari_is_complete() {
    let policy = imari_policy();
    expect![[r#"
        9 bodies, 40 units, 3 zones, 3 conduits, 9 classes, 14 roles, 14 routes
    "#]]
    .assert_eq(&format!(
        "{} bodies, {} units, {} zones, {} conduits, {} classes, {} roles, {} routes\n",
        policy.bodies.len(),
        policy.units.len(),
        policy.zones.len(),
        policy.conduits.len(),
        policy.classification.classes.len(),
        policy.roles.len(),
        policy.routes.len()
    ));
}
