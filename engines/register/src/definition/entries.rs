//! `[[access]]`, `[[rule]]`, `[[reminder]]`, `[[view]]` and `[excel]`.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::field::{Field, FieldType};
use super::form::entry_id;
use super::model::{
    Access, Action, Layout, LayoutColumn, Orientation, Recipient, Reminder, Rule, Scope, Severity, View,
};
use super::read::{field_id, known_field, name, no_field};
use super::source::{At, Source, Table};
use crate::id::FieldId;
use crate::text::{Lang, Text};

pub(super) fn access(
    source: &mut Source<'_>,
    root: &Table<'_, '_>,
    fields: &[Field],
    unit_field: Option<&FieldId>,
    own_field: Option<&FieldId>,
) -> Vec<Access> {
    let tables = source.tables(root, "access", &["role", "scope", "actions", "own_field"]);
    if root.value("access").is_none() {
        source
            .reporter
            .report(&(0..0), "missing-table", "[[access]] が1つもありません。", "there is no [[access]]")
            .with_help(
                "だれが何をできるかを書いてください。書かれていないことは全て拒否されます。",
                "say who may do what; anything not listed is refused",
            );
    }
    let mut entries: Vec<Access> = Vec::new();
    for table in &tables {
        let role = source
            .need(table, "role")
            .and_then(|at| if at.value == "*" { Some(at.value) } else { name(source, "role", at) });
        source.present(table, "scope");
        let words: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let scope = source.word(table, "scope", Scope::parse, &words).map(|at| at.value);
        let actions = actions(source, table);
        let named = field_id(source, table, "own_field");
        if let Some(at) = &named
            && let Some(field) = known_field(source, at, fields, &[])
            && !matches!(field.kind, FieldType::Person)
        {
            source
                .reporter
                .report(
                    &at.span,
                    "wrong-field-type",
                    format!("`own_field` の項目「{}」の型は person でなければなりません。", field.id),
                    format!("`own_field` names `{}`, which must be of type person", field.id),
                )
                .with_help("職員の項目を指定してください。", "name a field of type person");
        }
        let (Some(role), Some(scope)) = (role, scope) else { continue };
        let missing = match scope {
            Scope::Own if named.is_none() && own_field.is_none() => Some("own_field"),
            Scope::OwnUnit | Scope::Below if unit_field.is_none() => Some("unit_field"),
            _ => None,
        };
        if let Some(key) = missing {
            source
                .reporter
                .report(
                    &table.at("scope"),
                    "scope-without-field",
                    format!("範囲 {scope} には [register] の `{key}` が必要です。"),
                    format!("scope {scope} needs `{key}` in [register]"),
                )
                .with_help(
                    format!("`{key}` を書くか、範囲を変えてください。"),
                    format!("add `{key}` or choose another scope"),
                );
        }
        if entries.iter().any(|other| other.role == role && other.scope == scope) {
            source
                .reporter
                .report(
                    &table.at("role"),
                    "duplicate-access",
                    format!("役割「{role}」の範囲 {scope} が2回書かれています。"),
                    format!("role `{role}` with scope {scope} is listed twice"),
                )
                .with_help("1つにまとめてください。", "put both into one");
            continue;
        }
        let own_field = match scope {
            Scope::Own => named.map(|at| at.value).or_else(|| own_field.cloned()),
            _ => None,
        };
        entries.push(Access { role, scope, actions, own_field });
    }
    entries
}

fn actions(source: &mut Source<'_>, table: &Table<'_, '_>) -> Vec<Action> {
    source.present(table, "actions");
    let words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    let mut actions = Vec::new();
    for word in source.texts(table, "actions") {
        match Action::parse(&word.value) {
            Some(action) => actions.push(action),
            None => source.unknown_word("actions", &word, &words),
        }
    }
    if actions.iter().any(|action| *action != Action::See) && !actions.contains(&Action::See) {
        source
            .reporter
            .report(
                &table.at("actions"),
                "blind-access",
                "閲覧（see）のない権限は使えません。",
                "nobody can work with rows that they can't see",
            )
            .with_help("`actions` に \"see\" を加えてください。", "add \"see\" to `actions`");
    }
    actions.sort();
    actions
}

