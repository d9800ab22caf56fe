//! Where people land after signing in: what is to do today (今日すること), by role. Everything here is asked of the services
//! that own it; the page only puts it together.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;

use sekisho_approval::{ApprovalError, Task, TaskKind};
use sekisho_people::PeopleError;
use sekisho_policy::StepAction;
use sekisho_registers::{Due, DueFor, Registers, RegistersError};

use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show};
use crate::problem::Problem;
use crate::registers::{caller, lang};
use crate::state::{Site, blocking};

/// Lines of each part of the home page; the rest is one link away.
const SHOWN: usize = 8;

/// Lines of the page of what is due.
const DUES: usize = 500;

pub(crate) fn routes() -> Router<Site> {
    Router::new().route("/", get(home)).route("/due", get(due))
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomeTemplate {
    p: Page,
    today: String,
    groups: Vec<TaskGroup>,
    /// Transfers of files that wait for this person.
    files: usize,
    dues: Vec<DueLine>,
    dues_total: usize,
    late_total: usize,
    consents: Vec<(String, String, bool)>,
    trainings: Vec<TrainingLine>,
    gaps: Vec<String>,
    gaps_total: usize,
    registers: Vec<RegisterLine>,
    nothing: bool,
}

/// Tasks of one kind.
struct TaskGroup {
    label: &'static str,
    lines: Vec<TaskLine>,
    total: usize,
    more: &'static str,
}

/// One approval on the list.
pub(crate) struct TaskLine {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) title: String,
    pub(crate) kind: String,
    pub(crate) who: String,
    pub(crate) unit: String,
    pub(crate) asked: String,
    pub(crate) due: String,
    pub(crate) overdue: bool,
    pub(crate) note: String,
    /// `id:digest`, for deciding several at once.
    pub(crate) choice: String,
}

/// Something that falls due.
struct DueLine {
    register: String,
    link: String,
    title: String,
    what: String,
    day: String,
    machine: String,
    overdue: bool,
    unit: String,
    person: String,
}

struct TrainingLine {
    link: String,
    name: String,
    due: String,
    overdue: bool,
    failed: bool,
}

struct RegisterLine {
    id: String,
    label: String,
    due: u64,
    overdue: u64,
}

/// An approval for people.
pub(crate) fn task_line(site: &Site, page: &Page, task: &Task) -> TaskLine {
    let action = match task.action {
        Some(StepAction::Agree) => page.l("合議", "consent"),
        Some(StepAction::Decide) => page.l("決裁", "decision"),
        None => "",
    };
    let capacity = task.capacity.map_or("", |capacity| capacity.label(page.lang));
    let blocked = task.blocked.as_ref().map(|text| text.get(page.lang));
    TaskLine {
        id: task.case.to_string(),
        number: task.number.clone(),
        title: task.title.clone(),
        kind: crate::cases::kind_label(page, &task.case_kind).to_owned(),
        who: task.drafter_name.clone(),
        unit: page.unit_name(site, &task.unit),
        asked: match capacity {
            "" => action.to_owned(),
            _ => format!("{action}{}", page.l(&format!("（{capacity}）"), &format!(" ({capacity})"))),
        },
        due: task.due.map(|day| page.day(day)).unwrap_or_default(),
        overdue: task.overdue,
        note: blocked.map_or_else(|| task.note.clone(), ToOwned::to_owned),
        choice: format!("{}:{}", task.case, task.digest),
    }
}

/// Who comes without a session is sent to sign in; everybody else sees the day.
async fn home(State(site): State<Site>, signed: Result<Signed, Response>) -> Response {
    let Ok(signed) = signed else { return go("/login") };
    framed(signed.page.clone(), home_page(site, signed)).await
}

