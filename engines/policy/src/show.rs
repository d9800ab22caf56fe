//! The declaration as a picture of words: zones, conduits, routes and roles in tables that a terminal can show.

use std::fmt::Write as _;

use crate::model::{Conduit, Lang, Model, Policy, Route, Scope, Step, StepAction};

impl Policy {
    /// An overview for a terminal; the columns line up where wide characters take two columns.
    #[must_use]
    pub fn show_text(&self, lang: Lang) -> String {
        let word = |ja: &'static str, en: &'static str| match lang {
            Lang::Ja => ja,
            Lang::En => en,
        };
        let mut out = String::new();
        let m = &self.municipality;
        // Writing to a String can't fail.
        let _ = writeln!(out, "{} ({})  {}", m.name.get(lang), m.code, model(m.model, lang));
        let _ = writeln!(
            out,
            "{}: {}  {}: {}",
            word("版", "version"),
            self.version,
            word("施行", "effective"),
            self.effective_from
        );
        let _ = writeln!(out, "{}: {}\n", word("要約値", "digest"), self.digest);
        let zones = self.zones.iter().map(|zone| {
            let networks = zone.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            vec![zone.id.to_string(), zone.label.get(lang).to_owned(), zone.color.to_string(), networks]
        });
        section(
            &mut out,
            word("領域", "Zones"),
            [
                word("識別子", "id"),
                word("名称", "name"),
                word("色", "colour"),
                word("ネットワーク", "networks"),
            ],
            zones,
        );
        let conduits = self.conduits.iter().map(|c| {
            vec![
                c.id.to_string(),
                format!("{} → {}", c.from, c.to),
                c.label.get(lang).to_owned(),
                self.conduit_terms(c, lang),
            ]
        });
        section(
            &mut out,
            word(
                "通信経路（ここにない向きには何も通りません）",
                "Conduits (nothing crosses in any other direction)",
            ),
            [word("識別子", "id"), word("向き", "direction"), word("名称", "name"), word("条件", "terms")],
            conduits,
        );
        let routes = self
            .routes
            .iter()
            .map(|r| vec![r.id.to_string(), r.label.get(lang).to_owned(), self.route_steps(r, lang)]);
        section(
            &mut out,
            word("承認経路（申請者本人は承認できません）", "Routes of approval (never by the applicant)"),
            [word("識別子", "id"), word("名称", "name"), word("段階", "steps")],
            routes,
        );
        let roles = self.roles.iter().map(|role| {
            let permissions = role.permissions.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ");
            vec![role.id.to_string(), role.label.get(lang).to_owned(), permissions]
        });
        section(
            &mut out,
            word("役割", "Roles"),
            [word("識別子", "id"), word("名称", "name"), word("権限", "permissions")],
            roles,
        );
        let _ = writeln!(
            out,
            "{} {}  {} {}  {} {}",
            word("行政機関", "bodies"),
            self.bodies.len(),
            word("組織", "units"),
            self.units.len(),
            word("分類", "classes"),
            self.classification.classes.len()
        );
        out
    }

    /// Method, approval, search and size in one line.
    pub(crate) fn conduit_terms(&self, conduit: &Conduit, lang: Lang) -> String {
        let methods = conduit.methods.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(" > ");
        let route = conduit.approval.as_ref().and_then(|id| self.route(id));
        let approval = match (route, lang) {
            (Some(route), _) => route.label.get(lang).to_owned(),
            (None, Lang::Ja) => "承認不要".to_owned(),
            (None, Lang::En) => "no approval".to_owned(),
        };
        let mut terms = vec![methods, approval];
        if !conduit.exceptions.is_empty() {
            terms.push(match lang {
                Lang::Ja => "承認済みの例外あり".to_owned(),
                Lang::En => "permitted exceptions".to_owned(),
            });
        }
        if conduit.search_individual_numbers {
            terms.push(match lang {
                Lang::Ja => "個人番号を検査".to_owned(),
                Lang::En => "searched for Individual Numbers".to_owned(),
            });
        }
        let mebibytes = conduit.max_bytes / (1 << 20);
        terms.push(if mebibytes > 0 {
            format!("≤ {mebibytes} MiB")
        } else {
            format!("≤ {} B", conduit.max_bytes)
        });
        if !conduit.formats.is_empty() {
            terms.push(conduit.formats.join(" "));
        }
        terms.join(" / ")
    }

