//! All registers of a municipality together, checked against each other and against the policy's names.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::condition::Condition;
use crate::definition::{Axis, Definition, Derive, FieldType, Places, Recipient};
use crate::finding::{Finding, in_order, nearest};
use crate::text::{Lang, Text};
use crate::value::{Found, Lookup, Value};

/// The definitions of all registers, by id.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    definitions: BTreeMap<String, Arc<Definition>>,
    digest: String,
}

/// The names of the policy that definitions may use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Vocabulary {
    /// Every name is accepted: for a check without a policy.
    pub any: bool,
    /// Roles: id and Japanese name.
    pub roles: Vec<(String, String)>,
    /// Routes of approval: id and Japanese name.
    pub routes: Vec<(String, String)>,
    /// Zones: id and Japanese name.
    pub zones: Vec<(String, String)>,
    /// Units: id and Japanese name.
    pub units: Vec<(String, String)>,
    /// Classes of information assets.
    pub classes: Vec<ClassEntry>,
}

/// A class of information assets (情報資産の分類), as the policy declares it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassEntry {
    /// The policy's id.
    pub id: String,
    /// What it is about.
    pub axis: Axis,
    /// The short mark, for instance `3B`.
    pub mark: String,
    /// Higher needs more protection.
    pub rank: u8,
    /// For people.
    pub label: Text,
    /// Handling rules (取扱制限).
    pub handling: Vec<Text>,
}

impl Vocabulary {
    /// Accepts every name.
    #[must_use]
    pub fn any() -> Self {
        Self { any: true, ..Self::default() }
    }
}

impl Catalogue {
    /// Reads all definitions (file name and text) and checks that what they refer to exists.
    ///
    /// # Errors
    /// Every finding in every file, by file and place.
    pub fn from_files(
        files: impl IntoIterator<Item = (String, String)>,
        known: &Vocabulary,
    ) -> Result<Self, Vec<Finding>> {
        let mut findings = Vec::new();
        let mut read: Vec<(String, Definition, Places)> = Vec::new();
        for (file, text) in files {
            match crate::definition::parse_with_places(&file, &text) {
                Ok((definition, places)) => read.push((file, definition, places)),
                Err(found) => findings.extend(found),
            }
        }
        let unreadable = !findings.is_empty();
        let definitions: BTreeMap<String, Arc<Definition>> = read
            .iter()
            .map(|(_, definition, _)| (definition.id.to_string(), Arc::new(definition.clone())))
            .collect();
        let mut first: BTreeMap<&str, &str> = BTreeMap::new();
        for (file, definition, places) in &read {
            let mut check =
                Check { file, places, known, definitions: &definitions, unreadable, findings: &mut findings };
            if let Some(other) = first.insert(definition.id.as_str(), file) {
                check.add(
                    "register.id",
                    "duplicate-register",
                    Text::new(
                        format!("台帳「{}」は {other} にもあります。", definition.id),
                        format!("register `{}` is also in {other}", definition.id),
                    ),
                    Text::new("どちらか一方を削除してください。", "remove one of the two"),
                );
            }
            check.definition(definition);
        }
        if findings.is_empty() {
            let digest = digest(&definitions);
            Ok(Self { definitions, digest })
        } else {
            Err(in_order(findings))
        }
    }

    /// A register by its id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Definition> {
        self.definitions.get(id).map(Arc::as_ref)
    }

    /// A register by its id, to keep.
    #[must_use]
    pub fn shared(&self, id: &str) -> Option<Arc<Definition>> {
        self.definitions.get(id).cloned()
    }

    /// All registers by id.
    pub fn iter(&self) -> impl Iterator<Item = &Definition> {
        self.definitions.values().map(Arc::as_ref)
    }

    /// How many registers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.definitions.len()
    }

    /// Whether there is no register.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.definitions.is_empty()
    }

    /// SHA-256 over the digests of all definitions: 64 hex digits.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Registers and their fields that refer to a register, for what must be looked at when it changes.
    pub fn referring_to<'a>(
        &'a self,
        register: &'a str,
    ) -> impl Iterator<Item = (&'a Definition, &'a crate::Field)> {
        self.iter().flat_map(move |definition| {
            definition
                .fields
                .iter()
                .filter(move |field| field.refers_to().is_some_and(|to| to.as_str() == register))
                .map(move |field| (definition, field))
        })
    }
}

