//! A field of a definition as an input of a form, and what was typed as a value. The same code serves the form of one row
//! and the grid of several.

use std::collections::BTreeMap;

use sekisho_policy::Policy;
use sekisho_register::{Axis, Definition, Field, FieldType, Found, Input, Lang, Lookup, Value, Values};
use sekisho_registers::{Caller, ListQuery, Registers, RegistersError};

/// Rows that a list of suggestions offers; beyond, the number is typed.
const SUGGESTIONS: u32 = 1000;

/// What a page needs to draw one input.
#[derive(Debug, Clone, Default)]
pub(super) struct Widget {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) help: String,
    /// `text`, `long`, `number`, `bool`, `choice`, `choices`, `file` or `fixed`.
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) value: String,
    pub(super) options: Vec<Choice>,
    pub(super) suggestions: String,
    pub(super) error: String,
    /// The heading of the group that begins with this field.
    pub(super) section: String,
    /// How a value may be written, for fields where people wonder.
    pub(super) example: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) chosen: bool,
}

/// Names to choose from while typing, by the id of the list.
#[derive(Debug, Clone)]
pub(super) struct Suggestions {
    pub(super) id: String,
    pub(super) names: Vec<String>,
}

/// What was typed into a form, field by field; lists have several.
pub(super) type Typed = BTreeMap<String, Vec<String>>;

/// Why fields can't be saved, by field; the empty key is about the row as a whole.
pub(super) type Errors = BTreeMap<String, String>;

