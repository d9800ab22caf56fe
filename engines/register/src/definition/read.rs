//! From the TOML of a definition to the definition: the register itself, and what concerns several of its parts.
//!
//! What is wrong is reported and left out; reading goes on without it, so that one pass finds everything.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

use super::Places;
use super::field::{DefaultValue, Field, FieldType};
use super::form::Forms;
use super::model::{Definition, Group, Layout, Orientation};
use super::source::{At, Source, Table};
use crate::finding::Finding;
use crate::id::{FieldId, RegisterId};
use crate::text::Text;

const ROOT: [&str; 7] = ["register", "access", "field", "rule", "reminder", "view", "excel"];

const REGISTER: [&str; 19] = [
    "id",
    "label_ja",
    "label_en",
    "help_ja",
    "help_en",
    "clause",
    "group",
    "tier",
    "owner_role",
    "key",
    "key_prefix",
    "key_digits",
    "title",
    "unit_field",
    "own_field",
    "retention_years",
    "route",
    "route_when",
    "sample",
];

pub(super) fn definition(file: &str, text: &str) -> Result<(Definition, Places), Vec<Finding>> {
    let mut source = Source::new(file, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        for error in errors {
            let span = error.span().unwrap_or(0..0);
            let detail = error.message().trim().replace('\n', "; ");
            source
                .reporter
                .report(
                    &span,
                    "syntax",
                    format!("TOMLとして読み取れません（{detail}）。"),
                    format!("not valid TOML: {detail}"),
                )
                .with_help(
                    "この行の引用符、角括弧及び等号を確かめてください。ファイルの残りの内容は検査していません。",
                    "check the quotes, brackets and equals sign on this line; the rest of the file was not checked",
                );
        }
        return Err(source.reporter.finish());
    }
    let read = whole(&mut source, file, root.get_ref());
    match read {
        Some(definition) if source.reporter.is_clean() => Ok((definition, source.places)),
        _ => Err(source.reporter.finish()),
    }
}

fn whole(source: &mut Source<'_>, file: &str, root: &DeTable<'_>) -> Option<Definition> {
    let root = source.open("", "TOML", 0..0, root, &ROOT);
    let Some((span, table)) = root.table("register") else {
        source
            .reporter
            .report(&(0..0), "missing-table", "[register] がありません。", "there is no [register]")
            .with_help("先頭に [register] の表を書いてください。", "begin the file with a table [register]");
        return None;
    };
    let table = source.open("register", "[register]", span, table, &REGISTER);
    let head = Head::read(source, file, &table);
    let forms = Forms::read(source, &root);
    head.check(source, &forms);
    let (fields, broken) = (forms.fields, forms.broken);
    let unit_field = head.unit_field.as_ref().map(|at| at.value.clone());
    let own_field = head.own_field.as_ref().map(|at| at.value.clone());
    let access = super::entries::access(source, &root, &fields, unit_field.as_ref(), own_field.as_ref());
    let route_when = source.condition(&table, "route_when", &fields, &broken);
    let rules = super::entries::rules(source, &root, &fields, &broken);
    let reminders = super::entries::reminders(source, &root, &fields, &broken, unit_field.is_some());
    let views = super::entries::views(source, &root, &fields, &broken);
    let layout = super::entries::layout(source, &root, &fields, head.key.as_ref(), head.label.as_ref());
    let layout = layout.unwrap_or(Layout {
        sheet: String::new(),
        title: Text::default(),
        header_row: 1,
        orientation: Orientation::Landscape,
        columns: Vec::new(),
    });
    Some(Definition {
        id: head.id?.value,
        label: head.label?,
        help: head.help,
        clauses: head.clauses,
        group: head.group?,
        tier: head.tier?,
        owner_role: head.owner_role?,
        key: head.key?.value,
        key_prefix: head.key_prefix,
        key_digits: head.key_digits,
        title: head.title?.value,
        unit_field,
        own_field,
        retention_years: head.retention_years?,
        route: head.route,
        route_when,
        access,
        fields,
        rules,
        reminders,
        views,
        layout,
        sample: head.sample,
        digest: String::new(),
    })
}

/// `[register]`, as far as it can be read without the fields.
struct Head {
    id: Option<At<RegisterId>>,
    label: Option<Text>,
    help: Text,
    clauses: Vec<String>,
    group: Option<Group>,
    tier: Option<String>,
    owner_role: Option<String>,
    key: Option<At<FieldId>>,
    key_prefix: String,
    key_digits: u8,
    key_form: Option<Range<usize>>,
    title: Option<At<FieldId>>,
    unit_field: Option<At<FieldId>>,
    own_field: Option<At<FieldId>>,
    retention_years: Option<u32>,
    route: Option<String>,
    sample: Option<String>,
}