    fn route_steps(&self, route: &Route, lang: Lang) -> String {
        let name = |id| self.role(id).map_or("?", |role| role.label.get(lang));
        let steps = route.steps.iter().map(|step| {
            let place = step.unit.as_ref().and_then(|id| self.unit(id)).map(|unit| unit.name.get(lang));
            let scope = place.unwrap_or(match (step.scope, lang) {
                (Scope::SameUnit, Lang::Ja) => "同じ組織",
                (Scope::SameUnit, Lang::En) => "same unit",
                (Scope::Ancestor, Lang::Ja) => "同じ又は上位の組織",
                (Scope::Ancestor, Lang::En) => "same unit or above",
                (Scope::Any, Lang::Ja) => "全庁",
                (Scope::Any, Lang::En) => "anywhere",
            });
            let deputies = step.deputies.iter().map(name).collect::<Vec<_>>().join(", ");
            let deputies = match (deputies.is_empty(), lang) {
                (true, _) => String::new(),
                (false, Lang::Ja) => format!("、代行: {deputies}"),
                (false, Lang::En) => format!(", deputies: {deputies}"),
            };
            let action = match (step.action, step.delegated, lang) {
                (StepAction::Agree, _, Lang::Ja) => "、合議",
                (StepAction::Agree, _, Lang::En) => ", consent",
                (StepAction::Decide, true, Lang::Ja) => "、専決",
                (StepAction::Decide, true, Lang::En) => ", delegated decision",
                (StepAction::Decide, false, _) => "",
            };
            let conditions = self.step_conditions(step, lang);
            format!("{} ×{} ({scope}{deputies}{action}{conditions})", name(&step.role), step.quorum)
        });
        steps.collect::<Vec<_>>().join(" → ")
    }

    /// For which amounts and classes the step applies.
    fn step_conditions(&self, step: &Step, lang: Lang) -> String {
        let mut out = String::new();
        if let Some(yen) = step.amount_from {
            out += &match lang {
                Lang::Ja => format!("、{yen}円以上"),
                Lang::En => format!(", from {yen} yen"),
            };
        }
        if let Some(yen) = step.amount_below {
            out += &match lang {
                Lang::Ja => format!("、{yen}円未満"),
                Lang::En => format!(", below {yen} yen"),
            };
        }
        if let Some(class) = step.class_from.as_ref().and_then(|id| self.class(id)) {
            out += &match lang {
                Lang::Ja => format!("、{}以上", class.label.ja),
                Lang::En => format!(", from {}", class.label.en),
            };
        }
        out
    }
}

const fn model(model: Model, lang: Lang) -> &'static str {
    match (model, lang) {
        (Model::Alpha, Lang::Ja) => "αモデル",
        (Model::AlphaPrime, Lang::Ja) => "α′モデル",
        (Model::Beta, Lang::Ja) => "βモデル",
        (Model::BetaPrime, Lang::Ja) => "β′モデル",
        (Model::Alpha, Lang::En) => "model α",
        (Model::AlphaPrime, Lang::En) => "model α′",
        (Model::Beta, Lang::En) => "model β",
        (Model::BetaPrime, Lang::En) => "model β′",
    }
}

fn section<const N: usize>(
    out: &mut String,
    title: &str,
    heads: [&str; N],
    rows: impl Iterator<Item = Vec<String>>,
) {
    let mut table: Vec<Vec<String>> = vec![heads.map(str::to_owned).to_vec()];
    table.extend(rows);
    let width = |text: &str| text.chars().map(crate::diagnostic::columns).sum::<usize>();
    let widths: Vec<usize> = (0..N)
        .map(|column| {
            table.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or(0)
        })
        .collect();
    let _ = writeln!(out, "{title}");
    for row in &table {
        let mut line = String::from(" ");
        for (cell, full) in row.iter().zip(&widths) {
            line.push(' ');
            line.push_str(cell);
            line.push_str(&" ".repeat(full.saturating_sub(width(cell)).saturating_add(1)));
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
    out.push('\n');
}
