//! People: the register of staff, offices, consents, courses and training.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::seeds::{Post, Unit};
use super::town::{ADMINISTRATOR, CHIEF, CISO, Member, Town, later, row, yes};

/// Fills the register of staff up to `people`.
pub(super) fn staff(town: &mut Town, people: usize) {
    let known: Vec<Member> = town.rows("staff").iter().filter_map(member).collect();
    town.staff = known;
    let missing = people.saturating_sub(town.staff.len());
    let mut logins: BTreeSet<String> = town.staff.iter().map(|member| member.login.clone()).collect();
    let mut names: BTreeSet<String> = town.staff.iter().map(|member| member.name.clone()).collect();
    let places = places(town, missing);
    for (index, unit) in places.into_iter().enumerate() {
        let post = post_for(town, &unit);
        let (name, kana, login) = loop {
            let (Some(family), Some(given)) = (
                town.chance.one(&town.seeds.family.clone()).cloned(),
                town.chance.one(&town.seeds.given.clone()).cloned(),
            ) else {
                return;
            };
            let name = format!("{}　{}", family.ja, given.ja);
            if names.insert(name.clone()) {
                let initial: String = given.romaji.chars().take(1).collect();
                let base = format!("{initial}-{}", family.romaji);
                let login = std::iter::once(base.clone())
                    .chain((2..).map(|n| format!("{base}{n}")))
                    .find(|login| !logins.contains(login))
                    .unwrap_or(base);
                break (name, format!("{}　{}", family.kana, given.kana), login);
            }
        };
        logins.insert(login.clone());
        let contract_ends = matches!(post.employment.as_str(), "fixed-term" | "reappointed" | "dispatched");
        let april = town.april();
        let joined = match post.employment.as_str() {
            "fixed-term" | "reappointed" | "dispatched" => april,
            _ => {
                let (from, to) = years_of(&post.id);
                let year = i16::try_from(town.chance.between(from, to)).unwrap_or(2000);
                date(year, 4, 1).min(april)
            }
        };
        let left = (index % 97 == 41).then(|| town.ago(40));
        let handles = unit.individual_numbers && town.chance.of_hundred(55);
        let mut roles: BTreeSet<String> = post.roles.iter().cloned().collect();
        roles.insert("staff".to_owned());
        if roles.contains("section-manager") {
            // What a unit's head answers for beside the unit.
            let beside = ["system-manager", "general-affairs", "public-relations"];
            roles.extend(unit.offices.iter().filter(|office| beside.contains(&office.as_str())).cloned());
        }
        let number = format!("{}", 300_001_usize.saturating_add(index));
        let title = match post.id.as_str() {
            "section-head" => format!("{}長", unit.name_ja),
            "department-head" => format!("{}長", unit.name_ja),
            _ => post.ja.clone(),
        };
        row!(town, "staff", {
            staff_number: number, name: name, kana: kana, unit: unit.id, post: title, grade: post.grade,
            employment: post.employment, login: login, mail: format!("{login}@city.imari.example"),
            roles: roles.iter().cloned().collect::<Vec<_>>().join("、"),
            handles_individual_numbers: yes(handles), joined_on: joined,
            term_ends_on: if contract_ends { town.march().to_string() } else { String::new() },
            left_on: left.filter(|left| *left >= joined).map(|left| left.to_string()).unwrap_or_default(),
        });
        town.staff.push(Member {
            number,
            name,
            kana,
            unit: unit.id.clone(),
            post: title,
            login,
            employment: post.employment.clone(),
            roles,
            handles,
            joined,
            left: left.filter(|left| *left >= joined),
        });
    }
}

fn member(row: &BTreeMap<String, String>) -> Option<Member> {
    let text = |field: &str| row.get(field).cloned().unwrap_or_default();
    Some(Member {
        number: text("staff_number"),
        name: text("name"),
        kana: text("kana"),
        unit: text("unit"),
        post: text("post"),
        login: text("login"),
        employment: text("employment"),
        roles: text("roles").split('、').map(ToOwned::to_owned).collect(),
        handles: text("handles_individual_numbers") == "はい",
        joined: row.get("joined_on")?.parse().ok()?,
        left: row.get("left_on").and_then(|day| day.parse().ok()),
    })
}

/// Whoever leads a unit; the 監査委員事務局長 does so without managing its information alone.
fn leads(member: &Member) -> bool {
    ["section-manager", "department-head", "audit-chief"].iter().any(|role| member.roles.contains(*role))
}