pub(super) fn rules(
    source: &mut Source<'_>,
    root: &Table<'_, '_>,
    fields: &[Field],
    broken: &[String],
) -> Vec<Rule> {
    let tables = source.tables(root, "rule", &["id", "when", "ja", "en", "severity", "field"]);
    let mut rules: Vec<Rule> = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for table in &tables {
        let id = entry_id(source, table, &taken);
        taken.extend(id.iter().map(|at| at.value.clone()));
        source.present(table, "when");
        let when = source.condition(table, "when", fields, broken);
        let text = source.both(table, "ja", "en", true);
        let words: Vec<&str> = Severity::ALL.iter().map(|severity| severity.as_str()).collect();
        let severity = source.word(table, "severity", Severity::parse, &words);
        let field = field_id(source, table, "field");
        if let Some(at) = &field {
            known_field(source, at, fields, broken);
        }
        if let (Some(id), Some(when), Some(text)) = (id, when, text) {
            rules.push(Rule {
                id: id.value,
                when,
                text,
                severity: severity.map_or(Severity::Refuse, |at| at.value),
                field: field.map(|at| at.value),
            });
        }
    }
    rules
}

pub(super) fn reminders(
    source: &mut Source<'_>,
    root: &Table<'_, '_>,
    fields: &[Field],
    broken: &[String],
    has_unit: bool,
) -> Vec<Reminder> {
    let known = ["id", "date", "open_when", "days_before", "to", "ja", "en"];
    let tables = source.tables(root, "reminder", &known);
    let mut reminders = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for table in &tables {
        let id = entry_id(source, table, &taken);
        taken.extend(id.iter().map(|at| at.value.clone()));
        let date = source.need(table, "date").filter(|at| is_date(source, at, fields, broken));
        let open_when = source.condition(table, "open_when", fields, broken);
        let days_before = days_before(source, table);
        let to = recipient(source, table, fields, broken, has_unit);
        let text = source.both(table, "ja", "en", true);
        if let (Some(id), Some(date), Some(to), Some(text)) = (id, date, to, text) {
            reminders.push(Reminder { id: id.value, date: date.value, open_when, days_before, to, text });
        }
    }
    reminders
}

/// Whether the text names a column that holds a day.
fn is_date(source: &mut Source<'_>, at: &At<String>, fields: &[Field], broken: &[String]) -> bool {
    let holds = |field: &Field| match field.kind {
        FieldType::Date | FieldType::Time => at.value == *field.id.as_str(),
        FieldType::Period => field.columns().iter().any(|column| column.name == at.value),
        _ => false,
    };
    if fields.iter().any(holds) {
        return true;
    }
    if broken.contains(&at.value) {
        return false;
    }
    match fields.iter().find(|field| field.id.as_str() == at.value) {
        Some(field) => {
            let period = matches!(field.kind, FieldType::Period);
            let (ja, en) = if period {
                (
                    format!("「{0}_from」か「{0}_to」と書いてください。", field.id),
                    format!("write `{0}_from` or `{0}_to`", field.id),
                )
            } else {
                (
                    String::from("日付の項目を指定してください。"),
                    String::from("name a field that holds a day"),
                )
            };
            source
                .reporter
                .report(
                    &at.span,
                    "wrong-field-type",
                    format!(
                        "`date` の項目「{}」の型は {} で、日付ではありません。",
                        field.id,
                        field.kind.as_str()
                    ),
                    format!(
                        "`date` names `{}` of type {}, which is not a day",
                        field.id,
                        field.kind.as_str()
                    ),
                )
                .with_help(ja, en);
        }
        None => no_field(source, &at.span, &at.value, fields),
    }
    false
}

fn days_before(source: &mut Source<'_>, table: &Table<'_, '_>) -> Vec<u32> {
    let Some(value) = table.value("days_before") else { return vec![0] };
    let DeValue::Array(items) = value.get_ref() else {
        source.wrong_type(
            table,
            "days_before",
            &value.span(),
            "日数の一覧（[7, 0]）",
            "a list of days such as [7, 0]",
        );
        return Vec::new();
    };
    let mut days: BTreeSet<u32> = BTreeSet::new();
    for item in items.iter() {
        let number = match item.get_ref() {
            DeValue::Integer(number) => number.as_str().parse::<u32>().ok().filter(|days| *days <= 3660),
            _ => None,
        };
        match number {
            Some(number) => {
                days.insert(number);
            }
            None => source.wrong_type(
                table,
                "days_before",
                &item.span(),
                "0以上3660以下の日数",
                "a number of days from 0 to 3660",
            ),
        }
    }
    days.into_iter().rev().collect()
}

