//! `sekisho city`: a sample city in an empty data folder. The rows are made up as text and saved like any others: every
//! rule that refuses holds for them. The same seed and day give the same city.

mod assets;
mod load;
mod outsourcing;
mod people;
mod seeds;
mod technical;
mod town;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use jiff::civil::Date;
use serde_json::json;
use totp_rs::Builder;

use sekisho_documents::Adoption;
use sekisho_identity::{Actor, ImportMode, Principal, Way};
use sekisho_policy::{Lang, Policy};
use sekisho_register::era;
use sekisho_store::{Clock, SystemClock};

use crate::args::{CityVerb, GenerateCityArgs};
use crate::failure::Failure;
use crate::place::{self, Services, Surroundings};
use crate::{policy, say};
use seeds::{Seeds, Unit};
use town::Town;

static DECLARATION: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../policies/imari");
static TEXTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../catalog/city/documents");

/// The password of everybody who is enrolled.
const PASSWORD: &str = "imari-yaki no sato 2026";

/// Units of the sample declaration; a smaller city has them too.
const FEWEST_UNITS: usize = 40;

/// People of the sample rows.
const FEWEST_PEOPLE: usize = 42;

/// Most of each.
const MOST_PEOPLE: usize = 5_000;

/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

pub(crate) fn run(verb: &CityVerb, lang: Lang) -> Result<(), Failure> {
    let CityVerb::Generate(args) = verb;
    let data = &args.store.data;
    if data.exists() && fs::read_dir(data)?.next().is_some() {
        let hint = say(lang, "空のフォルダーを指定してください", "give an empty folder");
        return Err(Failure::misuse(format!("{}: {hint}", data.display())));
    }
    if args.people > MOST_PEOPLE {
        return Err(Failure::misuse(format!("--people {}: ≤ {MOST_PEOPLE}", args.people)));
    }
    let now = sekisho_registers::local(SystemClock.now_ms()).date();
    let today = match args.date.as_deref() {
        Some(text) => era::parse_date(text).map_err(|error| {
            let said = if lang == Lang::Ja { error.ja() } else { error.en() };
            Failure::misuse(format!("--date {text}: {said}"))
        })?,
        None => now,
    };
    let city = City {
        seeds: Seeds::read()?,
        today,
        away: i64::from((today - now).get_days()).saturating_mul(DAY_MS),
    };
    city.generate(args, lang)
}

/// The machine's clock, moved to the day of the city.
struct Moved(i64);

impl Clock for Moved {
    fn now_ms(&self) -> i64 {
        SystemClock.now_ms().saturating_add(self.0)
    }
}

struct City {
    seeds: Seeds,
    today: Date,
    /// Milliseconds between the machine's day and the city's.
    away: i64,
}

impl City {
    fn generate(self, args: &GenerateCityArgs, lang: Lang) -> Result<(), Failure> {
        let data = &args.store.data;
        let units = args.units.clamp(FEWEST_UNITS, self.seeds.units.len().max(FEWEST_UNITS));
        let people = args.people.max(FEWEST_PEOPLE);
        let kept: Vec<Unit> = self.seeds.units.iter().take(units).cloned().collect();
        declaration(data, &kept)?;
        let policy = Arc::new(policy::load(&data.join("policy"), lang)?);
        let clock: Arc<dyn Clock> = Arc::new(Moved(self.away));
        let surroundings = Surroundings { clock: Some(clock), ..Surroundings::default() };
        let services = place::open_all(Arc::clone(&policy), &args.store, surroundings, lang)?;

        let mut town = Town::new(args.seed, self.today, units, self.seeds, services.registers.catalogue())?;
        make_up(&mut town, people);
        accounts(&services, &town)?;
        let counts = load::save(&services.registers, &mut town, lang)?;
        let courses = course_contents(&services, &town, &counts)?;
        let documents = documents(&services, lang)?;
        let enrolled = match &args.enrol {
            Some(file) => enrol(&services, &town, file, self.away)?,
            None => 0,
        };
        summary(&services, &town, &counts, &policy, (courses, documents, enrolled), lang);
        Ok(())
    }
}

/// Everything that is in the registers, in an order in which each part can look at those before it.
fn make_up(town: &mut Town, count: usize) {
    people::staff(town, count);
    people::offices(town);
    people::consents(town);
    people::training(town);
    people::oversight(town);
    assets::areas(town);
    assets::networks(town);
    assets::systems(town);
    assets::information(town);
    assets::terminals(town);
    assets::software(town);
    assets::documents(town);
    assets::media(town);
    assets::loans(town);
    assets::carry_outs(town);
    assets::disposals(town);
    assets::movements(town);
    assets::communications(town);
    outsourcing::contracts(town);
    outsourcing::procurements(town);
    outsourcing::exceptions(town);
    outsourcing::services(town);
    outsourcing::social(town);
    technical::accounts(town);
    technical::changes(town);
    technical::failures(town);
    technical::vulnerabilities(town);
}

