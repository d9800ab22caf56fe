//! The city while it is being made up: people, the day, chance, and rows as text, spelled as in the sample files. Nothing
//! here knows a rule of a register; what does not fit is refused when it is saved.

use std::collections::{BTreeMap, BTreeSet};

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday, date};

use sekisho_register::era::{self, FiscalYear};
use sekisho_register::{Catalogue, Definition, FieldType};

use super::seeds::{Seeds, Unit};
use crate::failure::Failure;

/// The day on which the sample rows stand.
const SAMPLE_DAY: Date = date(2026, 11, 23);

/// A row: field → text.
pub(super) type Row = BTreeMap<String, String>;

/// Adds a row and gives its key.
macro_rules! row {
    ($town:expr, $register:literal, { $($field:ident : $value:expr),* $(,)? }) => {{
        let cells = vec![$((stringify!($field), ($value).to_string())),*];
        $town.add($register, cells)
    }};
}
pub(super) use row;

/// Chance that is the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to below `n`; 0 when there is nothing to choose from.
    pub(super) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n).unwrap_or(u64::MAX);
        usize::try_from(self.next().checked_rem(n).unwrap_or(0)).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = usize::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(1);
        low.saturating_add(i64::try_from(self.below(width)).unwrap_or(0))
    }

    /// True in so many of a hundred cases.
    pub(super) fn of_hundred(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn word(&mut self, words: &[&'static str]) -> &'static str {
        words.get(self.below(words.len())).copied().unwrap_or_default()
    }

    pub(super) fn one<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }
}

/// Somebody on the register of staff.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) number: String,
    pub(super) name: String,
    pub(super) kana: String,
    pub(super) unit: String,
    pub(super) post: String,
    pub(super) login: String,
    pub(super) employment: String,
    pub(super) roles: BTreeSet<String>,
    pub(super) handles: bool,
    pub(super) joined: Date,
    pub(super) left: Option<Date>,
}

/// The city.
pub(super) struct Town {
    pub(super) chance: Chance,
    pub(super) today: Date,
    pub(super) seeds: Seeds,
    pub(super) units: Vec<Unit>,
    pub(super) staff: Vec<Member>,
    pub(super) tables: BTreeMap<String, Vec<Row>>,
    keys: BTreeMap<String, (String, String, usize, u64)>,
}

