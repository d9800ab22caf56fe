//! The zones and conduits of the policy, as a picture and in words. Nothing is changed here: the policy is a
//! declaration in files.

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use sekisho_policy::{Conduit, Method, Scope};

use super::{LOOK, require};
use crate::format::size;
use crate::guard::Signed;
use crate::page::{Page, show};
use crate::state::Site;

pub(super) fn routes() -> Router<Site> {
    Router::new().route("/admin/zones", get(page)).route("/admin/zones.svg", get(picture))
}

struct ZoneLine {
    id: String,
    label: String,
    networks: String,
}

struct ConduitLine {
    id: String,
    label: String,
    from: String,
    to: String,
    methods: String,
    formats: String,
    approval: String,
    notes: Vec<String>,
}

#[derive(Template)]
#[template(path = "admin_zones.html")]
struct ZonesTemplate {
    p: Page,
    version: String,
    digest: String,
    alt: String,
    zones: Vec<ZoneLine>,
    conduits: Vec<ConduitLine>,
}

async fn page(State(site): State<Site>, signed: Signed) -> Response {
    if let Err(problem) = require(&signed, LOOK) {
        return problem.page(signed.page);
    }
    let page = signed.page;
    let policy = site.policy();
    let zones = policy
        .zones
        .iter()
        .map(|zone| ZoneLine {
            id: zone.id.to_string(),
            label: zone.label.get(page.lang).to_owned(),
            networks: zone
                .networks
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(page.l("、", ", ")),
        })
        .collect();
    let conduits: Vec<ConduitLine> =
        policy.conduits.iter().map(|conduit| line(&site, &page, conduit)).collect();
    let ways: Vec<String> =
        conduits.iter().map(|line| format!("{}→{}：{}", line.from, line.to, line.label)).collect();
    show(&ZonesTemplate {
        version: policy.version.clone(),
        digest: policy.digest().to_owned(),
        alt: format!(
            "{}{}",
            page.l("領域と経路の図。", "Zones and conduits. "),
            ways.join(page.l("、", "; "))
        ),
        zones,
        conduits,
        p: page,
    })
}

fn line(site: &Site, page: &Page, conduit: &Conduit) -> ConduitLine {
    let methods: Vec<&str> = conduit
        .methods
        .iter()
        .map(|method| match method {
            Method::Rebuild => page.l("サニタイズ処理（分解・再構成）", "disarm and rebuild"),
            Method::Image => page.l("画像化", "turn into pictures"),
            Method::Text => page.l("テキスト抽出", "extract the text"),
        })
        .collect();
    let mut notes = vec![format!(
        "{}{}",
        page.l("1ファイルの上限 ", "one file up to "),
        size(conduit.max_bytes.try_into().unwrap_or(i64::MAX))
    )];
    if conduit.purpose_required {
        notes.push(page.l("利用目的の入力が必要", "a purpose is required").to_owned());
    }
    if conduit.search_individual_numbers {
        notes.push(page.l("個人番号を検査", "searched for Individual Numbers").to_owned());
    }
    if let Some(class) = conduit.max_confidentiality.as_ref().and_then(|id| site.policy().class(id)) {
        notes.push(format!("{}{}", class.label.get(page.lang), page.l("まで", " at most")));
    }
    if let Some(reason) = &conduit.reason {
        notes.push(reason.get(page.lang).to_owned());
    }
    ConduitLine {
        id: conduit.id.to_string(),
        label: conduit.label.get(page.lang).to_owned(),
        from: page.zone_name(site, &conduit.from),
        to: page.zone_name(site, &conduit.to),
        methods: methods.join(page.l("、だめなら", ", else ")),
        formats: if conduit.formats.is_empty() {
            page.l("対応しているすべての形式", "every supported format").to_owned()
        } else {
            conduit.formats.join(page.l("、", ", "))
        },
        approval: approval(site, page, conduit),
        notes,
    }
}

/// Who approves, step by step.
fn approval(site: &Site, page: &Page, conduit: &Conduit) -> String {
    let policy = site.policy();
    let Some(route) = conduit.approval.as_ref().and_then(|id| policy.route(id)) else {
        return page
            .l("不要（無害化・検証後に受取可）", "none: receivable once disarmed and verified")
            .to_owned();
    };
    let role = |id| policy.role(id).map_or_else(String::new, |role| role.label.get(page.lang).to_owned());
    let steps: Vec<String> = route
        .steps
        .iter()
        .map(|step| {
            let place = match step.scope {
                Scope::SameUnit => page.l("同じ所属の", "in the same unit: "),
                Scope::Ancestor => page.l("所属又は上位の", "in the unit or above: "),
                Scope::Any => "",
            };
            let mut text = format!("{place}{}", role(&step.role));
            if step.quorum > 1 {
                text.push_str(&match page.lang {
                    sekisho_policy::Lang::Ja => format!("{}名", step.quorum),
                    sekisho_policy::Lang::En => format!(" × {}", step.quorum),
                });
            }
            if !step.deputies.is_empty() {
                let deputies: Vec<String> = step.deputies.iter().map(role).collect();
                text.push_str(&match page.lang {
                    sekisho_policy::Lang::Ja => format!("（代行：{}）", deputies.join("、")),
                    sekisho_policy::Lang::En => format!(" (deputies: {})", deputies.join(", ")),
                });
            }
            text
        })
        .collect();
    steps.join(" → ")
}

async fn picture(State(site): State<Site>, signed: Signed) -> Response {
    if let Err(problem) = require(&signed, LOOK) {
        return problem.page(signed.page);
    }
    let svg = site.policy().show_svg(signed.page.lang);
    ([(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "no-store")], svg).into_response()
}