/// The declaration of the sample, with the city's own units.
fn declaration(data: &Path, units: &[Unit]) -> Result<(), Failure> {
    let folder = data.join("policy");
    fs::create_dir_all(&folder)?;
    for file in DECLARATION.files() {
        let Some(name) = file.path().file_name() else { continue };
        if file.path().extension().is_some_and(|e| e == "toml") && name != "units.toml" {
            fs::write(folder.join(name), file.contents())?;
        }
    }
    // A unit of the sample declaration stands there as it is, with its marks.
    let known = DECLARATION.get_file("units.toml").and_then(|file| file.contents_utf8()).unwrap_or_default();
    let mut text = known.trim_end().to_owned();
    text.push('\n');
    for unit in units.iter().filter(|unit| !known.contains(&format!("id = \"{}\"", unit.id))) {
        text.push_str(&format!(
            "\n[[unit]]\nid = {:?}\nname_ja = {:?}\nname_en = {:?}\nkind = {:?}\nbody = {:?}\n",
            unit.id, unit.name_ja, unit.name_en, unit.kind, unit.body
        ));
        if let Some(parent) = &unit.parent {
            text.push_str(&format!("parent = {parent:?}\n"));
        }
    }
    fs::write(folder.join("units.toml"), text)?;
    Ok(())
}

/// An account for everybody in office, without factors.
fn accounts(services: &Services, town: &Town) -> Result<(), Failure> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["login", "name", "kana", "unit", "roles"])?;
    for member in town.staff.iter().filter(|member| member.left.is_none_or(|left| left >= town.today)) {
        let roles = member.roles.iter().cloned().collect::<Vec<_>>().join(";");
        out.write_record([&member.login, &member.name, &member.kana, &member.unit, &roles])?;
    }
    let text = String::from_utf8(out.into_inner().map_err(|error| Failure::refused(error.to_string()))?)?;
    let report = services.identity.import_people(&Actor::System, &text, ImportMode::Apply)?;
    match report.refused.first() {
        None => Ok(()),
        Some(row) => Err(Failure::refused(format!("accounts, line {}: {}", row.line, row.message.en))),
    }
}