impl Town {
    /// The rows of the samples, from which everything else goes on.
    pub(super) fn new(
        seed: u64,
        today: Date,
        units: usize,
        seeds: Seeds,
        catalogue: &Catalogue,
    ) -> Result<Self, Failure> {
        let mut town = Self {
            chance: Chance::new(seed),
            today,
            units: seeds.units.iter().take(units).cloned().collect(),
            seeds,
            staff: Vec::new(),
            tables: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        for definition in catalogue.iter() {
            let rows = sample(definition, today)?;
            let last = rows
                .iter()
                .filter_map(|row| definition.key_counter(row.get(definition.key.as_str())?))
                .max()
                .unwrap_or(0);
            let id = definition.id.to_string();
            let digits = usize::from(definition.key_digits);
            town.keys.insert(
                id.clone(),
                (definition.key.to_string(), definition.key_prefix.clone(), digits, last),
            );
            town.tables.insert(id, rows);
        }
        Ok(town)
    }

    /// Adds a row; its key is the next number unless the cells hold one.
    pub(super) fn add(&mut self, register: &'static str, cells: Vec<(&'static str, String)>) -> String {
        let mut row: Row = cells
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(field, text)| (field.to_owned(), text))
            .collect();
        let Some((field, prefix, digits, last)) = self.keys.get_mut(register) else { return String::new() };
        let key = row.get(field.as_str()).cloned().unwrap_or_else(|| {
            *last = last.saturating_add(1);
            format!("{prefix}{last:0width$}", width = *digits)
        });
        row.insert(field.clone(), key.clone());
        self.tables.entry(register.to_owned()).or_default().push(row);
        key
    }

    /// Is there a row with this text in this field already?
    pub(super) fn has(&self, register: &str, field: &str, text: &str) -> bool {
        self.rows(register).iter().any(|row| row.get(field).is_some_and(|here| here == text))
    }

    pub(super) fn rows(&self, register: &str) -> &[Row] {
        self.tables.get(register).map_or(&[], Vec::as_slice)
    }

    /// The fiscal year of a day, as a number.
    pub(super) fn year(day: Date) -> i16 {
        FiscalYear::of(day).year()
    }

    /// 令和8年度
    pub(super) fn year_label(day: Date) -> String {
        FiscalYear::of(day).label()
    }

    /// The last working day that is at least so many days ago.
    pub(super) fn ago(&self, days: i64) -> Date {
        working(self.today.checked_sub(days.days()).unwrap_or(self.today))
    }

    /// A working day in so many days or a little before.
    pub(super) fn ahead(&self, days: i64) -> Date {
        working(self.today.checked_add(days.days()).unwrap_or(self.today))
    }

    /// A day after another; never beyond today.
    pub(super) fn after(&self, day: Date, days: i64) -> Date {
        later(day, days).min(self.today).max(day)
    }

    /// 1 April of the running fiscal year.
    pub(super) fn april(&self) -> Date {
        FiscalYear::of(self.today).first_day()
    }

    /// 31 March of the running fiscal year.
    pub(super) fn march(&self) -> Date {
        FiscalYear::of(self.today).last_day()
    }

    pub(super) fn unit(&self, id: &str) -> Option<&Unit> {
        self.units.iter().find(|unit| unit.id == id)
    }

    /// The unit, or the nearest that exists in a smaller city.
    pub(super) fn unit_or(&self, id: &str, other: &str) -> String {
        if self.unit(id).is_some() { id.to_owned() } else { other.to_owned() }
    }

    pub(super) fn unit_name(&self, id: &str) -> String {
        self.unit(id).map(|unit| unit.name_ja.clone()).unwrap_or_default()
    }

    pub(super) fn sections(&self) -> Vec<Unit> {
        self.units.iter().filter(|unit| unit.kind == "section").cloned().collect()
    }

    /// Who is in office in a unit.
    pub(super) fn members(&self, unit: &str) -> Vec<&Member> {
        let here =
            |member: &&Member| member.unit == unit && member.left.is_none_or(|left| left >= self.today);
        self.staff.iter().filter(here).collect()
    }

    /// Who leads a unit; in a unit without a head whoever leads the unit above, and at last the 情報政策課長.
    pub(super) fn head(&self, unit: &str) -> String {
        let mut id = unit.to_owned();
        for _ in 0..5 {
            let lead = |role: &str| {
                self.members(&id).into_iter().find(|m| m.roles.contains(role)).map(|m| m.number.clone())
            };
            if let Some(found) =
                lead("section-manager").or_else(|| lead("department-head")).or_else(|| lead("audit-chief"))
            {
                return found;
            }
            match self.unit(&id).and_then(|unit| unit.parent.clone()) {
                Some(parent) => id = parent,
                None => break,
            }
        }
        CHIEF.to_owned()
    }

    /// Somebody of the unit who is none of those.
    pub(super) fn other(&mut self, unit: &str, not: &[&str]) -> String {
        let fits = |member: &&&Member| !not.contains(&member.number.as_str());
        let mut here: Vec<String> =
            self.members(unit).iter().filter(fits).map(|member| member.number.clone()).collect();
        if here.is_empty() {
            here = [CHIEF, "100513", "100688", "100482", "100721"]
                .into_iter()
                .filter(|number| !not.contains(number))
                .map(ToOwned::to_owned)
                .collect();
        }
        self.chance.one(&here).cloned().unwrap_or_default()
    }

    pub(super) fn name(&self, number: &str) -> String {
        self.staff.iter().find(|member| member.number == number).map(|m| m.name.clone()).unwrap_or_default()
    }
}

