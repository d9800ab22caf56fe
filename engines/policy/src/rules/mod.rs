//! Rules over the whole declaration: what makes it a policy that can be carried out, and not only well-formed TOML.
//!
//! Each rule works on records that may lack values (those were reported where they were read), so that one run finds
//! everything. A rule never guesses a value.

mod crossing;
mod people;
mod routes;
mod sign_in;
mod sorting;

use crate::diagnostic::Reporter;
use crate::read::Record;

/// Reports every breach.
pub(crate) fn check(root: &Record, reporter: &mut Reporter<'_>) {
    people::bodies_and_units(root, reporter);
    people::roles(root, reporter);
    routes::routes(root, reporter);
    crossing::zones(root, reporter);
    crossing::conduits(root, reporter);
    sorting::classes(root, reporter);
    sorting::schemes(root, reporter);
    sign_in::services(root, reporter);
    budgets(root, reporter);
}

fn budgets(root: &Record, reporter: &mut Reporter<'_>) {
    let pairs = [
        ("session", "idle_minutes", "absolute_minutes"),
        ("session", "step_up_minutes", "absolute_minutes"),
        ("limits", "upload_bytes", "expanded_bytes"),
    ];
    for (table, small, large) in pairs {
        let Some(record) = root.one(table) else { continue };
        if let (Some(a), Some(b)) = (record.integer(small), record.integer(large))
            && a > b
        {
            reporter
                .report(
                    record.at(small),
                    "bounds",
                    format!("`{small}`（{a}）が `{large}`（{b}）を超えています。"),
                    format!("`{small}` ({a}) exceeds `{large}` ({b})"),
                )
                .with_help(
                    format!("`{small}` を `{large}` 以下にしてください。"),
                    format!("make `{small}` at most `{large}`"),
                );
        }
    }
    let upload = root.one("limits").and_then(|limits| limits.integer("upload_bytes"));
    for conduit in root.many("conduit") {
        if let (Some(max), Some(upload)) = (conduit.integer("max_bytes"), upload)
            && max > upload
        {
            reporter
                .report(
                    conduit.at("max_bytes"),
                    "bounds",
                    format!("`max_bytes`（{max}）が [limits] の `upload_bytes`（{upload}）を超えています。"),
                    format!("`max_bytes` ({max}) exceeds `upload_bytes` ({upload}) of [limits]"),
                )
                .with_help("どちらかを改めてください。", "change one of the two");
        }
    }
}