impl Head {
    fn read(source: &mut Source<'_>, file: &str, table: &Table<'_, '_>) -> Self {
        let id = register_id(source, file, table);
        let label = source.pair(table, "label", true);
        let help = source.pair(table, "help", false).unwrap_or_default();
        let clauses = clauses(source, table);
        let words: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
        source.present(table, "group");
        let group = source.word(table, "group", Group::parse, &words).map(|at| at.value);
        let tier = source.need(table, "tier").and_then(|at| name(source, "tier", at));
        let owner_role = source.need(table, "owner_role").and_then(|at| name(source, "owner_role", at));
        source.present(table, "key");
        source.present(table, "title");
        let key = field_id(source, table, "key");
        let title = field_id(source, table, "title");
        let unit_field = field_id(source, table, "unit_field");
        let own_field = field_id(source, table, "own_field");
        let prefix = source.text(table, "key_prefix");
        let digits = source.integer(table, "key_digits", 1, 12);
        let key_form =
            prefix.as_ref().map(|at| at.span.clone()).or(digits.as_ref().map(|at| at.span.clone()));
        if let Some(prefix) = &prefix
            && (prefix.value.chars().count() > 20 || prefix.value.ends_with(|c: char| c.is_ascii_digit()))
        {
            source
                .reporter
                .report(
                    &prefix.span,
                    "bad-prefix",
                    "`key_prefix` は20文字以内で、数字で終わらない文字列にしてください。",
                    "`key_prefix` must have at most 20 characters and not end with a digit",
                )
                .with_help("例: \"USB-\"", "for instance \"USB-\"");
        }
        source.present(table, "retention_years");
        let retention_years = source.integer(table, "retention_years", 0, 100);
        let route = source.text(table, "route").and_then(|at| name(source, "route", at));
        if route.is_none() && table.value("route_when").is_some() {
            source
                .reporter
                .report(
                    &table.at("route_when"),
                    "route-missing",
                    "`route_when` がありますが `route` がありません。",
                    "there is `route_when` but no `route`",
                )
                .with_help(
                    "`route` を書くか、`route_when` を削除してください。",
                    "add `route` or remove `route_when`",
                );
        }
        let sample = sample(source, table);
        Self {
            id,
            label,
            help,
            clauses,
            group,
            tier,
            owner_role,
            key,
            key_prefix: prefix.map(|at| at.value).unwrap_or_default(),
            key_digits: digits.and_then(|at| u8::try_from(at.value).ok()).unwrap_or(4),
            key_form,
            title,
            unit_field,
            own_field,
            retention_years: retention_years.and_then(|at| u32::try_from(at.value).ok()),
            route,
            sample,
        }
    }