fn digest(definitions: &BTreeMap<String, Arc<Definition>>) -> String {
    let mut hash = Sha256::new();
    for (id, definition) in definitions {
        hash.update(format!("{id} {}\n", definition.digest));
    }
    hex::encode(hash.finalize())
}

struct Check<'a> {
    file: &'a str,
    places: &'a Places,
    known: &'a Vocabulary,
    definitions: &'a BTreeMap<String, Arc<Definition>>,
    /// Some files could not be read, so that a register may be missing for that reason only.
    unreadable: bool,
    findings: &'a mut Vec<Finding>,
}

impl Check<'_> {
    fn definition(&mut self, definition: &Definition) {
        self.role("register.owner_role", &definition.owner_role);
        self.confidentiality("register.tier", &definition.tier);
        if let Some(route) = &definition.route {
            self.named("register.route", route, &self.known.routes, "承認経路", "route");
        }
        if let Some(condition) = &definition.route_when {
            self.condition("register.route_when", condition);
        }
        for (at, access) in definition.access.iter().enumerate() {
            if !access.is_everyone() {
                self.role(&format!("access.{at}.role"), &access.role);
            }
        }
        for (at, field) in definition.fields.iter().enumerate() {
            let place = |key: &str| format!("field.{at}.{key}");
            if let Some(register) = field.refers_to() {
                self.register(&place("refer"), register.as_str());
            }
            if matches!(field.kind, FieldType::Person) {
                self.register(&place("type"), "staff");
            }
            if let Some(class) = &field.confidentiality {
                self.confidentiality(&place("confidentiality"), class);
            }
            if let Some(crate::DefaultValue::Literal(Value::Text(id))) = &field.default {
                match field.kind {
                    FieldType::Unit => self.named(&place("default"), id, &self.known.units, "所属", "unit"),
                    FieldType::Zone => self.named(&place("default"), id, &self.known.zones, "領域", "zone"),
                    FieldType::Class(axis) => self.class(&place("default"), axis, id),
                    _ => {}
                }
            }
            if let (Some(Derive::ClassMax(source)), FieldType::Class(axis)) = (&field.derive, &field.kind) {
                self.class_source(&place("derive"), definition, source.as_str(), *axis);
            }
        }
        for (at, rule) in definition.rules.iter().enumerate() {
            self.condition(&format!("rule.{at}.when"), &rule.when);
        }
        for (at, reminder) in definition.reminders.iter().enumerate() {
            if let Some(condition) = &reminder.open_when {
                self.condition(&format!("reminder.{at}.open_when"), condition);
            }
            if let Recipient::Role(role) = &reminder.to {
                self.role(&format!("reminder.{at}.to"), role);
            }
        }
        for (at, view) in definition.views.iter().enumerate() {
            if let Some(condition) = &view.filter {
                self.condition(&format!("view.{at}.where"), condition);
            }
        }
    }

    fn register(&mut self, place: &str, id: &str) {
        if self.definitions.contains_key(id) || self.unreadable {
            return;
        }
        let near = nearest(id, self.definitions.keys().map(String::as_str)).map(str::to_owned);
        self.unknown(place, "unknown-register", id, near, "台帳", "register");
    }

    fn role(&mut self, place: &str, id: &str) {
        self.named(place, id, &self.known.roles, "役割", "role");
    }

    fn named(&mut self, place: &str, id: &str, among: &[(String, String)], ja: &str, en: &str) {
        if self.known.any || among.iter().any(|(known, _)| known == id) {
            return;
        }
        let near = nearest(id, among.iter().map(|(known, _)| known.as_str())).map(str::to_owned);
        self.unknown(place, "not-in-policy", id, near, ja, en);
    }

    fn confidentiality(&mut self, place: &str, id: &str) {
        self.class(place, Axis::Confidentiality, id);
    }

    fn class(&mut self, place: &str, axis: Axis, id: &str) {
        let mut among = self.known.classes.iter().filter(|class| class.axis == axis).map(|c| c.id.as_str());
        if self.known.any || among.clone().any(|known| known == id) {
            return;
        }
        let known: Vec<&str> = among.by_ref().collect();
        let near = nearest(id, known.iter().copied()).map(str::to_owned);
        let ja = format!("{}の分類", axis.label(Lang::Ja));
        let en = format!("class of {}", axis.label(Lang::En));
        self.unknown(place, "not-in-policy", id, near, &ja, &en);
    }

    fn condition(&mut self, place: &str, condition: &Condition) {
        for class in condition.class_uses() {
            self.class(place, class.axis, &class.id);
        }
    }

    /// The register whose rows are looked at must have a class of the same axis.
    fn class_source(&mut self, place: &str, definition: &Definition, source: &str, axis: Axis) {
        let register = definition.field(source).and_then(crate::Field::refers_to);
        let Some(target) = register.and_then(|register| self.definitions.get(register.as_str())) else {
            return;
        };
        if target.class_field(axis).is_none() {
            self.add(
                place,
                "no-class",
                Text::new(
                    format!(
                        "台帳「{}」に{}の分類の項目がないため、最高の分類を求められません。",
                        target.id,
                        axis.label(Lang::Ja)
                    ),
                    format!("register `{}` has no field with a class of {}", target.id, axis.label(Lang::En)),
                ),
                Text::new(
                    "その台帳に分類の項目を設けるか、別の項目から求めてください。",
                    "give that register such a field, or derive from another field",
                ),
            );
        }
    }

    fn unknown(
        &mut self,
        place: &str,
        code: &'static str,
        id: &str,
        near: Option<String>,
        ja: &str,
        en: &str,
    ) {
        let message = match near {
            Some(near) => Text::new(
                format!("{ja}「{id}」はありません。「{near}」の誤りではありませんか。"),
                format!("there is no {en} `{id}`; did you mean `{near}`?"),
            ),
            None => Text::new(format!("{ja}「{id}」はありません。"), format!("there is no {en} `{id}`")),
        };
        let help = if code == "unknown-register" {
            Text::new(
                format!("catalog/registers/{id}.toml を置くか、参照先を直してください。"),
                format!("add the definition {id}.toml or correct the name"),
            )
        } else {
            Text::new(
                format!("方針の宣言に{ja}を加えるか、名前を直してください。"),
                format!("declare the {en} in the policy or correct the name"),
            )
        };
        self.add(place, code, message, help);
    }

    fn add(&mut self, place: &str, code: &'static str, message: Text, help: Text) {
        let (line, column) = self.places.get(place);
        let file = self.file.to_owned();
        self.findings.push(Finding { file, line, column, code, message, help: Some(help) });
    }
}