fn recipient(
    source: &mut Source<'_>,
    table: &Table<'_, '_>,
    fields: &[Field],
    broken: &[String],
    has_unit: bool,
) -> Option<Recipient> {
    let to = source.need(table, "to")?;
    let (kind, rest) = to.value.split_once(':').unwrap_or((to.value.as_str(), ""));
    match (kind, rest) {
        ("unit-manager", "") if has_unit => Some(Recipient::UnitManager),
        ("unit-manager", "") => {
            source
                .reporter
                .report(
                    &to.span,
                    "scope-without-field",
                    "`unit-manager` には [register] の `unit_field` が必要です。",
                    "`unit-manager` needs `unit_field` in [register]",
                )
                .with_help(
                    "`unit_field` を書くか、宛先を変えてください。",
                    "add `unit_field` or choose another recipient",
                );
            None
        }
        ("role", role) if !role.is_empty() => {
            let at = At { span: to.span.clone(), value: role.to_owned() };
            name(source, "to", at).map(Recipient::Role)
        }
        ("row-person", field) if !field.is_empty() => {
            let id = FieldId::new(field).ok();
            let found = id.as_ref().and_then(|id| fields.iter().find(|field| field.id == *id));
            match found {
                Some(field) if matches!(field.kind, FieldType::Person) => {
                    Some(Recipient::RowPerson(field.id.clone()))
                }
                Some(field) => {
                    source
                        .reporter
                        .report(
                            &to.span,
                            "wrong-field-type",
                            format!("宛先の項目「{}」の型は person でなければなりません。", field.id),
                            format!("the recipient `{}` must be a field of type person", field.id),
                        )
                        .with_help("職員の項目を指定してください。", "name a field of type person");
                    None
                }
                None => {
                    if !broken.iter().any(|id| id == field) {
                        no_field(source, &to.span, field, fields);
                    }
                    None
                }
            }
        }
        _ => {
            source
                .reporter
                .report(
                    &to.span,
                    "bad-recipient",
                    format!("宛先「{}」は読み取れません。", to.value),
                    format!("there is no recipient `{}`", to.value),
                )
                .with_help(
                    "row-person:項目、unit-manager、role:役割 のいずれかにしてください。",
                    "write row-person:FIELD, unit-manager or role:ROLE",
                );
            None
        }
    }
}

pub(super) fn views(
    source: &mut Source<'_>,
    root: &Table<'_, '_>,
    fields: &[Field],
    broken: &[String],
) -> Vec<View> {
    let known = ["id", "label_ja", "label_en", "where", "sort", "descending"];
    let tables = source.tables(root, "view", &known);
    let mut views = Vec::new();
    let mut taken: Vec<String> = Vec::new();
    for table in &tables {
        let id = entry_id(source, table, &taken);
        taken.extend(id.iter().map(|at| at.value.clone()));
        let label = source.pair(table, "label", true);
        let filter = source.condition(table, "where", fields, broken);
        let mut descending = source.flag(table, "descending").unwrap_or(false);
        let mut sort = None;
        if let Some(written) = source.text(table, "sort") {
            let column = written.value.strip_prefix('-').unwrap_or(&written.value).to_owned();
            descending |= column.len() < written.value.len();
            let known = fields.iter().filter(|field| !field.kind.is_list()).flat_map(Field::columns);
            if known.into_iter().any(|c| c.name == column) {
                sort = Some(column);
            } else if !broken.contains(&column) {
                no_field(source, &written.span, &column, fields);
            }
        }
        if let (Some(id), Some(label)) = (id, label) {
            views.push(View { id: id.value, label, filter, sort, descending });
        }
    }
    views
}