    /// The fields that `[register]` names must exist and be of a fitting type.
    fn check(&self, source: &mut Source<'_>, forms: &Forms) {
        let (fields, broken) = (forms.fields.as_slice(), forms.broken.as_slice());
        let mut named = |at: &Option<At<FieldId>>, key: &str, fit: fn(&Field) -> bool, ja: &str, en: &str| {
            let Some(at) = at else { return };
            let Some(field) = known_field(source, at, fields, broken) else { return };
            if !fit(field) {
                source
                    .reporter
                    .report(
                        &at.span,
                        "wrong-field-type",
                        format!(
                            "`{key}` の項目「{}」の型は {} ですが、{ja}。",
                            field.id,
                            field.kind.as_str()
                        ),
                        format!("`{key}` names `{}` of type {}; {en}", field.id, field.kind.as_str()),
                    )
                    .with_help(
                        "別の項目を指定するか、項目の型を直してください。",
                        "name another field or correct its type",
                    );
            }
        };
        named(
            &self.key,
            "key",
            |field| {
                field.derive.is_none()
                    && !field.kind.is_list()
                    && !matches!(
                        field.kind,
                        FieldType::Bool
                            | FieldType::File
                            | FieldType::Period
                            | FieldType::LongText
                            | FieldType::Yen
                            | FieldType::Number
                    )
            },
            "行を一つに決められる型（number-code、text、code など）にしてください",
            "it must identify a row: number-code, text, code and the like",
        );
        named(
            &self.title,
            "title",
            |field| {
                field.is_stored()
                    && !field.kind.is_list()
                    && !matches!(field.kind, FieldType::Bool | FieldType::File | FieldType::LongText)
            },
            "行の名前になる1行の値の型にしてください",
            "it must hold one short value that names a row",
        );
        named(
            &self.unit_field,
            "unit_field",
            |field| matches!(field.kind, FieldType::Unit),
            "型 unit が必要です",
            "it must be of type unit",
        );
        named(
            &self.own_field,
            "own_field",
            |field| matches!(field.kind, FieldType::Person),
            "型 person が必要です",
            "it must be of type person",
        );
        let key = self.key.as_ref().and_then(|at| fields.iter().find(|field| field.id == at.value));
        for (field, span) in fields.iter().zip(&forms.types) {
            let numbered = matches!(field.kind, FieldType::NumberCode);
            if numbered && key.is_some_and(|key| key.id != field.id) {
                source
                    .reporter
                    .report(
                        span,
                        "wrong-field-type",
                        format!("型 number-code は `key` の項目だけに使えます: {}", field.id),
                        format!("only the field of `key` can be of type number-code: {}", field.id),
                    )
                    .with_help(
                        "`key` をこの項目にするか、型を text にしてください。",
                        "make it the `key`, or its type text",
                    );
            }
        }
        if let Some(span) = &self.key_form
            && key.is_some_and(|key| !matches!(key.kind, FieldType::NumberCode))
        {
            source
                .reporter
                .report(
                    span,
                    "unused-key",
                    "`key_prefix` と `key_digits` は、`key` の型が number-code のときだけ使えます。",
                    "`key_prefix` and `key_digits` need a key of type number-code",
                )
                .with_help("この行を削除してください。", "remove the line");
        }
        if let Some(key) = key
            && matches!(key.default, Some(DefaultValue::Literal(_)))
        {
            let span = self.key.as_ref().map_or(0..0, |at| at.span.clone());
            source
                .reporter
                .report(
                    &span,
                    "wrong-default",
                    "`key` の項目に既定値は指定できません（全ての行が同じ値になります）。",
                    "the field of `key` can't have a default: all rows would be the same",
                )
                .with_help("`default` を削除してください。", "remove `default`");
        }
    }
}

/// The field that is named, or a finding.
pub(super) fn known_field<'f>(
    source: &mut Source<'_>,
    at: &At<FieldId>,
    fields: &'f [Field],
    broken: &[String],
) -> Option<&'f Field> {
    let found = fields.iter().find(|field| field.id == at.value);
    if found.is_none() && !broken.iter().any(|id| at.value == *id.as_str()) {
        no_field(source, &at.span, at.value.as_str(), fields);
    }
    found
}

pub(super) fn no_field(source: &mut Source<'_>, span: &Range<usize>, written: &str, fields: &[Field]) {
    let near = crate::finding::nearest(written, fields.iter().map(|field| field.id.as_str()));
    let (ja, en) = near.map_or_else(
        || (String::new(), String::new()),
        |near| (format!("「{near}」の誤りではありませんか。"), format!("; did you mean `{near}`?")),
    );
    source
        .reporter
        .report(
            span,
            "unknown-field",
            format!("項目「{written}」はありません。{ja}"),
            format!("there is no field `{written}`{en}"),
        )
        .with_help("[[field]] を加えるか、名前を直してください。", "add a [[field]] or correct the name");
}

/// A field's id in a key; a finding when it has no form of one.
pub(super) fn field_id(source: &mut Source<'_>, table: &Table<'_, '_>, key: &str) -> Option<At<FieldId>> {
    let text = source.text(table, key)?;
    match FieldId::new(text.value.clone()) {
        Ok(id) => Some(At { span: text.span, value: id }),
        Err(error) => {
            bad_id(source, &text, &error);
            None
        }
    }
}

pub(super) fn bad_id(source: &mut Source<'_>, text: &At<String>, error: &crate::IdError) {
    let (code, ja) = match error {
        crate::IdError::Keyword(word) => (
            "sql-keyword",
            format!(
                "「{word}」はSQLの予約語のため、項目のidに使えません。別の語（例: {word}_name）にしてください。"
            ),
        ),
        crate::IdError::Field(_) => (
            "bad-id",
            format!(
                "「{}」は項目のidにできません。英小文字で始まる、英小文字・数字・「_」の41文字以内にしてください。",
                text.value
            ),
        ),
        crate::IdError::Register(_) => (
            "bad-id",
            format!(
                "「{}」は台帳のidにできません。英小文字で始まる、英小文字・数字・「-」の2～41文字にし、「-」や「-h」で終わらないようにしてください。",
                text.value
            ),
        ),
    };
    source.reporter.report(&text.span, code, ja, error.to_string());
}

