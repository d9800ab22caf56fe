//! The list of a register: views, search, filters, sorting, any day in the past, pages. Everything is in the address, so
//! that a list can be kept as a bookmark and shared.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use sekisho_register::{Action, Definition, Field};
use sekisho_registers::{Filter, FilterOp, ListQuery, Registers, RegistersError, RowView};

use super::{caller, lang};
use crate::format;
use crate::guard::{Signed, percent};
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::state::{Site, blocking};

/// Rows on a page.
const ROWS: u32 = 50;

/// Pairs of an address, in order.
type Pairs = Vec<(String, String)>;

/// What the address asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) view: String,
    pub(super) text: String,
    pub(super) filters: Vec<Filter>,
    pub(super) sort: String,
    pub(super) descending: bool,
    pub(super) as_of: String,
    pub(super) page: u32,
}

impl Asked {
    pub(super) fn read(pairs: &[(String, String)]) -> Self {
        let mut asked = Self::default();
        let mut fresh = (String::new(), None, String::new());
        for (name, value) in pairs {
            match name.as_str() {
                "view" => asked.view.clone_from(value),
                "q" => value.trim().clone_into(&mut asked.text),
                "f" => asked.filters.extend(read_filter(value)),
                "field" => fresh.0.clone_from(value),
                "op" => fresh.1 = FilterOp::from_id(value),
                "value" => value.trim().clone_into(&mut fresh.2),
                "sort" => asked.sort.clone_from(value),
                "desc" => asked.descending = value == "1",
                "as_of" => value.trim().clone_into(&mut asked.as_of),
                "page" => asked.page = value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        // The condition that is being added by the form.
        if let (field, Some(op), value) = fresh
            && !field.is_empty()
            && (!value.is_empty() || matches!(op, FilterOp::Empty | FilterOp::NotEmpty))
        {
            asked.filters.push(Filter { field, op, value });
        }
        asked
    }

    pub(super) fn query(&self, register: &str, limit: u32) -> Result<ListQuery, Problem> {
        let as_of = match self.as_of.as_str() {
            "" => None,
            text => Some(
                sekisho_register::era::parse_date(text)
                    .map_err(|error| Problem::new(422, "as-of", error.ja(), error.en()))?,
            ),
        };
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Ok(ListQuery {
            register: register.to_owned(),
            view: some(&self.view),
            text: self.text.clone(),
            filters: self.filters.clone(),
            sort: some(&self.sort),
            descending: self.descending,
            as_of,
            offset: self.page.saturating_mul(limit),
            limit,
        })
    }

    /// The address's query for the same list.
    pub(super) fn pairs(&self) -> Pairs {
        let mut pairs = Vec::new();
        let mut add = |name: &str, value: &str| {
            if !value.is_empty() {
                pairs.push((name.to_owned(), value.to_owned()));
            }
        };
        add("view", &self.view);
        add("q", &self.text);
        for filter in &self.filters {
            add("f", &format!("{}:{}:{}", filter.field, filter.op.id(), filter.value));
        }
        add("sort", &self.sort);
        add("desc", if self.descending { "1" } else { "" });
        add("as_of", &self.as_of);
        add("page", &if self.page == 0 { String::new() } else { self.page.to_string() });
        pairs
    }
}

fn read_filter(text: &str) -> Option<Filter> {
    let (field, rest) = text.split_once(':')?;
    let (op, value) = rest.split_once(':')?;
    Some(Filter { field: field.to_owned(), op: FilterOp::from_id(op)?, value: value.to_owned() })
}

/// Pairs as the query of an address.
pub(super) fn encode(pairs: &[(String, String)]) -> String {
    let encoded: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
    encoded.join("&")
}

#[derive(Template)]
#[template(path = "registers/list.html")]
struct ListTemplate {
    p: Page,
    id: String,
    label: String,
    help: String,
    tabs: Vec<Tab>,
    own_view: Option<String>,
    asked: Asked,
    heads: Vec<Head>,
    lines: Vec<Line>,
    total: u64,
    from: u64,
    to: u64,
    previous: Option<String>,
    next: Option<String>,
    chips: Vec<Chip>,
    kept: Pairs,
    columns: Vec<(String, String)>,
    ops: Vec<(&'static str, &'static str)>,
    link: String,
    may_add: bool,
    may_export: bool,
    may_import: bool,
    has_labels: bool,
}

struct Tab {
    label: String,
    link: String,
    current: bool,
}

struct Head {
    label: String,
    link: String,
    /// For `aria-sort`: `ascending`, `descending` or `none`.
    sorted: &'static str,
    number: bool,
}

struct Line {
    row: String,
    name: String,
    cells: Vec<ListCell>,
    when: String,
}

struct ListCell {
    label: String,
    text: String,
    number: bool,
    /// The first cell links to the row.
    first: bool,
}

struct Chip {
    text: String,
    link: String,
}

pub(super) async fn list(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Query(pairs): Query<Pairs>,
) -> Response {
    framed(signed.page.clone(), async move {
        let asked = Asked::read(&pairs);
        let done = pairs.iter().find(|(name, _)| name == "done").map(|(_, value)| value.clone());
        let query = asked.query(&register, ROWS)?;
        let (registers, caller) = (site.registers.clone(), caller(&signed));
        let page = signed.page;
        let template = blocking(move || -> Result<_, RegistersError> {
            let definition = registers.definition(&register)?;
            let found = registers.list(&caller, &query)?;
            let own = registers.views(&caller, &register)?;
            let may = |action| registers.may(&caller, &register, action, None).is_ok();
            let lang = lang(&page);
            let shown = columns_of(definition, &found.rows);
            let lines = lines(&registers, definition, &shown, &found.rows, &page)?;
            let mut tabs = vec![tab(page.l("全て", "All"), "", &asked, &register)];
            for view in &definition.views {
                tabs.push(tab(view.label.get(lang), &view.id, &asked, &register));
            }
            for view in &own {
                tabs.push(tab(&view.label, &view.id, &asked, &register));
            }
            let from = u64::from(asked.page).saturating_mul(u64::from(ROWS));
            let to = from.saturating_add(u64::try_from(found.rows.len()).unwrap_or_default());
            let at = |number: u32| {
                let other = Asked { page: number, ..asked.clone() };
                format!("/registers/{register}?{}", encode(&other.pairs()))
            };
            Ok(ListTemplate {
                heads: heads(&shown, &asked, &register, lang),
                chips: chips(definition, &asked, &register, &page),
                columns: definition
                    .stored_fields()
                    .map(|field| (field.id.to_string(), field.label.get(lang).to_owned()))
                    .collect(),
                ops: ops(&page),
                kept: asked.pairs().into_iter().filter(|(name, _)| name != "q" && name != "page").collect(),
                link: encode(&Asked { page: 0, ..asked.clone() }.pairs()),
                own_view: own.iter().find(|view| view.id == asked.view).map(|view| view.id.clone()),
                previous: asked.page.checked_sub(1).map(at),
                next: (to < found.total).then(|| at(asked.page.saturating_add(1))),
                label: definition.label.get(lang).to_owned(),
                help: definition.help.get(lang).to_owned(),
                has_labels: has_labels(definition),
                may_add: may(Action::Add),
                may_export: may(Action::Export),
                may_import: may(Action::Import),
                total: found.total,
                from: from.saturating_add(1).min(found.total),
                id: register,
                tabs,
                lines,
                to,
                asked,
                p: page,
            })
        })
        .await??;
        let notice = done.as_deref().and_then(|code| notice(code, &template.p)).unwrap_or_default();
        let template = ListTemplate { p: template.p.clone().with_notice(notice), ..template };
        Ok(show(&template))
    })
    .await
}

fn notice(code: &str, page: &Page) -> Option<&'static str> {
    let ja = page.lang == sekisho_policy::Lang::Ja;
    Some(match (code, ja) {
        ("saved", true) => "保存しました。",
        ("saved", false) => "Saved.",
        ("removed", true) => "削除しました。履歴は残っています。",
        ("removed", false) => "Removed; its history stays.",
        ("imported", true) => "取り込みました。",
        ("imported", false) => "Imported.",
        ("view", true) => "この絞り込みを保存しました。",
        ("view", false) => "The view was saved.",
        ("view-removed", true) => "保存した絞り込みを消しました。",
        ("view-removed", false) => "The saved view was removed.",
        _ => return None,
    })
}

/// Registers of things that carry a label.
fn has_labels(definition: &Definition) -> bool {
    use sekisho_register::Group;
    matches!(definition.group, Group::Assets | Group::Physical)
}

/// The list's columns, without those that the caller may not see in any row.
fn columns_of<'a>(definition: &'a Definition, rows: &[RowView]) -> Vec<&'a Field> {
    definition
        .list_fields()
        .into_iter()
        .filter(|field| rows.is_empty() || !rows.iter().all(|row| row.hidden.contains(&field.id)))
        .collect()
}