async fn home_page(site: Site, signed: Signed) -> Result<Response, Problem> {
    let (approvals, dues, people) =
        tokio::try_join!(approvals(&site, &signed), dues(&site, &signed), people(&site, &signed))?;
    let (groups, files) = approvals;
    let (dues, dues_total, late_total, registers) = dues;
    let (consents, trainings, gaps) = people;
    let p = signed.page;
    let nothing = groups.iter().all(|group| group.lines.is_empty())
        && files == 0
        && dues.is_empty()
        && consents.is_empty()
        && trainings.is_empty();
    let template = HomeTemplate {
        today: p.day(site.registers.env().today),
        gaps_total: gaps.len(),
        gaps: gaps.into_iter().take(SHOWN).collect(),
        nothing,
        groups,
        files,
        dues,
        dues_total,
        late_total,
        consents,
        trainings,
        registers,
        p,
    };
    Ok(show(&template))
}

async fn approvals(site: &Site, signed: &Signed) -> Result<(Vec<TaskGroup>, usize), Problem> {
    let (approval, checkpoint, principal) =
        (site.approval.clone(), site.checkpoint.clone(), signed.principal());
    let decides_files = signed.page.may_approve();
    let (tasks, files) = blocking(move || -> Result<_, Problem> {
        let tasks = approval.worklist(&principal)?;
        let files = if decides_files { checkpoint.to_decide(&principal)?.len() } else { 0 };
        Ok((tasks, files))
    })
    .await??;
    let page = &signed.page;
    let kinds = [
        (
            TaskKind::Decide,
            page.l("あなたの決裁・合議を待っている案件", "Waiting for your decision"),
            "/cases?state=to-decide",
        ),
        (TaskKind::Returned, page.l("差し戻された案件", "Returned to you"), "/cases?state=mine"),
        (TaskKind::Reread, page.l("後閲する案件", "To re-read"), "/cases?state=to-reread"),
        (
            TaskKind::Waiting,
            page.l("あなたが起案し、決裁を待っている案件", "Your drafts in circulation"),
            "/cases?state=mine",
        ),
    ];
    let groups = kinds.into_iter().map(|(kind, label, more)| {
        let mine: Vec<&Task> = tasks.iter().filter(|task| task.kind == kind).collect();
        TaskGroup {
            label,
            more,
            total: mine.len(),
            lines: mine.into_iter().take(SHOWN).map(|task| task_line(site, page, task)).collect(),
        }
    });
    Ok((groups.filter(|group| group.total > 0).collect(), files))
}

type Dues = (Vec<DueLine>, usize, usize, Vec<RegisterLine>);

async fn dues(site: &Site, signed: &Signed) -> Result<Dues, Problem> {
    let (site, page, caller) = (site.clone(), signed.page.clone(), caller(signed));
    Ok(blocking(move || -> Result<_, RegistersError> {
        let registers = &site.registers;
        let due = registers.due(&caller, registers.env().today)?;
        let late = due.iter().filter(|one| one.overdue).count();
        let total = due.len();
        let lines = due_lines(&site, &page, due.into_iter().take(SHOWN))?;
        let mut counted = Vec::new();
        // Who answers for others also sees how the registers stand.
        if page.oversees() {
            for count in registers.counts(&caller)? {
                if count.due == 0 && count.overdue == 0 {
                    continue;
                }
                counted.push(RegisterLine {
                    label: registers.definition(count.register.as_str())?.label.get(lang(&page)).to_owned(),
                    id: count.register.to_string(),
                    due: count.due,
                    overdue: count.overdue,
                });
            }
        }
        Ok((lines, total, late, counted))
    })
    .await??)
}

fn due_lines(
    site: &Site,
    page: &Page,
    dues: impl Iterator<Item = Due>,
) -> Result<Vec<DueLine>, RegistersError> {
    let registers: &Registers = &site.registers;
    let lang = lang(page);
    registers.with_lookup(|lookup| {
        dues.map(|one| DueLine {
            register: registers
                .definition(one.register.as_str())
                .map_or_else(|_| one.register.to_string(), |found| found.label.get(lang).to_owned()),
            link: format!("/registers/{}/rows/{}", one.register, one.row),
            title: if one.title.is_empty() { one.key } else { one.title },
            what: one.what.get(lang).to_owned(),
            day: page.day(one.date),
            machine: one.date.to_string(),
            overdue: one.overdue,
            unit: one.unit.map(|unit| page.unit_named(site, &unit)).unwrap_or_default(),
            person: one.person.map(|person| lookup.show_person(&person)).unwrap_or_default(),
        })
        .collect()
    })
}