/// Units, zones and classes by id, mark or name; people and rows are taken for ids.
impl Lookup for Vocabulary {
    fn person(&self, written: &str) -> Found {
        Found::One(written.to_owned())
    }

    fn unit(&self, written: &str) -> Found {
        self.among(&self.units, written)
    }

    fn zone(&self, written: &str) -> Found {
        self.among(&self.zones, written)
    }

    fn class(&self, axis: Axis, written: &str) -> Found {
        if self.any {
            return Found::One(written.to_owned());
        }
        let axis = self.classes.iter().filter(|class| class.axis == axis);
        if let Some(class) = axis.clone().find(|class| class.id == written) {
            return Found::One(class.id.clone());
        }
        let same = |class: &&ClassEntry| {
            [class.mark.as_str(), class.label.ja.as_str(), class.label.en.as_str()]
                .iter()
                .any(|word| crate::value::search_key(word) == crate::value::search_key(written))
        };
        Found::among(axis.filter(same).map(|class| class.id.clone()).collect())
    }

    fn row(&self, _register: &str, written: &str) -> Found {
        Found::One(written.to_owned())
    }

    fn show_unit(&self, id: &str, _lang: Lang) -> String {
        show(&self.units, id)
    }

    fn show_zone(&self, id: &str, _lang: Lang) -> String {
        show(&self.zones, id)
    }

    fn show_class(&self, id: &str, lang: Lang) -> String {
        let class = self.classes.iter().find(|class| class.id == id);
        class.map_or_else(|| id.to_owned(), |class| class.label.get(lang).to_owned())
    }
}

impl Vocabulary {
    fn among(&self, pairs: &[(String, String)], written: &str) -> Found {
        if self.any || pairs.iter().any(|(id, _)| id == written) {
            return Found::One(written.to_owned());
        }
        Found::among(pairs.iter().filter(|(_, name)| name == written).map(|(id, _)| id.clone()).collect())
    }
}

fn show(pairs: &[(String, String)], id: &str) -> String {
    pairs.iter().find(|(known, _)| known == id).map_or_else(|| id.to_owned(), |(_, name)| name.clone())
}