fn lines(
    registers: &Registers,
    definition: &Definition,
    shown: &[&Field],
    rows: &[RowView],
    page: &Page,
) -> Result<Vec<Line>, RegistersError> {
    let (lang, env) = (lang(page), registers.env());
    registers.with_lookup(|lookup| {
        let line = |row: &RowView| Line {
            row: row.id.to_string(),
            name: if row.title.is_empty() { row.key.clone() } else { row.title.clone() },
            when: format::moment(row.changed_ms, page.lang),
            cells: shown
                .iter()
                .enumerate()
                .map(|(index, field)| {
                    let text = if field.derive.is_some() {
                        definition.derived(field, &row.values, &env, lookup, lang)
                    } else {
                        field.show(row.values.get(field.id.as_str()), lang, lookup)
                    };
                    ListCell {
                        label: field.label.get(lang).to_owned(),
                        text: shorten(text),
                        number: field.kind.is_number(),
                        first: index == 0,
                    }
                })
                .collect(),
        };
        rows.iter().map(line).collect()
    })
}

/// A cell of a list holds a glimpse of a long text.
fn shorten(text: String) -> String {
    const MOST: usize = 80;
    if text.chars().count() <= MOST {
        return text;
    }
    let mut short: String = text.chars().take(MOST).collect();
    short.push('…');
    short
}