/// The unit of each newcomer: heads first, then by weight.
fn places(town: &Town, missing: usize) -> Vec<Unit> {
    let mut have: BTreeMap<String, usize> = BTreeMap::new();
    for member in &town.staff {
        let count = have.entry(member.unit.clone()).or_default();
        *count = count.saturating_add(1);
    }
    let mut places: Vec<Unit> = Vec::new();
    for unit in &town.units {
        let led = town.staff.iter().any(|member| member.unit == unit.id && leads(member));
        if !led && places.len() < missing {
            places.push(unit.clone());
            let count = have.entry(unit.id.clone()).or_default();
            *count = count.saturating_add(1);
        }
    }
    while places.len() < missing {
        // The unit that is shortest of people in proportion to its weight; departments have their head only.
        let next = town
            .units
            .iter()
            .filter(|unit| unit.kind != "department")
            .min_by_key(|unit| {
                let count = have.get(&unit.id).copied().unwrap_or(0);
                count.saturating_mul(10_000).checked_div(unit.people.max(1)).unwrap_or(usize::MAX)
            })
            .cloned();
        let Some(unit) = next else { return places };
        let count = have.entry(unit.id.clone()).or_default();
        *count = count.saturating_add(1);
        places.push(unit);
    }
    places
}

fn post_for(town: &mut Town, unit: &Unit) -> Post {
    let posts = town.seeds.posts.clone();
    let named = |id: &str| posts.iter().find(|post| post.id == id).cloned();
    let here: Vec<&Member> = town.staff.iter().filter(|member| member.unit == unit.id).collect();
    let led = here.iter().any(|member| leads(member));
    let deputised = here.iter().any(|m| m.roles.contains("deputy"));
    let lead = match (unit.kind.as_str(), led) {
        ("department", false) => named("department-head"),
        (_, false) => named(if matches!(unit.body.as_str(), "mayor" | "education" | "waterworks") {
            "section-head"
        } else {
            "office-head"
        }),
        (_, true) if !deputised && here.len() >= 3 => named("deputy-section-head"),
        _ => None,
    };
    let many = [
        "chief",
        "senior",
        "senior",
        "officer",
        "clerk",
        "clerk",
        "clerk",
        "junior",
        "reappointed",
        "fixed-term",
        "fixed-term",
    ];
    let id = match unit.id.as_str() {
        "hoikuen" => "childcare",
        "toshokan" if town.chance.of_hundred(50) => "fixed-term-library",
        "kenko" if town.chance.of_hundred(40) => "nurse",
        "doro" | "gesuido" | "suido-koji" | "kenchiku" if town.chance.of_hundred(40) => "engineer",
        "shimin-ka" if town.chance.of_hundred(25) => "fixed-term-counter",
        _ => town.chance.word(&many),
    };
    let fallback = || Post {
        id: "clerk".to_owned(),
        ja: "主事".to_owned(),
        employment: "regular".to_owned(),
        grade: String::new(),
        share: 1,
        roles: vec!["staff".to_owned()],
    };
    lead.or_else(|| named(id).filter(|post| post.share > 0)).unwrap_or_else(fallback)
}

/// Years in which people of a post joined.
fn years_of(post: &str) -> (i64, i64) {
    match post {
        "department-head" | "section-head" | "office-head" => (1988, 1999),
        "deputy-section-head" => (1997, 2005),
        "chief" => (2001, 2010),
        "senior" | "nurse" => (2007, 2016),
        "officer" | "engineer" | "secretary" => (2012, 2019),
        "junior" => (2024, 2026),
        _ => (2016, 2025),
    }
}

