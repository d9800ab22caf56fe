//! The registers that one may see, by chapter, with what is due in each.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use sekisho_registers::RegistersError;

use super::{caller, lang};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "registers/menu.html")]
struct MenuTemplate {
    p: Page,
    groups: Vec<GroupView>,
}

struct GroupView {
    label: String,
    registers: Vec<Entry>,
}

struct Entry {
    id: String,
    label: String,
    help: String,
    rows: u64,
    due: u64,
    overdue: u64,
}

pub(super) async fn show_menu(State(site): State<Site>, signed: Signed) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, caller, lang) = (site.registers.clone(), caller(&signed), lang(&signed.page));
        let groups = blocking(move || -> Result<_, RegistersError> {
            let counts: BTreeMap<String, _> = registers
                .counts(&caller)?
                .into_iter()
                .map(|count| (count.register.to_string(), count))
                .collect();
            let mut groups: Vec<GroupView> = Vec::new();
            for definition in registers.visible(&caller)? {
                let label = definition.group.label(lang);
                let count = counts.get(definition.id.as_str());
                let entry = Entry {
                    id: definition.id.to_string(),
                    label: definition.label.get(lang).to_owned(),
                    help: first_sentence(definition.help.get(lang)),
                    rows: count.map_or(0, |count| count.rows),
                    due: count.map_or(0, |count| count.due),
                    overdue: count.map_or(0, |count| count.overdue),
                };
                match groups.last_mut().filter(|group| group.label == label) {
                    Some(group) => group.registers.push(entry),
                    None => groups.push(GroupView { label: label.to_owned(), registers: vec![entry] }),
                }
            }
            Ok(groups)
        })
        .await??;
        Ok(show(&MenuTemplate { p: signed.page, groups }))
    })
    .await
}

/// The help text's first sentence; the rest is on the register's own page.
fn first_sentence(help: &str) -> String {
    match help.split_once('。') {
        Some((first, _)) => format!("{first}。"),
        None => help.split_once(". ").map_or(help, |(first, _)| first).to_owned(),
    }
}