/// The inputs for a row. What was typed goes before what is stored, so that nothing typed is lost.
#[expect(
    clippy::too_many_arguments,
    reason = "what a form is drawn from, each named once at its two callers"
)]
pub(super) fn widgets(
    definition: &Definition,
    policy: &Policy,
    values: &Values,
    hidden: &[sekisho_register::FieldId],
    typed: Option<&Typed>,
    errors: &Errors,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Vec<Widget> {
    let mut section = String::new();
    let mut out = Vec::new();
    for field in definition.fields.iter().filter(|field| !hidden.contains(&field.id)) {
        if let Some(heading) = &field.section {
            heading.get(lang).clone_into(&mut section);
        }
        if field.derive.is_some() {
            continue;
        }
        let mut widget = widget(field, policy, values.get(field.id.as_str()), typed, lookup, lang);
        widget.section = std::mem::take(&mut section);
        widget.error = errors.get(field.id.as_str()).cloned().unwrap_or_default();
        out.push(widget);
    }
    out
}

fn widget(
    field: &Field,
    policy: &Policy,
    value: &Value,
    typed: Option<&Typed>,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Widget {
    let id = field.id.to_string();
    let typed = typed.map(|typed| typed.get(&id).cloned().unwrap_or_default());
    let shown = match &typed {
        Some(typed) => typed.join("、"),
        None => written(field, value, lang, lookup),
    };
    let chosen: Vec<String> = match (&typed, value) {
        (Some(typed), _) => typed.clone(),
        (None, Value::List(ids)) => ids.clone(),
        (None, Value::Text(id)) => vec![id.clone()],
        (None, Value::Bool(flag)) => vec![if *flag { "1" } else { "0" }.to_owned()],
        _ => Vec::new(),
    };
    let options: Vec<(String, String)> = options(field, policy, lang);
    Widget {
        kind: kind(field),
        label: field.label.get(lang).to_owned(),
        help: field.help.get(lang).to_owned(),
        required: field.required && !matches!(field.kind, FieldType::NumberCode),
        options: options
            .into_iter()
            .map(|(id, label)| Choice { chosen: chosen.contains(&id), id, label })
            .collect(),
        suggestions: suggestions_of(field).unwrap_or_default(),
        // The help text of a number says the same.
        example: match field.kind {
            FieldType::NumberCode if !field.help.get(lang).is_empty() => "",
            _ => example(&field.kind, lang),
        },
        value: shown,
        id,
        ..Widget::default()
    }
}

/// How a stored value is written so that it can be read back, whoever has the same name.
fn written(field: &Field, value: &Value, lang: Lang, lookup: &dyn Lookup) -> String {
    match (&field.kind, value) {
        (FieldType::Person, Value::Text(id)) => lookup.show_person(id),
        (FieldType::References(register), Value::List(ids)) => {
            ids.iter().map(|id| lookup.show_row(register.as_str(), id)).collect::<Vec<_>>().join("、")
        }
        _ => field.show(value, lang, lookup),
    }
}

fn kind(field: &Field) -> &'static str {
    match field.kind {
        FieldType::LongText | FieldType::References(_) => "long",
        FieldType::Integer | FieldType::Number | FieldType::Yen => "number",
        FieldType::Bool => "bool",
        FieldType::Choice | FieldType::Unit | FieldType::Zone | FieldType::Class(_) => "choice",
        FieldType::Choices => "choices",
        FieldType::File => "file",
        _ => "text",
    }
}

fn options(field: &Field, policy: &Policy, lang: Lang) -> Vec<(String, String)> {
    let named = |text: &sekisho_policy::Text| match lang {
        Lang::Ja => text.ja.clone(),
        Lang::En => text.en.clone(),
    };
    match &field.kind {
        FieldType::Bool => match lang {
            Lang::Ja => vec![("1".to_owned(), "はい".to_owned()), ("0".to_owned(), "いいえ".to_owned())],
            Lang::En => vec![("1".to_owned(), "Yes".to_owned()), ("0".to_owned(), "No".to_owned())],
        },
        FieldType::Choice | FieldType::Choices => {
            field.choices.iter().map(|one| (one.id.clone(), one.label.get(lang).to_owned())).collect()
        }
        FieldType::Unit => policy.units.iter().map(|unit| (unit.id.to_string(), named(&unit.name))).collect(),
        FieldType::Zone => {
            policy.zones.iter().map(|zone| (zone.id.to_string(), named(&zone.label))).collect()
        }
        FieldType::Class(axis) => policy
            .classification
            .classes
            .iter()
            .filter(|class| same_axis(class.axis, *axis))
            .map(|class| (class.id.to_string(), named(&class.label)))
            .collect(),
        _ => Vec::new(),
    }
}

fn same_axis(axis: sekisho_policy::Axis, other: Axis) -> bool {
    matches!(
        (axis, other),
        (sekisho_policy::Axis::Confidentiality, Axis::Confidentiality)
            | (sekisho_policy::Axis::Integrity, Axis::Integrity)
            | (sekisho_policy::Axis::Availability, Axis::Availability)
    )
}

fn example(kind: &FieldType, lang: Lang) -> &'static str {
    match (kind, lang) {
        (FieldType::Date, Lang::Ja) => "例 令和8年4月1日、R8.4.1、2026-04-01",
        (FieldType::Date, Lang::En) => "for example 2026-04-01 or R8.4.1",
        (FieldType::Time, Lang::Ja) => "例 令和8年4月1日 9:30",
        (FieldType::Time, Lang::En) => "for example 2026-04-01 9:30",
        (FieldType::Period, Lang::Ja) => "例 令和8年4月1日～令和9年3月31日",
        (FieldType::Period, Lang::En) => "for example 2026-04-01 – 2027-03-31",
        (FieldType::FiscalYear, Lang::Ja) => "例 令和8年度",
        (FieldType::FiscalYear, Lang::En) => "for example 2026",
        (FieldType::Person, Lang::Ja) => "職員番号又は氏名",
        (FieldType::Person, Lang::En) => "staff number or full name",
        (FieldType::Reference(_), Lang::Ja) => "管理番号又は名称",
        (FieldType::Reference(_), Lang::En) => "number or name",
        (FieldType::References(_), Lang::Ja) => "管理番号又は名称。複数は「、」で区切ります",
        (FieldType::References(_), Lang::En) => "numbers or names, separated by commas",
        (FieldType::NumberCode, Lang::Ja) => "空欄のままにすると自動で付きます",
        (FieldType::NumberCode, Lang::En) => "assigned when left empty",
        _ => "",
    }
}