fn register_id(source: &mut Source<'_>, file: &str, table: &Table<'_, '_>) -> Option<At<RegisterId>> {
    let text = source.need(table, "id")?;
    let stem = file.rsplit(['/', '\\']).next().unwrap_or(file);
    let stem = stem.strip_suffix(".toml").unwrap_or(stem);
    match RegisterId::new(text.value.clone()) {
        Ok(id) => {
            if stem != id.as_str() {
                source
                    .reporter
                    .report(
                        &text.span,
                        "file-name",
                        format!("idは「{id}」ですが、ファイル名は「{stem}.toml」です。"),
                        format!("the id is `{id}` but the file is called `{stem}.toml`"),
                    )
                    .with_help("ファイル名とidを同じにしてください。", "give both the same name");
            }
            Some(At { span: text.span, value: id })
        }
        Err(error) => {
            bad_id(source, &text, &error);
            None
        }
    }
}

/// A name of the policy: `[a-z0-9-]{1,64}`.
pub(super) fn name(source: &mut Source<'_>, key: &str, at: At<String>) -> Option<String> {
    let fit = (1..=64).contains(&at.value.len())
        && at.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fit {
        return Some(at.value);
    }
    source
        .reporter
        .report(
            &at.span,
            "bad-id",
            format!("`{key}` の「{}」は方針の宣言のidの形ではありません。", at.value),
            format!("`{}` of `{key}` is not the form of an id of the policy", at.value),
        )
        .with_help("英小文字、数字及び「-」の64文字以内にしてください。", "use 1 to 64 of a-z, 0-9 and `-`");
    None
}

/// Clauses such as `6(4)`, `6(3)ウ`, `9`.
fn clauses(source: &mut Source<'_>, table: &Table<'_, '_>) -> Vec<String> {
    if !source.present(table, "clause") {
        return Vec::new();
    }
    let written = source.texts(table, "clause");
    if written.is_empty() && matches!(table.value("clause").map(|v| v.get_ref()), Some(DeValue::Array(_))) {
        source
            .reporter
            .report(
                &table.at("clause"),
                "empty",
                "`clause` に基本方針の条項を1つ以上書いてください。",
                "`clause` must name at least one clause of the policy",
            )
            .with_help("例: [\"6(4)\"]", "for instance [\"6(4)\"]");
    }
    let mut clauses = Vec::new();
    for clause in written {
        if is_clause(&clause.value) {
            clauses.push(clause.value);
        } else {
            source
                .reporter
                .report(
                    &clause.span,
                    "bad-clause",
                    format!("「{}」は条項の番号の形ではありません。", clause.value),
                    format!("`{}` is not the number of a clause", clause.value),
                )
                .with_help("例: 6(3)ウ、9", "for instance 6(3)ウ or 9");
        }
    }
    clauses
}

fn is_clause(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let number = text.len().saturating_sub(rest.len());
    if !(1..=2).contains(&number) || text.starts_with('0') {
        return false;
    }
    let Some(inner) = rest.strip_prefix('(') else { return rest.is_empty() };
    let Some((paragraph, item)) = inner.split_once(')') else { return false };
    let item_fit =
        item.chars().all(|c| ('ア'..='ン').contains(&c) || c.is_ascii_digit() || matches!(c, '(' | ')'));
    (1..=2).contains(&paragraph.len())
        && paragraph.bytes().all(|b| b.is_ascii_digit())
        && item_fit
        && item.chars().count() <= 6
}

/// A CSV file beside the definition.
fn sample(source: &mut Source<'_>, table: &Table<'_, '_>) -> Option<String> {
    let path = source.text(table, "sample")?;
    let fit = path.value.to_ascii_lowercase().ends_with(".csv")
        && !path.value.starts_with('/')
        && !path.value.contains(['\\', ':'])
        && path.value.split('/').all(|part| !part.is_empty() && part != "." && part != "..");
    if fit {
        return Some(path.value);
    }
    source
        .reporter
        .report(
            &path.span,
            "bad-path",
            "`sample` は、この定義から見た相対的なCSVファイルの場所にしてください。",
            "`sample` must be the path of a CSV file relative to this definition",
        )
        .with_help("例: \"samples/usb-loans.csv\"", "for instance \"samples/usb-loans.csv\"");
    None
}
