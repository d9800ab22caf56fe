//! Training (研修): what one has to take and has taken, taking a course on one plain page, writing a course, giving a plan
//! out, and attendance by unit for the yearly report.

use askama::Template;
use axum::extract::{Form, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use sekisho_people::{Completion, Content, PeopleError, Question, Slide};
use sekisho_policy::Lang;
use sekisho_register::Action;
use sekisho_register::era::FiscalYear;
use sekisho_registers::{Caller, RegistersError, RowId, RowView};

use crate::guard::Signed;
use crate::login::framed;
use crate::page::{Page, go, show, show_with};
use crate::problem::Problem;
use crate::registers::{caller, lang, row_id};
use crate::state::{Site, blocking};

/// Years to choose from in the report.
const YEARS: i16 = 5;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct OwnQuery {
    done: String,
    count: u64,
}

#[derive(Template)]
#[template(path = "people/training.html")]
struct OwnTemplate {
    p: Page,
    open: Vec<OpenLine>,
    taken: Vec<TakenLine>,
    courses: Vec<(String, String)>,
    plans: Vec<(String, String)>,
    may_report: bool,
}

struct OpenLine {
    link: String,
    name: String,
    due: String,
    overdue: bool,
    note: &'static str,
    on_screen: bool,
}

struct TakenLine {
    name: String,
    year: String,
    day: String,
    state: String,
    score: String,
}

pub(super) async fn own(State(site): State<Site>, signed: Signed, Query(query): Query<OwnQuery>) -> Response {
    framed(signed.page.clone(), async move {
        let (caller, principal, p) = (caller(&signed), signed.principal(), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let open = site
                .people
                .trainings_of(&principal)?
                .into_iter()
                .map(|one| OpenLine {
                    link: format!("/training/{}", one.record),
                    name: one.name,
                    due: one.due.map(|day| p.day(day)).unwrap_or_default(),
                    overdue: one.overdue,
                    note: match (one.state.as_str(), p.lang) {
                        ("failed", Lang::Ja) => "不合格でした。もう一度受講してください。",
                        ("failed", Lang::En) => "Not passed; take it again.",
                        ("absent", Lang::Ja) => "欠席の扱いになっています。受講してください。",
                        ("absent", Lang::En) => "Marked as absent; take it.",
                        _ => "",
                    },
                    on_screen: one.on_screen,
                })
                .collect();
            let may = |register, action| site.registers.may(&caller, register, action, None).is_ok();
            let named = |register: &str| -> Result<Vec<(String, String)>, RegistersError> {
                let rows = site.registers.all_rows(&caller, register)?;
                Ok(rows.into_iter().map(|row| (row.id.to_string(), name_of(&row))).collect())
            };
            Ok(OwnTemplate {
                taken: taken(&site, &p, &caller, &principal.person.login)?,
                courses: if may("courses", Action::Change) { named("courses")? } else { Vec::new() },
                plans: if p.keeps_people() && may("training-plans", Action::See) {
                    named("training-plans")?
                } else {
                    Vec::new()
                },
                may_report: p.oversees() && may("training-records", Action::See),
                open,
                p,
            })
        })
        .await??;
        let notice = match (query.done.as_str(), template.p.lang) {
            ("assigned", Lang::Ja) => format!("{}人に割り当てました。", query.count),
            ("assigned", Lang::En) => format!("Given to {} people.", query.count),
            ("written", Lang::Ja) => "教材を保存しました。".to_owned(),
            ("written", Lang::En) => "The course was saved.".to_owned(),
            _ => String::new(),
        };
        let template = OwnTemplate { p: template.p.clone().with_notice(notice), ..template };
        Ok(show(&template))
    })
    .await
}

fn name_of(row: &RowView) -> String {
    if row.title.is_empty() { row.key.clone() } else { row.title.clone() }
}

