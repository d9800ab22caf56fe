//! Spellings of people become values. Forgiving where the meaning is plain (widths, separators, marks, labels, 和暦),
//! refusing with a reason where it isn't. Free text is kept byte for byte; only spaces at the ends of its lines go.

use jiff::civil::DateTime;

use super::check::period_backwards;
use super::forms::{self, shown};
use super::spelling::{NumberError, compact, narrow, thousandths, thousandths_of, typed};
use super::{Found, Input, Lookup, Value};
use crate::definition::{Choice, Field, FieldType};
use crate::era;
use crate::text::{Lang, Text};

impl Field {
    /// Reads what a person wrote. Blank is [`Value::Null`]; whether the field is required is asked later, by
    /// `Definition::check_row`.
    ///
    /// # Errors
    /// Why it can't be read and what to write instead.
    pub fn read(&self, input: &Input<'_>, lookup: &dyn Lookup) -> Result<Value, Text> {
        if self.derive.is_some() {
            return Err(Text::new(
                format!("{}は自動で計算される項目です。入力できません。", self.label.ja),
                format!("{} is computed and can't be filled in", self.label.en),
            ));
        }
        match *input {
            Input::Empty => Ok(Value::Null),
            Input::Text(text) => self.read_text(text, lookup),
            Input::Number(number) => self.read_number(number, lookup),
            Input::DateTime(moment) => self.read_moment(moment),
            Input::Bool(flag) => match self.kind {
                FieldType::Bool => Ok(Value::Bool(flag)),
                _ => self.read_text(if flag { "TRUE" } else { "FALSE" }, lookup),
            },
        }
    }

    fn read_text(&self, text: &str, lookup: &dyn Lookup) -> Result<Value, Text> {
        if matches!(self.kind, FieldType::Text | FieldType::LongText) {
            let text = clean_text(text, matches!(self.kind, FieldType::LongText))?;
            if text.trim().is_empty() {
                return Ok(Value::Null);
            }
            self.length(&text)?;
            return Ok(Value::Text(text));
        }
        let several = self.kind.is_list() || matches!(self.kind, FieldType::Period | FieldType::Choice);
        let text = clean_text(text, several)?;
        let text = text.trim();
        if text.is_empty() {
            return Ok(Value::Null);
        }
        match &self.kind {
            FieldType::Text | FieldType::LongText => Ok(Value::Null),
            FieldType::NumberCode => {
                let code = narrow(text);
                if code.chars().count() > 60 {
                    return Err(Text::new(
                        "管理番号は60文字以内にしてください。",
                        "a number has at most 60 characters",
                    ));
                }
                Ok(Value::Text(code))
            }
            FieldType::Integer => {
                let number = whole(text, thousandths(text))?;
                self.range(number, &super::spelling::grouped, "").map(|()| Value::Int(number))
            }
            FieldType::Yen => {
                let number = yen(text)?;
                self.range(number, &super::spelling::grouped, "円").map(|()| Value::Int(number))
            }
            FieldType::Number => {
                let number = thousandths(text).map_err(|error| no_number(text, error, false))?;
                self.range(number, &super::spelling::decimal, "").map(|()| Value::Decimal(number))
            }
            FieldType::Date => era::parse_date(text).map(Value::Date).map_err(date_error),
            FieldType::Time => era::parse_datetime(text).map(Value::Time).map_err(date_error),
            FieldType::Period => self.read_period(text),
            // As `show` writes it in English.
            FieldType::FiscalYear => era::FiscalYear::parse(text.strip_prefix("FY").unwrap_or(text))
                .map(|year| Value::Int(i64::from(year.year())))
                .map_err(date_error),
            FieldType::Bool => mark(text).map(Value::Bool).ok_or_else(|| {
                Text::new(
                    format!(
                        "「はい」又は「いいえ」で入力してください（○、×、有、無、済も使えます）: {}",
                        shown(text)
                    ),
                    format!("enter yes or no: {}", shown(text)),
                )
            }),
            FieldType::Choice => self.read_choice(text).map(Value::Text),
            FieldType::Choices => self.read_choices(text),
            FieldType::Person => {
                found(lookup.person(text), text, "職員", "member of staff", Some("職員番号"))
            }
            FieldType::Unit => found(lookup.unit(text), text, "所属", "unit", None),
            FieldType::Zone => found(lookup.zone(text), text, "領域", "zone", None),
            FieldType::Class(axis) => {
                let ja = format!("{}の分類", axis.label(Lang::Ja));
                let en = format!("class of {}", axis.label(Lang::En));
                found(lookup.class(*axis, text), text, &ja, &en, None)
            }
            FieldType::Reference(register) => found(
                lookup.row(register.as_str(), text),
                text,
                &self.label.ja,
                &self.label.en,
                Some("管理番号"),
            ),
            FieldType::References(register) => {
                let row = |part: &str| {
                    found(
                        lookup.row(register.as_str(), part),
                        part,
                        &self.label.ja,
                        &self.label.en,
                        Some("管理番号"),
                    )
                };
                // A title may itself have a comma in it.
                if let Ok(Value::Text(id)) = row(text) {
                    return Ok(Value::list([id]));
                }
                let mut ids = Vec::new();
                for part in parts(text) {
                    if let Value::Text(id) = row(part)? {
                        ids.push(id);
                    }
                }
                Ok(Value::list(ids))
            }
            FieldType::CorporateNumber => forms::corporate_number(text).map(Value::Text),
            FieldType::MunicipalityCode => forms::municipality_code(text).map(Value::Text),
            FieldType::Mac => forms::mac(text).map(Value::Text),
            FieldType::Ip => forms::ip(text).map(Value::Text),
            FieldType::Url => forms::url(text).map(Value::Text),
            FieldType::Mail => forms::mail(text).map(Value::Text),
            FieldType::Phone => forms::phone(text).map(Value::Text),
            FieldType::Code(digits) => forms::code(text, *digits).map(Value::Text),
            FieldType::File => Err(Text::new(
                format!("{}は添付ファイルの項目です。画面から添付してください。", self.label.ja),
                format!("{} is an attachment; attach it on the page", self.label.en),
            )),
        }
    }