type Own = (Vec<(String, String, bool)>, Vec<TrainingLine>, Vec<String>);

async fn people(site: &Site, signed: &Signed) -> Result<Own, Problem> {
    let (people, principal, page) = (site.people.clone(), signed.principal(), signed.page.clone());
    Ok(blocking(move || -> Result<_, PeopleError> {
        let consents = people
            .consents_asked_of(&principal)?
            .into_iter()
            .map(|one| (one.version, one.due.map(|day| page.day(day)).unwrap_or_default(), one.overdue))
            .collect();
        let trainings = people
            .trainings_of(&principal)?
            .into_iter()
            .map(|one| TrainingLine {
                link: format!("/training/{}", one.record),
                name: one.name,
                due: one.due.map(|day| page.day(day)).unwrap_or_default(),
                overdue: one.overdue,
                failed: one.state == "failed",
            })
            .collect();
        let gaps = if page.keeps_people() || page.may_administer() {
            match people.office_gaps(&principal) {
                Ok(gaps) => gaps.into_iter().map(|gap| gap.sentence.get(lang(&page)).to_owned()).collect(),
                Err(error) if error.status() == 403 => Vec::new(),
                Err(error) => return Err(error),
            }
        } else {
            Vec::new()
        };
        Ok((consents, trainings, gaps))
    })
    .await??)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct DueQuery {
    register: String,
    mine: String,
}

#[derive(Template)]
#[template(path = "due.html")]
struct DueTemplate {
    p: Page,
    register: String,
    /// Registers in which something is due, with how much.
    registers: Vec<(String, String, usize)>,
    mine: bool,
    lines: Vec<DueLine>,
    total: usize,
    late: usize,
}

/// Everything that falls due, of one register or all, one's own or all that one may see.
async fn due(State(site): State<Site>, signed: Signed, Query(query): Query<DueQuery>) -> Response {
    framed(signed.page.clone(), async move {
        let (caller, page) = (caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, RegistersError> {
            let mine = query.mine == "1";
            let whose = if mine { DueFor::Me } else { DueFor::Seen };
            let mut due = site.registers.due_for(&caller, site.registers.env().today, whose)?;
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for one in &due {
                let count = counts.entry(one.register.to_string()).or_default();
                *count = count.saturating_add(1);
            }
            let registers = counts
                .into_iter()
                .map(|(id, count)| {
                    let label = site
                        .registers
                        .definition(&id)
                        .map_or_else(|_| id.clone(), |found| found.label.get(lang(&page)).to_owned());
                    (id, label, count)
                })
                .collect();
            if !query.register.is_empty() {
                due.retain(|one| one.register.as_str() == query.register);
            }
            Ok(DueTemplate {
                total: due.len(),
                late: due.iter().filter(|one| one.overdue).count(),
                lines: due_lines(&site, &page, due.into_iter().take(DUES))?,
                register: query.register,
                registers,
                mine,
                p: page,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        let code = match &error {
            ApprovalError::StepUpNeeded => "step-up-needed",
            ApprovalError::NotFound { .. } => "not-found",
            ApprovalError::NotPermitted { .. } => "not-permitted",
            ApprovalError::Changed => "changed",
            ApprovalError::State { .. } => "state",
            ApprovalError::Invalid { .. } | ApprovalError::DeputyLoop { .. } => "invalid",
            _ => "failed",
        };
        if error.status() >= 500 {
            crate::page::tracing_line("approval", &error.to_string());
        }
        Self::new(
            error.status(),
            code,
            error.message(sekisho_policy::Lang::Ja),
            error.message(sekisho_policy::Lang::En),
        )
    }
}
