//! Offices (組織体制, 基本方針6(1)): who holds them in a fiscal year, and where they are not as they should be. The register
//! `offices` holds the appointments; this room compares them with the declaration's bodies and units and with who is
//! still here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use sekisho_identity::Principal;
use sekisho_policy::UnitKind;
use sekisho_register::era::FiscalYear;
use sekisho_register::{Action, Text, Value};
use sekisho_registers::{Caller, RowView};
use sekisho_store::WriteTx;

use crate::plan::Plan;
use crate::{People, Result};

/// The register.
pub(crate) const OFFICES: &str = "offices";

/// Offices of which the city has one each.
const ONCE: [&str; 6] =
    ["ciso", "chief-officer", "audit-chief", "csirt-head", "contact-desk", "mynumber-general"];

/// Offices whose absence stops decisions, so that a deputy is needed.
const DEPUTISED: [&str; 5] = ["ciso", "chief-officer", "department-head", "section-manager", "csirt-head"];

/// Pairs that one person may not hold together (兼務の禁止): who audits is not who is audited.
const APART: [(&str, &str); 8] = [
    ("audit-chief", "ciso"),
    ("audit-chief", "vice-ciso"),
    ("audit-chief", "chief-officer"),
    ("audit-chief", "department-head"),
    ("audit-chief", "section-manager"),
    ("audit-chief", "system-manager"),
    ("auditor", "system-manager"),
    ("auditor", "chief-officer"),
];

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What kind.
    pub kind: GapKind,
    /// The office (職).
    pub office: String,
    /// The unit or body, where there is one.
    pub place: String,
    /// The appointment's row, where there is one.
    pub row: Option<String>,
    /// The sentence for people.
    pub sentence: Text,
}

/// Kinds of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// Nobody was appointed.
    Vacant,
    /// The person appointed has left.
    Left,
    /// No deputy.
    NoDeputy,
    /// One person holds two offices that exclude each other.
    Conflict,
}

impl People {
    /// Gaps in the offices of the present fiscal year, for those who may see the register.
    ///
    /// # Errors
    /// `NotPermitted`, or when the store fails.
    pub fn office_gaps(&self, principal: &Principal) -> Result<Vec<Gap>> {
        self.registers.may(&Caller::from(principal), OFFICES, Action::See, None)?;
        let year = FiscalYear::of(self.today(self.store.clock().now_ms()));
        let rows = self.registers.all_rows(&Caller::system("people"), OFFICES)?;
        let members = self.members()?;
        let here: BTreeMap<String, String> = members
            .into_iter()
            .filter(|member| member.values.get("left_on").is_null())
            .map(|member| (member.row, member.values.get("name").as_text().unwrap_or_default().to_owned()))
            .collect();
        let rows: Vec<RowView> = rows
            .into_iter()
            .filter(|row| row.values.get("fiscal_year").as_int() == Some(i64::from(year.year())))
            .collect();
        Ok(self.gaps(&rows, &here))
    }