/// 任命: heads of every unit for this fiscal year and the one before, and who handles individual numbers. Some are vacant.
pub(super) fn offices(town: &mut Town) {
    let taken: BTreeSet<(String, String)> = town
        .rows("offices")
        .iter()
        .filter_map(|row| Some((row.get("unit")?.clone(), row.get("office")?.clone())))
        .collect();
    let april = town.april();
    for last in [true, false] {
        let start = if last { april.checked_sub(1.year()).unwrap_or(april) } else { april };
        let end = later(start, 364);
        for (index, unit) in town.units.clone().into_iter().enumerate() {
            let office = if unit.kind == "department" { "department-head" } else { "section-manager" };
            if !last && taken.contains(&(unit.id.clone(), office.to_owned())) {
                continue;
            }
            let head = town.head(&unit.id);
            let of_unit = town.members(&unit.id).iter().any(|member| member.number == head);
            let vacant = !last && (index % 17 == 16 || !of_unit);
            let deputy = if of_unit && town.members(&unit.id).len() > 1 {
                town.other(&unit.id, &[&head])
            } else {
                String::new()
            };
            row!(town, "offices", {
                fiscal_year: Town::year(start), office: office, body: unit.body, unit: unit.id,
                person: if vacant { String::new() } else { head.clone() },
                term_of_office: format!("{start}～{end}"), appointed_on: start,
                basis: "長の職をもって充てる",
                deputy_person: if vacant || index % 13 == 5 { String::new() } else { deputy },
                duties: "所属の情報資産の管理と許可",
                note: if vacant { "後任の任命を手続中" } else { "" },
            });
        }
    }
    for unit in town.sections().into_iter().filter(|unit| unit.individual_numbers) {
        let handlers: Vec<String> = town
            .members(&unit.id)
            .into_iter()
            .filter(|member| member.handles)
            .take(3)
            .map(|member| member.number.clone())
            .collect();
        for number in handlers {
            row!(town, "offices", {
                fiscal_year: Town::year(april), office: "mynumber-handler", body: unit.body, unit: unit.id,
                person: number, term_of_office: format!("{april}～{}", later(april, 364)), appointed_on: april,
                basis: "所属長の指名", handling_scope: format!("{}の個人番号利用事務", unit.name_ja),
            });
        }
    }
}

/// 同意: everybody in the running year; a few are open, overdue or on paper.
pub(super) fn consents(town: &mut Town) {
    let asked: BTreeSet<String> =
        town.rows("consents").iter().filter_map(|row| row.get("person").cloned()).collect();
    let april = town.april();
    let version = format!("{}改正", sekisho_register::era::format_wareki(april));
    for (index, member) in town.staff.clone().into_iter().enumerate() {
        if asked.contains(&member.number) {
            continue;
        }
        let requested = april.max(member.joined);
        let due = later(requested, 29);
        let joined_now = member.joined >= april;
        let state = match index % 60 {
            17 => "requested",
            33 => "excused",
            _ => "consented",
        };
        let given = town.chance.between(1, 25);
        let on = town.after(requested, given);
        let paper = index % 11 == 3;
        let head = town.head(&member.unit);
        let explained = joined_now && head != member.number;
        row!(town, "consents", {
            person: member.number, unit: member.unit, employment: member.employment,
            fiscal_year: Town::year(april), policy_version: version,
            occasion: if joined_now { "joining" } else { "revision" },
            requested_on: requested, due_on: due,
            explained_by: if explained { head } else { String::new() },
            explained_on: if explained { requested.to_string() } else { String::new() },
            state: state,
            means: match (state, paper) { ("consented", true) => "paper", ("consented", false) => "screen", _ => "" },
            consented_on: if state == "consented" { on.to_string() } else { String::new() },
            paper_place: if state == "consented" && paper { "所属の簿冊「遵守同意書」" } else { "" },
            reason: if state == "excused" { "育児休業中。復帰時に依頼する。" } else { "" },
        });
    }
}