/// What the person took earlier, newest first.
fn taken(site: &Site, page: &Page, caller: &Caller, login: &str) -> Result<Vec<TakenLine>, RegistersError> {
    let Some(me) = site.registers.staff_row(login)? else { return Ok(Vec::new()) };
    let definition = site.registers.definition("training-records")?;
    let mut rows = match site.registers.rows_where(
        caller,
        "training-records",
        "person",
        &me.to_string().as_str().into(),
    ) {
        Ok(rows) => rows,
        // Who may not see the register still takes the courses given to them.
        Err(RegistersError::NotPermitted(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    rows.retain(|row| !matches!(row.values.get("state").as_text(), Some("assigned" | "failed" | "absent")));
    rows.sort_by_key(|row| std::cmp::Reverse(row.values.get("attended_on").as_date()));
    let lang = lang(page);
    site.registers.with_lookup(|lookup| {
        rows.iter()
            .map(|row| {
                let shown = |field: &str| match definition.field(field) {
                    Some(field) => field.show(row.values.get(field.id.as_str()), lang, lookup),
                    None => String::new(),
                };
                TakenLine {
                    name: shown("course"),
                    year: shown("fiscal_year"),
                    day: shown("attended_on"),
                    state: shown("state"),
                    score: shown("score"),
                }
            })
            .collect()
    })
}

#[derive(Template)]
#[template(path = "people/course.html")]
struct CourseTemplate {
    p: Page,
    record: String,
    name: String,
    summary: String,
    due: String,
    minutes: String,
    pass_score: String,
    slides: Vec<Slide>,
    questions: Vec<QuestionView>,
    on_screen: bool,
    /// The answers that were missing.
    error: String,
    /// The outcome once it was answered: whether passed, and the points.
    outcome: Option<(bool, String)>,
}

struct QuestionView {
    number: usize,
    text: String,
    several: bool,
    answers: Vec<AnswerView>,
    explanation: String,
    /// Whether exactly the right answers were chosen.
    right: bool,
}

struct AnswerView {
    index: usize,
    text: String,
    chosen: bool,
    right: bool,
}

/// A course as one person takes it.
struct Taking {
    name: String,
    summary: String,
    due: String,
    minutes: String,
    pass_score: String,
    on_screen: bool,
    content: Content,
}

fn taking(
    site: &Site,
    page: &Page,
    principal: &sekisho_identity::Principal,
    record: &RowId,
) -> Result<Taking, Problem> {
    let open = site.people.trainings_of(principal)?;
    let one = open.into_iter().find(|one| one.record == *record).ok_or(PeopleError::NotFound)?;
    let course = site.registers.row(&Caller::from(principal), "courses", &one.course, None)?;
    let number = |field: &str| course.values.get(field).as_int().map(|n| n.to_string()).unwrap_or_default();
    Ok(Taking {
        content: site.people.content(&one.course)?,
        summary: course.values.get("summary").as_text().unwrap_or_default().to_owned(),
        due: one.due.map(|day| page.day(day)).unwrap_or_default(),
        minutes: number("minutes"),
        pass_score: number("pass_score"),
        on_screen: one.on_screen,
        name: one.name,
    })
}

impl CourseTemplate {
    fn new(page: Page, record: &RowId, course: Taking, chosen: &[Vec<usize>]) -> Self {
        Self {
            record: record.to_string(),
            name: course.name,
            summary: course.summary,
            due: course.due,
            minutes: course.minutes,
            pass_score: course.pass_score,
            on_screen: course.on_screen,
            slides: course.content.slides,
            questions: course
                .content
                .questions
                .iter()
                .enumerate()
                .map(|(index, question)| question_view(index, question, chosen.get(index)))
                .collect(),
            error: String::new(),
            outcome: None,
            p: page,
        }
    }
}

fn question_view(index: usize, question: &Question, chosen: Option<&Vec<usize>>) -> QuestionView {
    let given = chosen.map_or(&[] as &[usize], Vec::as_slice);
    let mut sorted = given.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let right = question.right_answers();
    QuestionView {
        number: index.saturating_add(1),
        text: question.text.clone(),
        several: right.len() > 1,
        answers: question
            .answers
            .iter()
            .enumerate()
            .map(|(index, answer)| AnswerView {
                index,
                text: answer.text.clone(),
                chosen: given.contains(&index),
                right: answer.right,
            })
            .collect(),
        explanation: question.explanation.clone(),
        right: sorted == right,
    }
}

pub(super) async fn take(State(site): State<Site>, signed: Signed, Path(record): Path<String>) -> Response {
    framed(signed.page.clone(), async move {
        let record = row_id(&record)?;
        let (principal, p) = (signed.principal(), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            let course = taking(&site, &p, &principal, &record)?;
            Ok(CourseTemplate::new(p, &record, course, &[]))
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

pub(super) async fn answer(
    State(site): State<Site>,
    signed: Signed,
    Path(record): Path<String>,
    Form(body): Form<Vec<(String, String)>>,
) -> Response {
    framed(signed.page.clone(), async move {
        let token = body.iter().find(|(name, _)| name == "csrf").map_or("", |(_, value)| value.as_str());
        signed.check_csrf(&site, token)?;
        let record = row_id(&record)?;
        let (principal, p) = (signed.principal(), signed.page);
        let (status, template) = blocking(move || -> Result<_, Problem> {
            let course = taking(&site, &p, &principal, &record)?;
            if !course.on_screen {
                return Err(Problem::new(
                    422,
                    "not-on-screen",
                    "この研修は画面では受講できません。案内に従って受講してください。",
                    "this course is not taken on the screen",
                ));
            }
            let chosen = chosen(&body, course.content.questions.len());
            let missing: Vec<String> = chosen
                .iter()
                .enumerate()
                .filter(|(_, one)| one.is_empty())
                .map(|(index, _)| index.saturating_add(1).to_string())
                .collect();
            let mut template = CourseTemplate::new(p, &record, course, &chosen);
            if !missing.is_empty() {
                let numbers = missing.join(template.p.l("、", ", "));
                template.error = match template.p.lang {
                    Lang::Ja => format!("答えていない問題があります：第{numbers}問"),
                    Lang::En => format!("not answered yet: {numbers}"),
                };
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, template));
            }
            let outcome = site.people.answer(&principal, &record, chosen)?;
            let points = outcome.score.map(|score| score.to_string()).unwrap_or_default();
            template.outcome = Some((outcome.passed, points));
            Ok((StatusCode::OK, template))
        })
        .await??;
        Ok(show_with(status, &template))
    })
    .await
}

/// The chosen answers, question by question; fields are named `q1`, `q2`, …
fn chosen(body: &[(String, String)], questions: usize) -> Vec<Vec<usize>> {
    (1..=questions)
        .map(|number| {
            let name = format!("q{number}");
            let mine = body.iter().filter(|(field, _)| *field == name);
            mine.filter_map(|(_, value)| value.parse().ok()).collect()
        })
        .collect()
}

#[derive(Template)]
#[template(path = "people/course_edit.html")]
struct EditTemplate {
    p: Page,
    row: String,
    name: String,
    text: String,
    error: String,
}

pub(super) async fn edit(State(site): State<Site>, signed: Signed, Path(row): Path<String>) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let (caller, p) = (caller(&signed), signed.page);
        let template = blocking(move || -> Result<_, Problem> {
            site.registers.may(&caller, "courses", Action::Change, Some(&row))?;
            let course = site.registers.row(&caller, "courses", &row, None)?;
            Ok(EditTemplate {
                text: site.people.content(&row)?.to_text(),
                name: name_of(&course),
                row: row.to_string(),
                error: String::new(),
                p,
            })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct EditForm {
    csrf: String,
    #[serde(default)]
    text: String,
}

pub(super) async fn save(
    State(site): State<Site>,
    signed: Signed,
    Path(row): Path<String>,
    Form(form): Form<EditForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let row = row_id(&row)?;
        let (caller, principal, p) = (caller(&signed), signed.principal(), signed.page);
        let wrong = blocking(move || -> Result<_, Problem> {
            let text = form.text.replace("\r\n", "\n");
            match site.people.set_content(&principal, &row, &text) {
                Ok(_) => Ok(None),
                // The text is shown again as it was written, with the line that does not fit.
                Err(error @ PeopleError::Content(_)) => {
                    let course = site.registers.row(&caller, "courses", &row, None)?;
                    Ok(Some(EditTemplate {
                        error: error.message(p.lang),
                        name: name_of(&course),
                        row: row.to_string(),
                        text,
                        p,
                    }))
                }
                Err(error) => Err(error.into()),
            }
        })
        .await??;
        Ok(match wrong {
            None => go("/training?done=written"),
            Some(template) => show_with(StatusCode::UNPROCESSABLE_ENTITY, &template),
        })
    })
    .await
}

#[derive(Template)]
#[template(path = "people/assign.html")]
struct AssignTemplate {
    p: Page,
    row: String,
    name: String,
    facts: Vec<(String, String)>,
}

pub(super) async fn ask_assign(
    State(site): State<Site>,
    signed: Signed,
    Path(row): Path<String>,
) -> Response {
    framed(signed.page.clone(), async move {
        let row = row_id(&row)?;
        let (caller, p) = (caller(&signed), signed.page);
        if !p.keeps_people() {
            return Err(Problem::not_permitted());
        }
        let template = blocking(move || -> Result<_, Problem> {
            let plan = site.registers.row(&caller, "training-plans", &row, None)?;
            let definition = site.registers.definition("training-plans")?;
            let lang = lang(&p);
            let facts = site.registers.with_lookup(|lookup| {
                ["fiscal_year", "course", "audience", "starts_on", "ends_on"]
                    .into_iter()
                    .filter_map(|id| definition.field(id))
                    .map(|field| {
                        let value = plan.values.get(field.id.as_str());
                        (field.label.get(lang).to_owned(), field.show(value, lang, lookup))
                    })
                    .collect()
            })?;
            Ok(AssignTemplate { name: name_of(&plan), row: row.to_string(), facts, p })
        })
        .await??;
        Ok(show(&template))
    })
    .await
}

#[derive(Deserialize)]
pub(super) struct TokenForm {
    csrf: String,
}

pub(super) async fn assign(
    State(site): State<Site>,
    signed: Signed,
    Path(row): Path<String>,
    Form(form): Form<TokenForm>,
) -> Response {
    framed(signed.page.clone(), async move {
        signed.check_csrf(&site, &form.csrf)?;
        let row = row_id(&row)?;
        let (people, principal) = (site.people.clone(), signed.principal());
        let count = blocking(move || people.assign_plan(&principal, &row)).await??;
        Ok(go(&format!("/training?done=assigned&count={count}")))
    })
    .await
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct YearQuery {
    year: String,
}

#[derive(Template)]
#[template(path = "people/completion.html")]
struct CompletionTemplate {
    p: Page,
    year: i16,
    label: String,
    years: Vec<(i16, String)>,
    lines: Vec<CompletionLine>,
    total: CompletionLine,
}

struct CompletionLine {
    unit: String,
    assigned: u64,
    done: u64,
    exempt: u64,
    overdue: u64,
    rate: String,
}

impl CompletionLine {
    fn new(unit: String, one: &Completion) -> Self {
        Self {
            rate: rate(one.done, one.assigned.saturating_sub(one.exempt)),
            unit,
            assigned: one.assigned,
            done: one.done,
            exempt: one.exempt,
            overdue: one.overdue,
        }
    }
}

/// Percent with one decimal; nothing when nobody has to attend.
fn rate(done: u64, of: u64) -> String {
    match done.saturating_mul(1000).checked_div(of) {
        Some(thousandths) => {
            let (whole, tenth) = (thousandths.div_euclid(10), thousandths.rem_euclid(10));
            format!("{whole}.{tenth}%")
        }
        None => "—".to_owned(),
    }
}

fn year_label(page: &Page, year: FiscalYear) -> String {
    if page.lang == Lang::Ja { year.label() } else { format!("fiscal {}", year.year()) }
}

/// Attendance of a fiscal year: its lines and their sum.
async fn attendance(
    site: &Site,
    signed: &Signed,
    year: &str,
) -> Result<(FiscalYear, Vec<CompletionLine>, CompletionLine), Problem> {
    if !signed.page.oversees() {
        return Err(Problem::not_permitted());
    }
    let current = FiscalYear::of(site.registers.env().today);
    let year = match year.trim() {
        "" => current,
        text => text.parse().ok().and_then(FiscalYear::new).ok_or_else(|| {
            Problem::new(422, "year", "年度を西暦の4桁で指定してください。", "give the year as four digits")
        })?,
    };
    let (people, principal) = (site.people.clone(), signed.principal());
    let units = blocking(move || people.completion(&principal, year.year())).await??;
    let mut total = Completion::default();
    for one in &units {
        total.assigned = total.assigned.saturating_add(one.assigned);
        total.done = total.done.saturating_add(one.done);
        total.exempt = total.exempt.saturating_add(one.exempt);
        total.overdue = total.overdue.saturating_add(one.overdue);
    }
    let page = &signed.page;
    let lines = units.iter().map(|one| CompletionLine::new(page.unit_named(site, &one.unit), one)).collect();
    Ok((year, lines, CompletionLine::new(page.l("合計", "Total").to_owned(), &total)))
}

pub(super) async fn completion(
    State(site): State<Site>,
    signed: Signed,
    Query(query): Query<YearQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (year, lines, total) = attendance(&site, &signed, &query.year).await?;
        let current = FiscalYear::of(site.registers.env().today).year();
        let p = signed.page;
        let years = (0..YEARS)
            .filter_map(|back| FiscalYear::new(current.saturating_sub(back)))
            .map(|year| (year.year(), year_label(&p, year)))
            .collect();
        let template =
            CompletionTemplate { label: year_label(&p, year), year: year.year(), years, lines, total, p };
        Ok(show(&template))
    })
    .await
}

pub(super) async fn completion_csv(
    State(site): State<Site>,
    signed: Signed,
    Query(query): Query<YearQuery>,
) -> Response {
    framed(signed.page.clone(), async move {
        let (year, lines, total) = attendance(&site, &signed, &query.year).await?;
        // With a byte-order mark, so that Excel reads it as UTF-8.
        let mut text = format!(
            "\u{feff}{}\r\n",
            signed
                .page
                .l("所属,対象者数,修了,免除,期限超過,修了率", "Unit,Assigned,Done,Exempt,Overdue,Rate")
        );
        for line in lines.iter().chain([&total]) {
            text.push_str(&format!(
                "{},{},{},{},{},{}\r\n",
                cell(&line.unit),
                line.assigned,
                line.done,
                line.exempt,
                line.overdue,
                line.rate
            ));
        }
        let name = format!("attachment; filename=\"training-{}.csv\"", year.year());
        Ok((
            [
                (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
                (header::CONTENT_DISPOSITION, name),
                (header::CACHE_CONTROL, "no-store".to_owned()),
            ],
            text,
        )
            .into_response())
    })
    .await
}

/// A cell of a CSV file: quoted, and never the start of a formula.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_of_those_who_have_to_attend() {
        let check = |done, of, expect: &str| assert_eq!(rate(done, of), expect);
        check(2, 3, "66.6%");
        check(3, 3, "100.0%");
        check(0, 3, "0.0%");
        check(0, 0, "—");
    }

    #[test]
    fn a_cell_never_begins_a_formula_and_keeps_its_quotes() {
        let check = |text: &str, expect: &str| assert_eq!(cell(text), expect);
        check("総務課", "\"総務課\"");
        check("=1+1", "\"'=1+1\"");
        check("a\"b", "\"a\"\"b\"");
    }

    #[test]
    fn answers_are_read_question_by_question() {
        let body: Vec<(String, String)> = [("csrf", "x"), ("q1", "1"), ("q2", "0"), ("q2", "2"), ("q3", "x")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        assert_eq!(chosen(&body, 3), [vec![1], vec![0, 2], vec![]]);
    }
}