/// 情報政策課長 of the samples.
pub(super) const CHIEF: &str = "100355";

/// CISO of the samples.
pub(super) const CISO: &str = "100101";

/// Administrator of the samples.
pub(super) const ADMINISTRATOR: &str = "100513";

pub(super) const fn yes(holds: bool) -> &'static str {
    if holds { "はい" } else { "いいえ" }
}

/// So many days later, whatever the calendar's end.
pub(super) fn later(day: Date, days: i64) -> Date {
    day.checked_add(days.days()).unwrap_or(day)
}

/// The day itself or the Friday before.
fn working(day: Date) -> Date {
    let back = match day.weekday() {
        Weekday::Saturday => 1,
        Weekday::Sunday => 2,
        _ => 0,
    };
    day.checked_sub(back.days()).unwrap_or(day)
}

/// Sample rows. On a day before the one on which they were written they move back as a whole, so that none lies in the
/// future.
fn sample(definition: &Definition, today: Date) -> Result<Vec<Row>, Failure> {
    let Some(text) = definition.sample.as_deref().and_then(sekisho_registers::sample) else {
        return Ok(Vec::new());
    };
    let back = (SAMPLE_DAY - today).get_days().max(0);
    let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
    let fields: Vec<String> = reader.headers()?.iter().map(ToOwned::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let mut row = Row::new();
        for (field, text) in fields.iter().zip(record.iter()) {
            if text.is_empty() {
                continue;
            }
            let kind = definition.field(field).map(|field| &field.kind);
            row.insert(field.clone(), if back > 0 { moved(kind, text, back) } else { text.to_owned() });
        }
        rows.push(row);
    }
    Ok(rows)
}

fn moved(kind: Option<&FieldType>, text: &str, back: i32) -> String {
    let earlier = |day: Date| day.checked_sub(back.days()).unwrap_or(day);
    match kind {
        Some(FieldType::Date) => era::parse_date(text).map(|day| earlier(day).to_string()).ok(),
        Some(FieldType::Time) => era::parse_datetime(text)
            .ok()
            .and_then(|time| time.checked_sub(back.days()).ok())
            .map(|time| time.strftime("%Y-%m-%dT%H:%M").to_string()),
        Some(FieldType::Period) => era::parse_period(text).ok().map(|(from, to)| {
            format!("{}～{}", earlier(from), to.map(|to| earlier(to).to_string()).unwrap_or_default())
        }),
        _ => None,
    }
    .unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance() {
        let draw = |seed: u64| {
            let mut chance = Chance::new(seed);
            (0..20).map(|_| chance.between(-3, 40)).collect::<Vec<_>>()
        };
        assert_eq!(draw(5), draw(5));
        assert_ne!(draw(5), draw(6));
        assert!(draw(9).iter().all(|n| (-3..=40).contains(n)));
        assert_eq!(Chance::new(1).below(0), 0);
    }

    #[test]
    fn a_working_day_is_never_on_a_weekend() {
        for offset in 0..30 {
            let day = working(later(date(2026, 11, 1), offset));
            assert!(!matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday), "{day}");
        }
    }

    #[test]
    fn sample_rows_move_back_with_their_times_and_periods() {
        let check = |kind: FieldType, text: &str, expect: &str| {
            assert_eq!(moved(Some(&kind), text, 10), expect);
        };
        check(FieldType::Date, "2026-11-20", "2026-11-10");
        check(FieldType::Date, "令和8年11月20日", "2026-11-10");
        check(FieldType::Time, "2026-11-16 09:30", "2026-11-06T09:30");
        check(FieldType::Period, "令和8年4月11日～令和9年3月31日", "2026-04-01～2027-03-21");
        check(FieldType::Text, "2026-11-20", "2026-11-20");
    }
}