/// 科目, plans of two years and everybody's records.
pub(super) fn training(town: &mut Town) {
    for course in town.seeds.courses.clone() {
        if town.has("courses", "name", &course.ja) {
            continue;
        }
        let revised = town.ago(200);
        row!(town, "courses", {
            name: course.ja, kind: course.kind, audience: course.audience.join("、"), form: course.form,
            minutes: course.minutes, provider: "情報政策課", legal_basis: "対策基準5.2",
            summary: format!("{}に必要な知識と手順を学びます。", course.ja),
            material_place: "情報政策課 共有フォルダー 研修教材", questions: course.questions,
            pass_score: if course.questions == 0 { String::new() } else { course.pass_score.to_string() },
            unit: "joho-seisaku", revised_on: revised, review_due_on: later(revised, 365), state: "open",
        });
    }
    let keys: BTreeMap<String, String> = town
        .rows("courses")
        .iter()
        .filter_map(|row| Some((row.get("name")?.clone(), row.get("number")?.clone())))
        .collect();
    let april = town.april();
    let planned: BTreeSet<(String, String)> = town
        .rows("training-plans")
        .iter()
        .filter_map(|row| Some((row.get("course")?.clone(), row.get("fiscal_year")?.clone())))
        .collect();
    let mut plans: BTreeMap<(String, bool), (String, Date, Date)> = BTreeMap::new();
    for last in [true, false] {
        let first = if last { april.checked_sub(1.year()).unwrap_or(april) } else { april };
        for course in town.seeds.courses.clone() {
            let Some(key) = keys.get(&course.ja).cloned() else { continue };
            let months = (i64::from(course.month).saturating_sub(4)).rem_euclid(12);
            let starts = first.checked_add(months.months()).unwrap_or(first);
            let ends = later(starts, if course.form == "screen" { 60 } else { 10 });
            if planned.contains(&(key.clone(), Town::year(first).to_string())) {
                plans.insert((key, last), (String::new(), starts, ends));
                continue;
            }
            let over = ends < town.today;
            let state = if over {
                "done"
            } else if starts <= town.today {
                "running"
            } else {
                "approved"
            };
            let targets = i64::try_from(town.staff.len()).unwrap_or(0).max(10);
            let targets = if course.audience.iter().any(|a| a == "all") { targets } else { targets / 10 };
            let attended = targets.saturating_sub(targets / 50);
            let rate = attended.saturating_mul(1000).checked_div(targets).unwrap_or(0);
            let plan = row!(town, "training-plans", {
                fiscal_year: Town::year(first), title: format!("{} {}", Town::year_label(first), course.ja),
                course: key, unit: "joho-seisaku", audience: course.audience.join("、"), target_count: targets,
                starts_on: starts, ends_on: ends, retry_starts_on: later(ends, 20), retry_ends_on: later(ends, 50),
                place: if course.form == "screen" { "庁内ポータル" } else { "市役所 大会議室" }, lecturer: "情報政策課",
                budget: "0", objective: format!("{}を対象に理解を確かめる。", course.ja),
                approved_on: later(first, -14), state: state,
                attended_count: if over { attended.to_string() } else { String::new() },
                passed_count: if over { attended.to_string() } else { String::new() },
                absent_count: if over { targets.saturating_sub(attended).to_string() } else { String::new() },
                attendance_rate: if over { format!("{}.{}", rate / 10, rate % 10) } else { String::new() },
                evaluation: if over { "欠席者に再受講の日程を知らせる。" } else { "" },
                reported_on: if over && later(ends, 60) <= town.today { later(ends, 60).to_string() } else { String::new() },
            });
            plans.insert((keys.get(&course.ja).cloned().unwrap_or_default(), last), (plan, starts, ends));
        }
    }
    records(town, &keys, &plans);
}

fn records(
    town: &mut Town,
    keys: &BTreeMap<String, String>,
    plans: &BTreeMap<(String, bool), (String, Date, Date)>,
) {
    let have: BTreeSet<(String, String)> = town
        .rows("training-records")
        .iter()
        .filter_map(|row| Some((row.get("person")?.clone(), row.get("course")?.clone())))
        .collect();
    for course in town.seeds.courses.clone() {
        let Some(key) = keys.get(&course.ja).cloned() else { continue };
        let audience: BTreeSet<&str> = course.audience.iter().map(String::as_str).collect();
        for last in [true, false] {
            // Of last year the records of the yearly course are enough.
            if last && course.kind != "yearly" && course.kind != "individual-number" {
                continue;
            }
            let Some((plan, starts, ends)) = plans.get(&(key.clone(), last)).cloned() else { continue };
            if starts > town.today || (course.form == "external" && last) {
                continue;
            }
            for (index, member) in town.staff.clone().into_iter().enumerate() {
                let wanted = audience.contains("all") && course.form == "screen"
                    || audience.contains("individual-number") && member.handles
                    || audience.contains("section-manager") && member.roles.contains("section-manager")
                    || audience.contains("executive") && member.roles.contains("department-head")
                    || audience.contains("system") && member.roles.contains("administrator")
                    || audience.contains("fixed-term") && member.employment == "fixed-term" && !last;
                let gone = member.left.is_some_and(|left| left < starts);
                if !wanted
                    || gone
                    || member.joined > starts
                    || (!last && have.contains(&(member.number.clone(), key.clone())))
                {
                    continue;
                }
                record(town, &member, index, &course, &key, &plan, (starts, ends));
            }
        }
    }
}