    fn read_number(&self, number: f64, lookup: &dyn Lookup) -> Result<Value, Text> {
        let text = typed(number);
        match &self.kind {
            FieldType::Integer | FieldType::Yen => {
                let number = whole(&text, thousandths_of(number))?;
                let unit = if matches!(self.kind, FieldType::Yen) { "円" } else { "" };
                self.range(number, &super::spelling::grouped, unit).map(|()| Value::Int(number))
            }
            FieldType::Number => {
                let number = thousandths_of(number).map_err(|error| no_number(&text, error, false))?;
                self.range(number, &super::spelling::decimal, "").map(|()| Value::Decimal(number))
            }
            // A cell that isn't formatted as a date: eight digits are a day as people type it, else it is the serial
            // number that Excel counts from 1900.
            FieldType::Date if text.len() == 8 => self.read_text(&text, lookup),
            FieldType::Date => era::excel_serial(number, false).map(Value::Date).map_err(date_error),
            FieldType::Time => match era::excel_datetime(number, false) {
                Ok(moment) => self.read_moment(moment),
                Err(error) => Err(date_error(error)),
            },
            // A workbook drops zeros in front of a number.
            FieldType::Code(digits) if number >= 0.0 => {
                self.read_text(&format!("{text:0>width$}", width = usize::from(*digits)), lookup)
            }
            FieldType::MunicipalityCode if number >= 0.0 => self.read_text(&format!("{text:0>6}"), lookup),
            FieldType::Phone => Err(Text::new(
                format!(
                    "電話番号が数値になっており、先頭の0が失われています。セルを文字列にして入力し直してください: {text}"
                ),
                format!(
                    "the telephone number is a number, so its leading 0 is lost; make the cell text: {text}"
                ),
            )),
            _ => self.read_text(&text, lookup),
        }
    }