fn suggestions_of(field: &Field) -> Option<String> {
    match &field.kind {
        FieldType::Person => Some("of-staff".to_owned()),
        FieldType::Reference(register) => Some(format!("of-{register}")),
        _ => None,
    }
}

/// The lists of suggestions that a form needs. A register with more rows than that has none: its numbers are typed.
pub(super) fn suggestions(
    registers: &Registers,
    caller: &Caller,
    definition: &Definition,
) -> Result<Vec<Suggestions>, RegistersError> {
    let mut lists: BTreeMap<String, String> = BTreeMap::new();
    for field in definition.input_fields() {
        match &field.kind {
            FieldType::Person => {
                lists.insert("of-staff".to_owned(), "staff".to_owned());
            }
            FieldType::Reference(register) => {
                lists.insert(format!("of-{register}"), register.to_string());
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    for (id, register) in lists {
        let query = ListQuery { limit: SUGGESTIONS, ..ListQuery::of(&register) };
        // Who may not see the other register types the number.
        let Ok(page) = registers.list(caller, &query) else { continue };
        if page.total > u64::from(SUGGESTIONS) {
            continue;
        }
        let here = page.rows.iter().filter(|row| row.values.get("left_on").is_null());
        let names =
            here.map(|row| {
                if row.title.is_empty() { row.key.clone() } else { format!("{} {}", row.key, row.title) }
            })
            .collect();
        out.push(Suggestions { id, names });
    }
    Ok(out)
}

/// Reads what was typed. Fields that can't be read are in the errors; the others are in the values.
pub(super) fn read(
    definition: &Definition,
    typed: &Typed,
    files: &BTreeMap<String, Value>,
    before: &Values,
    hidden: &[sekisho_register::FieldId],
    lookup: &dyn Lookup,
    lang: Lang,
) -> (Values, Errors) {
    let (mut values, mut errors) = (Values::new(), Errors::new());
    for field in definition.input_fields() {
        let id = field.id.as_str();
        if hidden.contains(&field.id) {
            continue;
        }
        if matches!(field.kind, FieldType::File) {
            let dropped = typed.get(&format!("{id}-drop")).is_some();
            let value = files.get(id).or_else(|| (!dropped).then(|| before.get(id)));
            values.set(id, value.cloned().unwrap_or(Value::Null));
            continue;
        }
        let text = typed.get(id).map(|all| all.join("、")).unwrap_or_default();
        match read_one(field, &text, before.get(id), lookup, lang) {
            Ok(value) => {
                values.set(id, value);
            }
            Err(message) => {
                errors.insert(id.to_owned(), message);
            }
        }
    }
    (values, errors)
}

fn read_one(
    field: &Field,
    text: &str,
    before: &Value,
    lookup: &dyn Lookup,
    lang: Lang,
) -> Result<Value, String> {
    // What the form showed and nobody touched stays what it is, also where two people have one name.
    if !before.is_null() && text == written(field, before, lang, lookup) {
        return Ok(before.clone());
    }
    let refused = match field.read(&Input::Text(text), lookup) {
        Ok(value) => return Ok(value),
        Err(refused) => refused,
    };
    // A suggestion is "number name"; the number alone decides.
    if let Some((number, _)) = text.trim().split_once(' ') {
        let found = match &field.kind {
            FieldType::Person => lookup.person(number),
            FieldType::Reference(register) => lookup.row(register.as_str(), number),
            _ => Found::None,
        };
        if let Found::One(id) = found {
            return Ok(Value::Text(id));
        }
    }
    Err(refused.get(lang).to_owned())
}