fn record(
    town: &mut Town,
    member: &Member,
    index: usize,
    course: &super::seeds::Course,
    key: &str,
    plan: &str,
    (starts, ends): (Date, Date),
) {
    let state = match index % 50 {
        13 => "assigned",
        29 => "failed",
        44 if !member.handles => "exempt",
        _ if course.questions == 0 => "attended",
        _ => "passed",
    };
    let days = town.chance.between(0, 40);
    let on = town.after(starts, days);
    let attended = matches!(state, "passed" | "attended" | "failed");
    let pass = i64::from(course.pass_score);
    let score = match state {
        "passed" => pass.saturating_add(town.chance.between(0, 2).saturating_mul(10)).min(100),
        "failed" => pass.saturating_sub(20).max(0),
        _ => 0,
    };
    let scored = attended && course.questions > 0;
    row!(town, "training-records", {
        person: member.number, unit: member.unit, fiscal_year: Town::year(starts), plan: plan, course: key,
        handles_individual_numbers: yes(member.handles), assigned_on: starts, due_on: ends,
        reminders_sent: if state == "assigned" { "1" } else { "0" }, state: state,
        attended_on: if attended { on.to_string() } else { String::new() },
        minutes: if attended { course.minutes.to_string() } else { String::new() },
        pass_score: if scored { pass.to_string() } else { String::new() },
        score: if scored { score.to_string() } else { String::new() },
        absence_reason: if state == "exempt" { "休職中" } else { "" },
        retry_due_on: if state == "failed" { later(ends, 50).to_string() } else { String::new() },
        next_due_on: if attended && member.handles { later(on, 365).to_string() } else { String::new() },
    });
}

/// Drills, meetings, plans for improvement, telephone numbers.
pub(super) fn oversight(town: &mut Town) {
    let targets = i64::try_from(town.staff.len()).unwrap_or(100);
    for (days, scenario, text) in [
        (380, "attachment", "人事異動の内示"),
        (520, "link", "会議の日程調整"),
        (30, "qr", "駐車場の更新手続"),
    ] {
        let sent = town.ago(days);
        let opened = targets / 8;
        let told = targets.saturating_mul(55) / 100;
        let tenth = |n: i64| {
            let rate = n.saturating_mul(1000).checked_div(targets).unwrap_or(0);
            format!("{}.{}", rate / 10, rate % 10)
        };
        row!(town, "phishing-drills", {
            fiscal_year: Town::year(sent), title: format!("{} 標的型攻撃メール訓練（{text}）", Town::year_label(sent)),
            scenario: scenario, scenario_text: text, sent_on: sent, ends_on: later(sent, 7),
            target_count: targets, opened_count: opened, entered_count: opened / 4, reported_count: told,
            opened_rate: tenth(opened), report_rate: tenth(told), first_report_minutes: 7,
            lessons: "差出人の表示名だけで判断した例が多かった。", follow_up_on: later(sent, 14), follow_up_count: opened,
        });
    }
    let findings = [
        ("離席時に画面を施錠していない", "周知の不足", "10分で自動的に施錠する設定にする"),
        ("書庫の鍵の管理簿に記入がない", "手順が知られていない", "鍵の受渡しを台帳に記録する"),
        ("USBメモリの現物の確認が遅れている", "担当の交代時の引継ぎ", "四半期ごとに現物を確かめる"),
        ("委託先の従事者名簿が古い", "変更の届出がない", "月次の報告に名簿の確認を加える"),
        ("退職者の利用者IDが残っている", "人事課からの連絡の遅れ", "異動の取込みで停止を確かめる"),
        ("個人情報を含む書類が机上にある", "保管場所の不足", "施錠できる保管庫を置く"),
        ("サーバのログの点検記録がない", "点検者が決まっていない", "点検者を指名し、月次で記録する"),
    ];
    for (index, unit) in town.sections().into_iter().enumerate().filter(|(index, _)| index % 2 == 0) {
        let (finding, cause, plan) = findings.get(index % findings.len()).copied().unwrap_or_default();
        let found = town.ago(town_days(index, 60, 420));
        let responsible = town.head(&unit.id);
        let done = index % 3 != 0;
        let on = town.after(found, 80);
        let confirmer = if responsible == CHIEF { "100590" } else { CHIEF };
        row!(town, "improvement-plans", {
            fiscal_year: Town::year(found), source: ["internal-audit", "self-check", "drill", "risk"].get(index % 4).copied().unwrap_or("risk"),
            source_ref: format!("{}-{:02}", Town::year_label(found), index), found_on: found,
            finding: format!("{}: {finding}", unit.name_ja), cause: cause,
            priority: ["high", "medium", "low"].get(index % 3).copied().unwrap_or("medium"),
            unit: unit.id, responsible: responsible, plan: plan, due_on: later(found, 120),
            status: if done { "confirmed" } else { "doing" }, percent: if done { 100 } else { 40 },
            progress: if done { "実施済" } else { "手順書の案を作成中" },
            done_on: if done { on.to_string() } else { String::new() },
            evidence_note: if done { "実施記録を所属の簿冊に保存" } else { "" },
            confirmed_by: if done { confirmer } else { "" },
            confirmed_on: if done { town.after(on, 10).to_string() } else { String::new() },
        });
    }
    for (index, unit) in town.sections().into_iter().enumerate() {
        let head = town.head(&unit.id);
        let confirmed = town.ago(town_days(index, 20, 300));
        row!(town, "contacts", {
            contact_kind: "internal", organisation: "伊万里市", section_name: unit.name_ja,
            post: "情報セキュリティ管理者", staff_person: head, phone_day: format!("0955-00-1{index:03}"),
            phone_night: format!("090-0000-1{index:03}"), when_to_call: "所属でインシデントが疑われるとき、直ちに",
            call_order: index.saturating_add(3).min(99), unit: "joho-seisaku", confirmed_on: confirmed,
            confirmed_by: ADMINISTRATOR, confirm_due_on: later(confirmed, 364),
        });
    }
    let decided = town.ago(200);
    let _ = CISO;
    for (index, unit) in town.sections().into_iter().enumerate().filter(|(index, _)| index % 2 == 1) {
        let reviewed = town.ago(town_days(index, 60, 330));
        let person = town.other(&unit.id, &[]);
        row!(town, "regulations", {
            title: format!("{}情報セキュリティ実施手順", unit.name_ja), doc_tier: "procedure", disclosure: "closed",
            document_number: format!("手順第{index}号"), clauses: "7", unit: unit.id, person: person,
            readers: format!("{}の職員、監査担当者", unit.name_ja), place: format!("{} 簿冊", unit.name_ja),
            enacted_on: date(2019, 4, 1), revised_on: decided.min(reviewed), effective_from: date(2019, 4, 1),
            edition: "第3版", decided_by: "情報セキュリティ管理者", reviewed_on: reviewed, review_result: "unchanged",
            review_reason: "業務と機器に変更がないため", review_due_on: later(reviewed, 365), state: "in-force",
        });
    }
}

