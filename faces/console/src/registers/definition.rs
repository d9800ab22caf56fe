//! What a register is made of, in words: its fields, rules, reminders and who may do what. Printed from the same
//! definition that is enforced.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;

use sekisho_register::{Action, Recipient, Severity};
use sekisho_registers::RegistersError;

use super::{caller, lang};
use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, show};
use crate::state::{Site, blocking};

#[derive(Template)]
#[template(path = "registers/definition.html")]
struct DefinitionTemplate {
    p: Page,
    id: String,
    label: String,
    help: String,
    clauses: String,
    owner: String,
    route: String,
    retention: String,
    fields: Vec<(String, String, String, bool)>,
    rules: Vec<(String, &'static str, String)>,
    reminders: Vec<(String, String, String)>,
    rights: Vec<String>,
    digest: String,
}

pub(super) async fn show_definition(
    State(site): State<Site>,
    signed: Signed,
    Path(register): Path<String>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (registers, caller, policy, p) =
            (site.registers.clone(), caller(&signed), site.policy().clone(), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            registers.may(&caller, &register, Action::See, None)?;
            let definition = registers.definition(&register)?;
            let lang = lang(&p);
            let role = |id: &str| match policy.roles.iter().find(|role| role.id.as_str() == id) {
                Some(role) => role.label.get(p.lang).to_owned(),
                None if id == "*" => p.l("サインインした全ての人", "Everybody who is signed in").to_owned(),
                None => id.to_owned(),
            };
            let route = definition.route.as_ref().map(|id| {
                match policy.routes.iter().find(|route| route.id.as_str() == id) {
                    Some(route) => route.label.get(p.lang).to_owned(),
                    None => id.clone(),
                }
            });
            let comma = p.l("・", ", ");
            let rights = definition
                .access
                .iter()
                .map(|line| {
                    let actions: Vec<&str> = line.actions.iter().map(|action| action.label(lang)).collect();
                    let (who, scope, actions) =
                        (role(&line.role), line.scope.label(lang), actions.join(comma));
                    match p.lang {
                        sekisho_policy::Lang::Ja => format!("{who}は、{scope}の行を{actions}できます。"),
                        sekisho_policy::Lang::En => format!("{who} may {actions}: {scope}."),
                    }
                })
                .collect();
            Ok(DefinitionTemplate {
                label: definition.label.get(lang).to_owned(),
                help: definition.help.get(lang).to_owned(),
                clauses: definition.clauses.join("、"),
                owner: role(&definition.owner_role),
                route: route.unwrap_or_else(|| p.l("なし", "none").to_owned()),
                retention: match definition.retention_years {
                    0 => p.l("常用", "kept in use").to_owned(),
                    years => format!("{years}{}", p.l("年", " years")),
                },
                fields: definition
                    .fields
                    .iter()
                    .map(|field| {
                        let label = field.label.get(lang).to_owned();
                        (
                            label,
                            field.kind.as_str().to_owned(),
                            field.help.get(lang).to_owned(),
                            field.required,
                        )
                    })
                    .collect(),
                rules: definition
                    .rules
                    .iter()
                    .map(|rule| {
                        let severity = match rule.severity {
                            Severity::Refuse => p.l("登録不可", "refused"),
                            Severity::Warn => p.l("注意", "finding"),
                        };
                        (rule.text.get(lang).to_owned(), severity, rule.when.text().to_owned())
                    })
                    .collect(),
                reminders: definition
                    .reminders
                    .iter()
                    .map(|reminder| {
                        let days: Vec<String> =
                            reminder.days_before.iter().map(ToString::to_string).collect();
                        let to = match &reminder.to {
                            Recipient::RowPerson(field) => definition
                                .field(field.as_str())
                                .map_or_else(|| field.to_string(), |field| field.label.get(lang).to_owned()),
                            Recipient::UnitManager => {
                                p.l("所属の情報セキュリティ管理者", "the unit’s manager").to_owned()
                            }
                            Recipient::Role(id) => role(id),
                        };
                        (reminder.text.get(lang).to_owned(), days.join("、"), to)
                    })
                    .collect(),
                digest: definition.digest.clone(),
                id: register,
                rights,
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}
