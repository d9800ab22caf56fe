//! Values for people: 令和8年4月1日, 12,000円, labels and names. What is shown can be read back by `read`.

use super::{Lookup, Value, spelling};
use crate::definition::{Field, FieldType};
use crate::era;
use crate::text::Lang;

impl Field {
    /// The value for people; empty for nothing.
    #[must_use]
    pub fn show(&self, value: &Value, lang: Lang, lookup: &dyn Lookup) -> String {
        let day = |day: &jiff::civil::Date| match lang {
            Lang::Ja => era::format_wareki(*day),
            Lang::En => day.to_string(),
        };
        match (&self.kind, value) {
            (_, Value::Null) => String::new(),
            (FieldType::FiscalYear, Value::Int(year)) => fiscal_year(*year, lang),
            (FieldType::Yen, Value::Int(yen)) => match lang {
                Lang::Ja => format!("{}円", spelling::grouped(*yen)),
                Lang::En => format!("¥{}", spelling::grouped(*yen)),
            },
            (_, Value::Int(number)) => spelling::grouped(*number),
            (_, Value::Decimal(thousandths)) => spelling::decimal(*thousandths),
            (_, Value::Bool(flag)) => match (flag, lang) {
                (true, Lang::Ja) => "はい",
                (false, Lang::Ja) => "いいえ",
                (true, Lang::En) => "yes",
                (false, Lang::En) => "no",
            }
            .to_owned(),
            (_, Value::Date(date)) => day(date),
            (_, Value::Time(time)) => {
                format!("{} {:02}:{:02}", day(&time.date()), time.hour(), time.minute())
            }
            (_, Value::Period { from, to }) => {
                let to = to.as_ref().map(day).unwrap_or_default();
                match lang {
                    Lang::Ja => format!("{}～{to}", day(from)),
                    Lang::En => format!("{} – {to}", day(from)).trim_end().to_owned(),
                }
            }
            (FieldType::Choice, Value::Text(id)) => self.show_choice(id, lang),
            (FieldType::Person, Value::Text(id)) => lookup.show_person(id),
            (FieldType::Unit, Value::Text(id)) => lookup.show_unit(id, lang),
            (FieldType::Zone, Value::Text(id)) => lookup.show_zone(id, lang),
            (FieldType::Class(_), Value::Text(id)) => lookup.show_class(id, lang),
            (FieldType::Reference(register), Value::Text(id)) => lookup.show_row(register.as_str(), id),
            (_, Value::Text(text)) => text.clone(),
            (kind, Value::List(ids)) => {
                // In the order of the definition for choices, by name for rows: ids mean nothing to people.
                let mut shown: Vec<String> = match kind {
                    FieldType::Choices => {
                        let known =
                            self.choices.iter().filter(|c| ids.contains(&c.id)).map(|c| c.id.as_str());
                        let unknown = ids.iter().map(String::as_str).filter(|id| self.choice(id).is_none());
                        known.chain(unknown).map(|id| self.show_choice(id, lang)).collect()
                    }
                    FieldType::References(register) => {
                        ids.iter().map(|id| lookup.show_row(register.as_str(), id)).collect()
                    }
                    _ => ids.clone(),
                };
                if !matches!(kind, FieldType::Choices) {
                    shown.sort();
                }
                shown.join(if lang == Lang::Ja { "、" } else { ", " })
            }
            (_, Value::File { name, .. }) => name.clone(),
        }
    }

    fn show_choice(&self, id: &str, lang: Lang) -> String {
        self.choice(id).map_or_else(|| id.to_owned(), |choice| choice.label.get(lang).to_owned())
    }
}

fn fiscal_year(year: i64, lang: Lang) -> String {
    match (lang, i16::try_from(year).ok().and_then(era::FiscalYear::new)) {
        (Lang::Ja, Some(year)) => year.label(),
        (Lang::Ja, None) => format!("{year}年度"),
        (Lang::En, _) => format!("FY{year}"),
    }
}