/// Spreads rows over days without chance.
pub(super) fn town_days(index: usize, from: i64, to: i64) -> i64 {
    let index = i64::try_from(index).unwrap_or(0);
    let width = to.saturating_sub(from).max(1);
    from.saturating_add(index.saturating_mul(37).rem_euclid(width))
}

/// Slides and questions in the notation of courses.
pub(super) fn course_text(name: &str) -> String {
    format!(
        "# {name}\nこの研修では、毎日の仕事で守ることを確かめます。\n\n\
         # 情報の分類\n文書を作ったら、機密性・完全性・可用性の分類を決めて表示します。\n住民の個人情報は自治体機密性3Bです。\n\n\
         # メールと持出し\n宛先は送る前に声に出して確かめます。\n持ち出すときは課長の許可を受け、台帳に記録します。\n\n\
         # おかしいと思ったら\n電源を切らず、LANケーブルを抜いて、情報政策課（統一的窓口）に連絡します。\n\n\
         ? 電話で情報政策課の職員を名乗る人に、パスワードを聞かれました。\n- 急ぎのようなので教える\n+ 教えず、いったん切って窓口の番号に掛け直す\n- メールで送る\n> 職員がパスワードを聞くことはありません。\n\n\
         ? 家で作業するため、住民の個人情報を私物のUSBメモリに入れました。\n- 暗号化すればよい\n+ 私物の媒体には入れない\n- 当日中に消せばよい\n> 支給された媒体だけを、許可を受けて使います。\n\n\
         ? 不審な添付ファイルを開いてしまいました。最初にすることはどれですか。\n- 電源を切る\n- 様子を見る\n+ LANケーブルを抜き、すぐに窓口へ連絡する\n> 電源を切ると、原因を調べる手掛かりが失われます。\n\n\
         ? 離席するときに必要なことはどれですか（2つ）。\n+ 画面を施錠する\n+ 書類を机の上に残さない\n- 付箋にパスワードを書いて貼る\n> 短い離席でも施錠します。\n\n\
         ? 退庁するとき、廃棄する住民の名簿はどうしますか。\n- 資源ごみに出す\n+ 施錠した保管庫に入れ、決められた方法で廃棄する\n- 裏紙に使う\n> 廃棄は台帳に記録し、立会いを受けます。\n"
    )
}