fn tab(label: &str, view: &str, asked: &Asked, register: &str) -> Tab {
    let there = Asked { view: view.to_owned(), as_of: asked.as_of.clone(), ..Asked::default() };
    Tab {
        label: label.to_owned(),
        link: format!("/registers/{register}?{}", encode(&there.pairs())),
        current: asked.view == view,
    }
}

fn heads(shown: &[&Field], asked: &Asked, register: &str, lang: sekisho_register::Lang) -> Vec<Head> {
    shown
        .iter()
        .map(|field| {
            let current = asked.sort == field.id.as_str();
            let column = match field.kind {
                sekisho_register::FieldType::Period => format!("{}_from", field.id),
                _ => field.id.to_string(),
            };
            let other =
                Asked { sort: column, descending: current && !asked.descending, page: 0, ..asked.clone() };
            let sortable = field.is_stored() && !field.kind.is_list();
            Head {
                label: field.label.get(lang).to_owned(),
                link: if sortable {
                    format!("/registers/{register}?{}", encode(&other.pairs()))
                } else {
                    String::new()
                },
                sorted: match (current, asked.descending) {
                    (false, _) => "none",
                    (true, false) => "ascending",
                    (true, true) => "descending",
                },
                number: field.kind.is_number(),
            }
        })
        .collect()
}