/// The sheet. Without `[excel]`, or without its `columns`, every field that can be written has a column.
pub(super) fn layout(
    source: &mut Source<'_>,
    root: &Table<'_, '_>,
    fields: &[Field],
    key: Option<&At<FieldId>>,
    label: Option<&Text>,
) -> Option<Layout> {
    let label = label.cloned().unwrap_or_default();
    let every = |fields: &[Field]| {
        let column = |field: &Field| LayoutColumn {
            field: field.id.clone(),
            header: field.label.ja.clone(),
            width: None,
        };
        fields.iter().map(column).collect::<Vec<_>>()
    };
    let (table, columns_at) = match root.table("excel") {
        Some((span, table)) => {
            let known = ["sheet", "title_ja", "title_en", "header_row", "orientation", "columns"];
            let table = source.open("excel", "[excel]", span, table, &known);
            let at = table.at("columns");
            (Some(table), at)
        }
        None => {
            if root.value("excel").is_some() {
                source.wrong_type(root, "excel", &root.at("excel"), "表（[excel]）", "a table [excel]");
            }
            (None, 0..0)
        }
    };
    let mut layout = Layout {
        sheet: String::from("台帳"),
        title: label,
        header_row: 4,
        orientation: Orientation::Landscape,
        columns: Vec::new(),
    };
    if let Some(table) = &table {
        if let Some(sheet) = source.text(table, "sheet") {
            let fit = (1..=31).contains(&sheet.value.chars().count())
                && !sheet.value.contains(['[', ']', ':', '*', '?', '/', '\\'])
                && !sheet.value.starts_with('\'')
                && !sheet.value.ends_with('\'');
            if fit {
                layout.sheet = sheet.value;
            } else {
                source
                    .reporter
                    .report(
                        &sheet.span,
                        "bad-sheet",
                        format!("「{}」はExcelのシート名にできません。", sheet.value),
                        format!("`{}` can't be the name of a sheet", sheet.value),
                    )
                    .with_help(
                        "31文字以内で、: \\ / ? * [ ] を含まない名前にしてください。",
                        "use at most 31 characters without : \\ / ? * [ ]",
                    );
            }
        }
        if let Some(title) = source.text(table, "title_ja") {
            let en = source.text(table, "title_en").map_or_else(|| layout.title.en.clone(), |at| at.value);
            layout.title = Text::new(title.value, en);
        }
        if let Some(row) = source.integer(table, "header_row", 1, 100) {
            layout.header_row = u32::try_from(row.value).unwrap_or(4);
        }
        let words: Vec<&str> = Orientation::ALL.iter().map(|word| word.as_str()).collect();
        if let Some(orientation) = source.word(table, "orientation", Orientation::parse, &words) {
            layout.orientation = orientation.value;
        }
        layout.columns = columns(source, table, fields);
    }
    let given = table.as_ref().is_some_and(|table| table.value("columns").is_some());
    if !given {
        layout.columns = every(fields);
    }
    let mut headers: BTreeSet<&str> = BTreeSet::new();
    for column in &layout.columns {
        if !headers.insert(&column.header) {
            source
                .reporter
                .report(
                    &columns_at,
                    "duplicate-header",
                    format!("見出し「{}」の列が2つあります。取込のときに区別できません。", column.header),
                    format!(
                        "two columns have the header `{}`; an import can't tell them apart",
                        column.header
                    ),
                )
                .with_help("見出しを列ごとに変えてください。", "give every column a header of its own");
        }
    }
    if let Some(key) = key
        && given
        && !layout.columns.is_empty()
        && fields.iter().any(|field| field.id == key.value)
        && !layout.columns.iter().any(|column| column.field == key.value)
    {
        source
            .reporter
            .report(
                &columns_at,
                "key-not-in-sheet",
                format!(
                    "`columns` に `key` の項目「{}」がありません。取込のときに行を見分けられません。",
                    key.value
                ),
                format!("`columns` lacks the key `{}`; an import can't tell the rows apart", key.value),
            )
            .with_help("列を加えてください。", "add a column for it");
    }
    Some(layout)
}

fn columns(source: &mut Source<'_>, table: &Table<'_, '_>, fields: &[Field]) -> Vec<LayoutColumn> {
    let Some(value) = table.value("columns") else { return Vec::new() };
    let DeValue::Array(items) = value.get_ref() else {
        source.wrong_type(table, "columns", &value.span(), "列の一覧", "a list of columns");
        return Vec::new();
    };
    let mut columns: Vec<LayoutColumn> = Vec::new();
    for item in items.iter() {
        let DeValue::Table(inner) = item.get_ref() else {
            source.wrong_type(
                table,
                "columns",
                &item.span(),
                "{ field = \"…\", header = \"…\" } の一覧",
                "a list of { field = \"…\", header = \"…\" }",
            );
            continue;
        };
        let column =
            source.open("excel.columns", "columns", item.span(), inner, &["field", "header", "width"]);
        source.present(&column, "field");
        let Some(id) = field_id(source, &column, "field") else { continue };
        let Some(field) = known_field(source, &id, fields, &[]) else { continue };
        let header = source.text(&column, "header");
        let width = source.thousandths(&column, "width").map(|at| {
            let width = at.value.clamp(1000, 255_000);
            f64::from(i32::try_from(width).unwrap_or(10_000)) / 1000.0
        });
        if columns.iter().any(|other| other.field == id.value) {
            source
                .reporter
                .report(
                    &id.span,
                    "duplicate-value",
                    format!("項目「{}」の列が2つあります。", id.value),
                    format!("the field `{}` has two columns", id.value),
                )
                .with_help("一方を削除してください。", "remove one of the two");
            continue;
        }
        let header = header.map_or_else(|| field.label.get(Lang::Ja).to_owned(), |at| at.value);
        columns.push(LayoutColumn { field: id.value, header, width });
    }
    columns
}