/// Slides and questions of the courses that are taken on the screen.
fn course_contents(services: &Services, town: &Town, saved: &load::Saved) -> Result<usize, Failure> {
    let mut count = 0_usize;
    let author = town.staff.iter().find(|member| member.number == town::ADMINISTRATOR);
    let Some(person) =
        author.map(|author| services.identity.person_by_login(&author.login)).transpose()?.flatten()
    else {
        return Ok(0);
    };
    let Some(zone) = services.policy.zones.first() else { return Ok(0) };
    let author = Principal {
        permissions: services.identity.permissions_of(&person.roles),
        zone: zone.id.clone(),
        way: Way::Token("sekisho city generate".to_owned()),
        step_up_until_ms: None,
        person,
    };
    for (name, row) in &saved.courses {
        services.people.set_content(&author, row, &people::course_text(name))?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// The texts of the city, in force.
fn documents(services: &Services, lang: Lang) -> Result<usize, Failure> {
    let caller = sekisho_documents::Caller::System { reason: "sekisho city generate".to_owned() };
    let said = |error: sekisho_documents::DocumentsError| Failure::refused(error.message(lang));
    let mut count = 0_usize;
    for file in TEXTS.files() {
        let name = file.path().file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.ends_with(".md") || name == "README.md" {
            continue;
        }
        let text = file.contents_utf8().unwrap_or_default();
        let parsed = sekisho_documents::import_text(text);
        let tier = match name {
            "kihon-hoshin.md" => sekisho_documents::Tier::Public,
            "taisaku-kijun.md" => sekisho_documents::Tier::Standard,
            _ => sekisho_documents::Tier::Procedure,
        };
        let dates = parsed.content.history.last().map(|entry| entry.date);
        let effective = dates.unwrap_or(Date::constant(2026, 4, 1));
        let owner: sekisho_policy::UnitId = "joho-seisaku".parse()?;
        let new = sekisho_documents::NewDocument {
            tier,
            title: parsed.content.title.clone(),
            owner: owner.clone(),
            units: match tier {
                sekisho_documents::Tier::Procedure => {
                    services.policy.units.iter().map(|unit| unit.id.clone()).collect()
                }
                _ => Vec::new(),
            },
        };
        let document = services.documents.create(&caller, new).map_err(said)?;
        let draft = sekisho_documents::NewDraft {
            content: parsed.content,
            ids: sekisho_documents::Ids::Match,
            effective_from: effective,
            reason: "見本の市の文書".to_owned(),
        };
        let draft = services.documents.draft_version(&caller, &document, draft).map_err(said)?;
        let published_on = (tier == sekisho_documents::Tier::Public).then_some(effective);
        let adoption = Adoption { decided_on: dates, published_on };
        services.documents.adopt(&caller, &draft, adoption).map_err(said)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Roles of which somebody is enrolled, in this order; `staff` stands for people without another role.
const CAST: [&str; 14] = [
    "ciso",
    "vice-ciso",
    "chief-officer",
    "department-head",
    "section-manager",
    "section-manager",
    "deputy",
    "staff",
    "staff",
    "administrator",
    "general-affairs",
    "auditor",
    "audit-chief",
    "public-relations",
];

/// Password and authenticator for the cast; the file holds their secrets.
fn enrol(services: &Services, town: &Town, file: &Path, away: i64) -> Result<usize, Failure> {
    let mut cast: Vec<serde_json::Value> = Vec::new();
    let mut taken: Vec<&str> = Vec::new();
    for role in CAST {
        let fits = |member: &&town::Member| {
            let alone = role != "staff" || member.roles.len() == 1;
            // A manager of the office that runs everything would be no ordinary manager.
            let ordinary = role != "section-manager"
                || !member.roles.iter().any(|r| r == "system-manager" || r == "general-affairs");
            member.left.is_none()
                && member.roles.contains(role)
                && alone
                && ordinary
                && !taken.contains(&member.login.as_str())
        };
        let Some(member) = town.staff.iter().find(fits) else { continue };
        taken.push(&member.login);
        let Some(person) = services.identity.person_by_login(&member.login)? else { continue };
        let link = services.identity.issue_link(&Actor::System, &person.id)?;
        let setup = services.identity.link_totp(&link.token)?;
        let secret = totp_rs::Secret::try_from_base32(&setup.secret)
            .map_err(|error| Failure::refused(format!("{error:?}")))?;
        let totp = Builder::new()
            .with_secret(secret)
            .build()
            .map_err(|error| Failure::refused(format!("{error:?}")))?;
        let now = SystemClock.now_ms().saturating_add(away);
        // The step before: its code is accepted, and that of the present step stays free for the first sign-in.
        let seconds = u64::try_from(now / 1000).unwrap_or(0).saturating_sub(30);
        services.identity.link_finish_totp(&link.token, PASSWORD, &totp.generate(seconds).to_string())?;
        cast.push(json!({
            "login": member.login, "name": member.name, "unit": member.unit, "role": role, "post": member.post,
            "staff_number": member.number, "password": PASSWORD, "secret": setup.secret,
        }));
    }
    let count = cast.len();
    fs::write(file, serde_json::to_string_pretty(&json!({ "people": cast }))?)
        .map_err(|error| Failure::misuse(format!("{}: {error}", file.display())))?;
    Ok(count)
}

fn summary(
    services: &Services,
    town: &Town,
    saved: &load::Saved,
    policy: &Policy,
    (courses, documents, enrolled): (usize, usize, usize),
    lang: Lang,
) {
    let lang_of = place::register_lang(lang);
    for (register, rows) in &saved.rows {
        let label = services.registers.catalogue().get(register).map(|d| d.label.get(lang_of).to_owned());
        println!("{register}\t{}\t{rows}", label.unwrap_or_default());
    }
    let total: usize = saved.rows.values().sum();
    println!("{}\t{}", say(lang, "行の合計", "rows"), total);
    println!("{}\t{}", say(lang, "執行機関等", "bodies"), policy.bodies.len());
    println!("{}\t{}", say(lang, "所属", "units"), policy.units.len());
    println!("{}\t{}", say(lang, "職員", "people"), town.staff.len());
    println!("{}\t{courses}", say(lang, "画面の研修", "courses on the screen"));
    println!("{}\t{documents}", say(lang, "文書", "documents"));
    println!("{}\t{enrolled}", say(lang, "認証を登録した人", "enrolled people"));
    println!("{}\t{}", say(lang, "基準日", "day"), town.today);
}