    fn read_moment(&self, moment: DateTime) -> Result<Value, Text> {
        let midnight = moment == moment.date().at(0, 0, 0, 0);
        let value = match self.kind {
            FieldType::Date if midnight => Value::Date(moment.date()),
            FieldType::Time => Value::Time(moment.date().at(moment.hour(), moment.minute(), 0, 0)),
            FieldType::Text | FieldType::LongText if midnight => Value::Text(moment.date().to_string()),
            FieldType::Text | FieldType::LongText => {
                Value::Text(format!("{} {:02}:{:02}", moment.date(), moment.hour(), moment.minute()))
            }
            FieldType::FiscalYear if midnight => Value::Int(super::derive::fiscal_year(moment.date())),
            FieldType::Date => {
                return Err(Text::new(
                    format!("日付だけを入力してください（時刻が含まれています）: {moment}"),
                    format!("enter a day without a time of day: {moment}"),
                ));
            }
            _ => {
                return Err(Text::new(
                    format!(
                        "{}に日付の値が入っています。セルの表示形式を確かめてください: {}",
                        self.label.ja,
                        moment.date()
                    ),
                    format!(
                        "{} holds a date; check the format of the cell: {}",
                        self.label.en,
                        moment.date()
                    ),
                ));
            }
        };
        Ok(value)
    }

    fn read_period(&self, text: &str) -> Result<Value, Text> {
        // 令和8年度 stands for its first to its last day.
        if text.ends_with("年度")
            && let Ok(year) = era::FiscalYear::parse(text)
        {
            return Ok(Value::Period { from: year.first_day(), to: Some(year.last_day()) });
        }
        let (from, to) = era::parse_period(text).map_err(date_error)?;
        if to.is_some_and(|to| to < from) {
            return Err(period_backwards(self));
        }
        Ok(Value::Period { from, to })
    }

    fn read_choice(&self, text: &str) -> Result<String, Text> {
        let written = narrow(text).to_lowercase();
        let same = |label: &str| !label.is_empty() && narrow(label).to_lowercase() == written;
        let matches =
            |choice: &&Choice| choice.id == written || same(&choice.label.ja) || same(&choice.label.en);
        match self.choices.iter().find(matches) {
            Some(choice) => Ok(choice.id.clone()),
            None => {
                let labels = |lang| {
                    let labels: Vec<&str> =
                        self.choices.iter().map(|choice| choice.label.get(lang)).collect();
                    match lang {
                        Lang::Ja => format!("「{}」", labels.join("」「")),
                        Lang::En => labels.join(", "),
                    }
                };
                Err(Text::new(
                    format!("{}は{}から選んでください: {}", self.label.ja, labels(Lang::Ja), shown(text)),
                    format!("{} must be one of {}: {}", self.label.en, labels(Lang::En), shown(text)),
                ))
            }
        }
    }

    fn read_choices(&self, text: &str) -> Result<Value, Text> {
        if let Ok(id) = self.read_choice(text) {
            return Ok(Value::list([id]));
        }
        let ids: Result<Vec<String>, Text> = parts(text).map(|part| self.read_choice(part)).collect();
        ids.map(Value::list)
    }
}

/// The parts of a list as people write it.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['、', '，', ',', ';', '；', '\n']).map(str::trim).filter(|part| !part.is_empty())
}

fn found(found: Found, text: &str, ja: &str, en: &str, tell_apart: Option<&str>) -> Result<Value, Text> {
    match found {
        Found::One(id) => Ok(Value::Text(id)),
        Found::None => Err(Text::new(
            format!("{ja}「{}」が見つかりません。", shown(text)),
            format!("there is no {en} `{}`", shown(text)),
        )),
        Found::Many(which) => {
            let which: Vec<String> = which.iter().take(5).map(|one| shown(one)).collect();
            let by = tell_apart.map_or(String::new(), |by| format!("{by}で"));
            Err(Text::new(
                format!(
                    "{ja}「{}」に当てはまるものが複数あります（{}）。{by}指定してください。",
                    shown(text),
                    which.join("、")
                ),
                format!(
                    "several match the {en} `{}` ({}); say which by its number",
                    shown(text),
                    which.join(", ")
                ),
            ))
        }
    }
}

fn date_error(error: era::DateError) -> Text {
    Text::new(error.ja(), error.en())
}

/// A whole number of thousandths.
fn whole(text: &str, read: Result<i64, NumberError>) -> Result<i64, Text> {
    match read {
        Ok(thousandths) if thousandths.checked_rem(1000) == Some(0) => Ok(thousandths / 1000),
        Ok(_) | Err(NumberError::Decimals) => Err(Text::new(
            format!("整数で入力してください: {}", shown(text)),
            format!("enter a whole number: {}", shown(text)),
        )),
        Err(error) => Err(no_number(text, error, true)),
    }
}