fn chips(definition: &Definition, asked: &Asked, register: &str, page: &Page) -> Vec<Chip> {
    let words = ops(page);
    asked
        .filters
        .iter()
        .enumerate()
        .map(|(index, filter)| {
            let field = definition.field(&filter.field);
            let label = field.map_or(filter.field.as_str(), |field| field.label.get(lang(page)));
            let op = words.iter().find(|(id, _)| *id == filter.op.id()).map_or("", |(_, word)| word);
            let mut others = asked.clone();
            others.filters.remove(index);
            others.page = 0;
            Chip {
                text: format!("{label} {} {op}", filter.value).replace("  ", " "),
                link: format!("/registers/{register}?{}", encode(&others.pairs())),
            }
        })
        .collect()
}

fn ops(page: &Page) -> Vec<(&'static str, &'static str)> {
    FilterOp::ALL
        .into_iter()
        .map(|op| {
            let (ja, en) = match op {
                FilterOp::Is => ("と同じ", "is"),
                FilterOp::IsNot => ("以外", "is not"),
                FilterOp::Less => ("より小さい・前", "less or before"),
                FilterOp::AtMost => ("以下・以前", "at most"),
                FilterOp::AtLeast => ("以上・以後", "at least"),
                FilterOp::More => ("より大きい・後", "more or after"),
                FilterOp::Contains => ("を含む", "contains"),
                FilterOp::Empty => ("空欄", "empty"),
                FilterOp::NotEmpty => ("空欄でない", "not empty"),
            };
            (op.id(), if page.lang == sekisho_policy::Lang::Ja { ja } else { en })
        })
        .collect()
}

#[derive(Deserialize)]
pub(super) struct ViewForm {
    csrf: String,
    #[serde(default)]
    label: String,
    #[serde(default)]
    link: String,
    #[serde(default)]
    view: String,
}

pub(super) async fn save_view(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Form(form): Form<ViewForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let pairs: Pairs = serde_urlencoded_pairs(&form.link);
        let query = Asked::read(&pairs).query(&register, ROWS)?;
        let (registers, caller, label) = (site.registers.clone(), caller(&signed), form.label);
        let view = blocking(move || registers.save_view(&caller, &label, &query)).await??;
        Ok(go(&format!("/registers/{register}?view={}&done=view", percent(&view.id))))
    })
    .await
}

pub(super) async fn remove_view(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
    Form(form): Form<ViewForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let (registers, caller, at) = (site.registers.clone(), caller(&signed), register.clone());
        blocking(move || registers.remove_view(&caller, &at, &form.view)).await??;
        Ok(go(&format!("/registers/{register}?done=view-removed")))
    })
    .await
}

/// Reads the query of an address that this page wrote itself.
fn serde_urlencoded_pairs(query: &str) -> Pairs {
    let uri = format!("/?{query}").parse::<axum::http::Uri>();
    uri.ok()
        .and_then(|uri| Query::<Pairs>::try_from_uri(&uri).ok())
        .map(|Query(pairs)| pairs)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_its_address_and_the_address_is_the_list() {
        let asked = Asked {
            view: "overdue".to_owned(),
            text: "髙﨑 & 加".to_owned(),
            filters: vec![Filter {
                field: "due_on".to_owned(),
                op: FilterOp::AtMost,
                value: "令和8年4月1日: 夕".to_owned(),
            }],
            sort: "due_on".to_owned(),
            descending: true,
            as_of: "2027-03-31".to_owned(),
            page: 3,
        };
        assert_eq!(Asked::read(&serde_urlencoded_pairs(&encode(&asked.pairs()))), asked);
    }

    #[test]
    fn the_forms_new_condition_is_added_when_it_says_something() {
        let check = |op: &str, value: &str, filters: usize| {
            let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let pairs = [pair("field", "unit"), pair("op", op), pair("value", value)];
            assert_eq!(Asked::read(&pairs).filters.len(), filters, "{op} {value}");
        };
        check("is", "fukushi", 1);
        check("is", " ", 0);
        check("empty", "", 1);
        check("nonsense", "x", 0);
    }
}
