//! What every page shows around its content: language, zone, person, navigation.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use sekisho_identity::SessionInfo;
use sekisho_policy::{Lang, Permission};

use crate::guard::cookie;
use crate::problem::Problem;
use crate::state::Site;

/// The cookie that remembers the language.
pub(crate) const LANG_COOKIE: &str = "sekisho_lang";

/// Roles that answer for others.
const OVERSEERS: [&str; 11] = [
    "section-manager",
    "deputy",
    "department-head",
    "administrator",
    "system-manager",
    "chief-officer",
    "ciso",
    "vice-ciso",
    "audit-chief",
    "auditor",
    "general-affairs",
];

/// Roles that carry out what concerns everybody.
const KEEPERS: [&str; 4] = ["general-affairs", "chief-officer", "ciso", "vice-ciso"];

/// The frame of a page. Templates call `p.l("日本語", "English")` for every sentence, so neither language can be missing.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) lang: Lang,
    pub(crate) zone_label: String,
    pub(crate) city: String,
    /// The path of this page, for the language switch.
    pub(crate) path: String,
    pub(crate) session: Option<SessionInfo>,
    /// A message of the last action, shown once at the top.
    pub(crate) notice: String,
}

impl Page {
    pub(crate) fn new(site: &Site, parts: &Parts, session: Option<SessionInfo>) -> Self {
        let lang = chosen_lang(&parts.headers, parts.uri.query());
        let zone = site.zone();
        Self {
            lang,
            zone_label: zone.map(|zone| zone.label.get(lang).to_owned()).unwrap_or_default(),
            city: site.policy().municipality.name.get(lang).to_owned(),
            path: parts.uri.path().to_owned(),
            session,
            notice: String::new(),
        }
    }

    /// The sentence in the page's language.
    pub(crate) fn l<'a>(&self, ja: &'a str, en: &'a str) -> &'a str {
        if self.lang == Lang::Ja { ja } else { en }
    }

    pub(crate) fn lang_code(&self) -> &'static str {
        if self.lang == Lang::Ja { "ja" } else { "en" }
    }

    pub(crate) fn csrf(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.csrf.as_str())
    }

    pub(crate) fn person_name(&self) -> &str {
        self.session.as_ref().map_or("", |session| session.person.name.as_str())
    }

    pub(crate) fn signed_in(&self) -> bool {
        self.session.is_some()
    }

    fn may(&self, permission: Permission) -> bool {
        self.session.as_ref().is_some_and(|session| session.permissions.contains(&permission))
    }

    pub(crate) fn may_submit(&self) -> bool {
        self.may(Permission::SubmitTransfer)
    }

    pub(crate) fn may_approve(&self) -> bool {
        self.may(Permission::ApproveTransfer)
    }

    pub(crate) fn may_administer(&self) -> bool {
        self.may(Permission::Administer) || self.may(Permission::ManagePeople) || self.may(Permission::Audit)
    }

    /// Whether the person holds one of these roles of the declaration.
    pub(crate) fn holds(&self, roles: &[&str]) -> bool {
        self.session
            .as_ref()
            .is_some_and(|session| session.roles.iter().any(|held| roles.contains(&held.as_str())))
    }

    /// Whether the person answers for others (管理者, 責任者, 統括, 監査) and so sees more than what is their own to do.
    pub(crate) fn oversees(&self) -> bool {
        self.may_administer() || self.holds(&OVERSEERS)
    }

    /// Whether the person carries out what concerns everybody: transfers, consents, training plans.
    pub(crate) fn keeps_people(&self) -> bool {
        self.may(Permission::ManagePeople) || self.may(Permission::Administer) || self.holds(&KEEPERS)
    }

    /// Whether the person may hand in a personnel list.
    pub(crate) fn may_transfer(&self) -> bool {
        self.may(Permission::ManagePeople) || self.may(Permission::Administer)
    }

    /// A day as people write it: 令和8年4月1日 or 2026-04-01.
    pub(crate) fn day(&self, date: jiff::civil::Date) -> String {
        if self.lang == Lang::Ja { sekisho_register::era::format_wareki(date) } else { date.to_string() }
    }

    /// The name of a role in the page's language.
    pub(crate) fn role_name(&self, site: &Site, id: &str) -> String {
        let known = site.policy().roles.iter().find(|role| role.id.as_str() == id);
        known.map_or_else(|| id.to_owned(), |role| role.label.get(self.lang).to_owned())
    }

    /// The name of a unit that stands as plain text in a register.
    pub(crate) fn unit_named(&self, site: &Site, id: &str) -> String {
        let known = site.policy().units.iter().find(|unit| unit.id.as_str() == id);
        known.map_or_else(|| id.to_owned(), |unit| unit.name.get(self.lang).to_owned())
    }

    /// `page` when the path lies below `prefix`, for `aria-current`.
    pub(crate) fn current(&self, prefix: &str) -> &'static str {
        if self.path == prefix || self.path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')) {
            "page"
        } else {
            "false"
        }
    }

    pub(crate) fn with_notice(mut self, notice: impl Into<String>) -> Self {
        self.notice = notice.into();
        self
    }

    /// The name of a zone in the page's language.
    pub(crate) fn zone_name(&self, site: &Site, id: &sekisho_policy::ZoneId) -> String {
        site.policy().zone(id).map_or_else(|| id.to_string(), |zone| zone.label.get(self.lang).to_owned())
    }

    /// The name of a unit in the page's language.
    pub(crate) fn unit_name(&self, site: &Site, id: &sekisho_policy::UnitId) -> String {
        site.policy().unit(id).map_or_else(|| id.to_string(), |unit| unit.name.get(self.lang).to_owned())
    }
}

/// The frame for a page that anybody may see (sign-in, enrolment, errors); knows the session if there is one.
pub(crate) struct Open(pub(crate) Page);

impl FromRequestParts<Site> for Open {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Problem> {
        let session = crate::guard::session_of(&parts.headers, site).await.ok();
        Ok(Self(Page::new(site, parts, session)))
    }
}

/// The language: what the address asks for, else what the cookie remembers, else Japanese.
fn chosen_lang(headers: &HeaderMap, query: Option<&str>) -> Lang {
    let asked = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("lang="));
    let remembered = cookie(headers, LANG_COOKIE);
    match asked.or(remembered.as_deref()) {
        Some("en") => Lang::En,
        _ => Lang::Ja,
    }
}

/// Renders a template as a page that no cache keeps.
pub(crate) fn show<T: Template>(template: &T) -> Response {
    show_with(StatusCode::OK, template)
}

/// The same with a status.
pub(crate) fn show_with<T: Template>(status: StatusCode, template: &T) -> Response {
    match template.render() {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => {
            tracing_line("render", &error.to_string());
            Problem::internal().into_response()
        }
    }
}

/// After a form: go and look (303), so that reloading does not send the form again.
pub(crate) fn go(to: &str) -> Response {
    match HeaderValue::from_str(to) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => Problem::internal().into_response(),
    }
}

/// One structured line on standard error.
pub(crate) fn tracing_line(event: &str, detail: &str) {
    eprintln!("{}", serde_json::json!({ "level": "error", "event": event, "detail": detail }));
}