fn no_number(text: &str, error: NumberError, whole: bool) -> Text {
    let shown = shown(text);
    match error {
        NumberError::Form if whole => {
            Text::new(format!("整数として読めません: {shown}"), format!("not a whole number: {shown}"))
        }
        NumberError::Form => {
            Text::new(format!("数として読めません: {shown}"), format!("not a number: {shown}"))
        }
        NumberError::Commas => Text::new(
            format!("桁区切りのコンマの位置が正しくありません: {shown}"),
            format!("the commas don't stand before every three digits: {shown}"),
        ),
        NumberError::Decimals => Text::new(
            format!("小数は第3位までです: {shown}"),
            format!("at most three decimals are kept: {shown}"),
        ),
        NumberError::Range => Text::new(
            format!("数が大きすぎます（15桁まで）: {shown}"),
            format!("the number is too large (15 digits at most): {shown}"),
        ),
    }
}

/// An amount: `12,000`, `１２，０００円`, `¥12,000`. Other units are refused, lest 千円 become 円.
fn yen(text: &str) -> Result<i64, Text> {
    let compact = compact(text);
    let amount = compact.strip_suffix('円').or_else(|| compact.strip_suffix("円也")).unwrap_or(&compact);
    let (sign, amount) = match amount.strip_prefix(['-', '△', '▲']) {
        Some(rest) => ("-", rest),
        None => ("", amount),
    };
    let amount = amount.strip_prefix(['¥', '\\', '金']).unwrap_or(amount);
    let amount = amount.strip_prefix(['¥', '\\']).unwrap_or(amount);
    if amount.ends_with(['千', '万', '億', '百', '兆']) {
        return Err(Text::new(
            format!("円単位の数字で入力してください（千円、万円などの単位は使えません）: {}", shown(text)),
            format!("enter the amount in yen, not in thousands or the like: {}", shown(text)),
        ));
    }
    whole(text, thousandths(&format!("{sign}{amount}")))
}

/// はい, 有, ○, 済 and their opposites; `None` for what might mean either.
fn mark(text: &str) -> Option<bool> {
    let word = compact(text).to_lowercase();
    match word.as_str() {
        "はい" | "有" | "有り" | "あり" | "○" | "〇" | "◯" | "◎" | "✓" | "✔" | "☑" | "レ" | "済" | "済み"
        | "可" | "要" | "該当" | "yes" | "y" | "true" | "1" | "on" => Some(true),
        "いいえ" | "無" | "無し" | "なし" | "×" | "✕" | "✖" | "☓" | "x" | "未" | "未済" | "否" | "不可"
        | "不要" | "非該当" | "no" | "n" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}

/// The text with `\n` for every line break and without spaces at the ends of its lines; everything else, 外字,
/// 異体字 and IVS among it, stays byte for byte.
pub(crate) fn clean_text(text: &str, several_lines: bool) -> Result<String, Text> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    let cleaned = lines.join("\n");
    let cleaned = cleaned.trim_end_matches('\n').trim_start_matches('\n');
    for c in cleaned.chars() {
        let refused = match c {
            '\n' if several_lines => None,
            '\n' => Some(("改行", "a line break")),
            '\t' if several_lines => None,
            '\u{fffd}' => Some(("文字化けした文字", "a character that could not be read")),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                Some(("見えない制御文字", "an invisible control"))
            }
            // Noncharacters can't be written into a workbook.
            c if c.is_control() || u32::from(c) & 0xfffe == 0xfffe => {
                Some(("制御文字", "a control character"))
            }
            _ => None,
        };
        if let Some((ja, en)) = refused {
            return Err(Text::new(
                format!(
                    "{ja}（U+{:04X}）が含まれています。取り除いて入力し直してください: {}",
                    u32::from(c),
                    shown(cleaned)
                ),
                format!(
                    "the text holds {en} (U+{:04X}); remove it and enter the text again: {}",
                    u32::from(c),
                    shown(cleaned)
                ),
            ));
        }
    }
    Ok(cleaned.to_owned())
}