    fn gaps(&self, rows: &[RowView], here: &BTreeMap<String, String>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let held = |office: &str, unit: Option<&str>| {
            rows.iter().any(|row| {
                row.values.get("office").as_text() == Some(office)
                    && unit.is_none_or(|unit| row.values.get("unit").as_text() == Some(unit))
            })
        };
        for office in ONCE {
            if !held(office, None) {
                gaps.push(self.gap(GapKind::Vacant, office, "", None));
            }
        }
        for unit in &self.policy.units {
            let office = match unit.kind {
                UnitKind::Department => "department-head",
                UnitKind::Section => "section-manager",
                UnitKind::Team => continue,
            };
            if !held(office, Some(unit.id.as_str())) {
                gaps.push(self.gap(GapKind::Vacant, office, unit.id.as_str(), None));
            }
        }
        let mut offices_of: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for row in rows {
            let text = |field: &str| row.values.get(field).as_text().unwrap_or_default();
            let (office, unit, id) = (text("office"), text("unit"), row.id.to_string());
            match row.values.get("person") {
                Value::Text(person) if here.contains_key(person) => {
                    offices_of.entry(person).or_default().insert(office);
                }
                Value::Text(_) => gaps.push(self.gap(GapKind::Left, office, unit, Some(id.clone()))),
                _ if row.values.get("outside_person").is_null() => {
                    gaps.push(self.gap(GapKind::Vacant, office, unit, Some(id.clone())));
                }
                _ => {}
            }
            let deputy = row.values.get("deputy_person").as_text().filter(|id| here.contains_key(*id));
            if DEPUTISED.contains(&office) && deputy.is_none() {
                gaps.push(self.gap(GapKind::NoDeputy, office, unit, Some(id)));
            }
        }
        for (person, offices) in offices_of {
            for (one, other) in APART {
                if offices.contains(one) && offices.contains(other) {
                    let name = here.get(person).map_or("", String::as_str);
                    gaps.push(Gap {
                        kind: GapKind::Conflict,
                        office: one.to_owned(),
                        place: person.to_owned(),
                        row: None,
                        sentence: Text {
                            ja: format!(
                                "{name}が「{}」と「{}」を兼ねています。監査する職と監査を受ける職は兼ねられません。",
                                self.office_name(one).ja,
                                self.office_name(other).ja
                            ),
                            en: format!(
                                "{name} holds both {} and {}; an audit office excludes an audited one",
                                self.office_name(one).en,
                                self.office_name(other).en
                            ),
                        },
                    });
                }
            }
        }
        gaps.sort_by(|a, b| (a.kind, &a.office, &a.place).cmp(&(b.kind, &b.office, &b.place)));
        gaps
    }

    fn gap(&self, kind: GapKind, office: &str, unit: &str, row: Option<String>) -> Gap {
        let name = self.office_name(office);
        let place = self.policy.units.iter().find(|known| known.id.as_str() == unit);
        let (of_ja, of_en) = place.map_or((String::new(), String::new()), |unit| {
            (format!("{}の", unit.name.ja), format!(" of {}", unit.name.en))
        });
        let (ja, en) = match kind {
            GapKind::Vacant => ("が任命されていません。", "nobody is appointed"),
            GapKind::Left => (
                "に任命された職員は離任しています。後任を任命してください。",
                "the person appointed has left",
            ),
            GapKind::NoDeputy => ("の代行者がいません。", "there is no deputy"),
            GapKind::Conflict => ("の兼務が認められません。", "the office excludes another one"),
        };
        Gap {
            kind,
            office: office.to_owned(),
            place: unit.to_owned(),
            row,
            sentence: Text {
                ja: format!("{of_ja}「{}」{ja}", name.ja),
                en: format!("{}{of_en}: {en}", name.en),
            },
        }
    }

    fn office_name(&self, office: &str) -> Text {
        let field = self.registers.catalogue().get(OFFICES).and_then(|definition| definition.field("office"));
        field.and_then(|field| field.choice(office)).map_or_else(
            || Text { ja: office.to_owned(), en: office.to_owned() },
            |choice| choice.label.clone(),
        )
    }

    /// Appointments of who leaves or moves away end on the eve of the transfer; the office is then vacant and a gap.
    pub(crate) fn close_offices(
        &self,
        tx: &mut WriteTx,
        plan: &Plan,
        actor: &str,
        reason: &str,
    ) -> Result<()> {
        let gone: BTreeSet<&str> = plan
            .leaves
            .iter()
            .map(|leave| leave.row.as_str())
            .chain(plan.moves.iter().filter(|change| change.unit_changes).map(|change| change.row.as_str()))
            .collect();
        if gone.is_empty() || self.registers.catalogue().get(OFFICES).is_none() {
            return Ok(());
        }
        let eve = plan.effective.yesterday().unwrap_or(plan.effective);
        for row in self.registers.rows_in(tx, OFFICES)? {
            let holder = row.values.get("person").as_text();
            let Value::Period { from, to } = *row.values.get("term_of_office") else { continue };
            let runs = to.is_none_or(|to| to > eve);
            if !holder.is_some_and(|person| gone.contains(person)) || !runs || from > eve {
                continue;
            }
            let mut values = row.values;
            values.set("term_of_office", Value::Period { from, to: Some(eve) });
            self.registers.put_trusted(tx, actor, OFFICES, Some(&row.id), values, reason)?;
        }
        Ok(())
    }
}
