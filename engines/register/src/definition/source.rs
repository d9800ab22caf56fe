//! TOML tables of which every key is known: the part of the reader that knows nothing of registers.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Places;
use crate::condition::{Condition, ConditionError};
use crate::finding::{Reporter, nearest, place};
use crate::text::Text;

/// A value and where it stands, in bytes.
#[derive(Debug, Clone)]
pub(super) struct At<T> {
    pub(super) span: Range<usize>,
    pub(super) value: T,
}

/// The file that is read.
pub(super) struct Source<'a> {
    pub(super) text: &'a str,
    pub(super) reporter: Reporter<'a>,
    pub(super) places: Places,
}

/// One table of the file.
pub(super) struct Table<'t, 'd> {
    /// How messages call it.
    pub(super) shown: String,
    /// Where it stands.
    pub(super) span: Range<usize>,
    table: &'t DeTable<'d>,
}

/// Longest text of a key, in characters, unless it is help or a condition.
const LONGEST: usize = 400;

impl<'a> Source<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        Self { text, reporter: Reporter::new(file, text), places: Places(BTreeMap::new()) }
    }

    /// A table, after its keys were compared with those that it may have.
    pub(super) fn open<'t, 'd>(
        &mut self,
        name: impl Into<String>,
        shown: impl Into<String>,
        span: Range<usize>,
        table: &'t DeTable<'d>,
        known: &[&str],
    ) -> Table<'t, 'd> {
        let (name, shown) = (name.into(), shown.into());
        self.mark(&name, &span);
        for (key, value) in table {
            let written: &str = key.get_ref();
            if known.contains(&written) {
                self.mark(&format!("{name}.{written}"), &value.span());
                continue;
            }
            let (ja, en) = (
                format!("{shown} に `{written}` という項目はありません"),
                format!("{shown} has no key `{written}`"),
            );
            if let Some(near) = nearest(written, known.iter().copied()) {
                self.reporter
                    .report(
                        &key.span(),
                        "unknown-key",
                        format!("{ja}。`{near}` の誤りではありませんか。"),
                        format!("{en}; did you mean `{near}`?"),
                    )
                    .with_help(
                        format!("`{near}` に直すか、この行を削除してください。"),
                        format!("write `{near}` or remove the line"),
                    );
            } else {
                self.reporter.report(&key.span(), "unknown-key", format!("{ja}。"), en).with_help(
                    format!("使える項目は {} です。", known.join("、")),
                    format!("known keys are {}", known.join(", ")),
                );
            }
        }
        Table { shown, span, table }
    }

    fn mark(&mut self, name: &str, span: &Range<usize>) {
        self.places.0.insert(name.to_owned(), place(self.text, span.start));
    }

    /// Every table of `[[key]]`.
    pub(super) fn tables<'t, 'd>(
        &mut self,
        root: &Table<'t, 'd>,
        key: &str,
        known: &[&str],
    ) -> Vec<Table<'t, 'd>> {
        let Some(value) = root.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(
                root,
                key,
                &value.span(),
                &format!("[[{key}]] の表"),
                &format!("tables [[{key}]]"),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (at, item) in items.iter().enumerate() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    let opened =
                        self.open(format!("{key}.{at}"), format!("[[{key}]]"), item.span(), table, known);
                    tables.push(opened);
                }
                _ => self.wrong_type(root, key, &item.span(), "表", "a table"),
            }
        }
        tables
    }

    pub(super) fn wrong_type(
        &mut self,
        table: &Table<'_, '_>,
        key: &str,
        span: &Range<usize>,
        ja: &str,
        en: &str,
    ) {
        self.reporter
            .report(
                span,
                "wrong-type",
                format!("{} の `{key}` は{ja}で指定してください。", table.shown),
                format!("`{key}` of {} must be {en}", table.shown),
            )
            .with_help("値の書き方を直してください。", "correct the value");
    }

    /// A text that may be left out.
    pub(super) fn text(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        self.string(table, key, LONGEST, false)
    }

    /// A text of several lines that may be left out.
    pub(super) fn long_text(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        self.string(table, key, 4000, true)
    }

    /// A text that can't be left out.
    pub(super) fn need(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<String>> {
        self.present(table, key);
        self.text(table, key)
    }

    /// Whether the key is there; a finding otherwise.
    pub(super) fn present(&mut self, table: &Table<'_, '_>, key: &str) -> bool {
        let present = table.value(key).is_some();
        if !present {
            self.reporter
                .report(
                    &table.span,
                    "missing-key",
                    format!("{} に `{key}` がありません。", table.shown),
                    format!("{} lacks `{key}`", table.shown),
                )
                .with_help(format!("`{key} = …` を追加してください。"), format!("add `{key} = …`"));
        }
        present
    }

    fn string(&mut self, table: &Table<'_, '_>, key: &str, most: usize, lines: bool) -> Option<At<String>> {
        let value = table.value(key)?;
        let span = value.span();
        let DeValue::String(text) = value.get_ref() else {
            self.wrong_type(table, key, &span, "引用符で囲んだ文字列", "a text in quotes");
            return None;
        };
        let text = if lines { text.trim() } else { text.as_ref() };
        let fit = text.chars().count() <= most
            && !text.chars().any(|c| c.is_control() && !(lines && c == '\n'))
            && text.trim() == text;
        if !fit {
            self.wrong_type(
                table,
                key,
                &span,
                &format!("前後の空白及び制御文字を含まない{most}文字以内の文字列"),
                &format!(
                    "text of at most {most} characters without control characters or surrounding spaces"
                ),
            );
            return None;
        }
        Some(At { span, value: text.to_owned() })
    }

    /// A pair `KEY_ja`, `KEY_en`. Both or none; `None` for none.
    pub(super) fn pair(&mut self, table: &Table<'_, '_>, key: &str, required: bool) -> Option<Text> {
        let (ja_key, en_key) = (format!("{key}_ja"), format!("{key}_en"));
        self.both(table, &ja_key, &en_key, required)
    }

    /// As [`Self::pair`], with the keys themselves.
    pub(super) fn both(
        &mut self,
        table: &Table<'_, '_>,
        ja_key: &str,
        en_key: &str,
        required: bool,
    ) -> Option<Text> {
        let given = [ja_key, en_key].map(|key| table.value(key).is_some());
        if given == [false, false] && !required {
            return None;
        }
        let complete = [ja_key, en_key].map(|key| self.present(table, key));
        let (ja, en) = (self.long_text(table, ja_key), self.long_text(table, en_key));
        if complete != [true, true] {
            return None;
        }
        let (ja, en) = (ja?, en?);
        for part in [&ja, &en] {
            if part.value.is_empty() && required {
                self.reporter
                    .report(&part.span, "empty", "文字列が空です。", "the text is empty")
                    .with_help("日本語と英語の両方を書いてください。", "write both languages");
            }
        }
        Some(Text::new(ja.value, en.value))
    }

    pub(super) fn flag(&mut self, table: &Table<'_, '_>, key: &str) -> Option<bool> {
        let value = table.value(key)?;
        match value.get_ref() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => {
                self.wrong_type(table, key, &value.span(), "true又はfalse", "true or false");
                None
            }
        }
    }

    pub(super) fn integer(
        &mut self,
        table: &Table<'_, '_>,
        key: &str,
        min: i64,
        max: i64,
    ) -> Option<At<i64>> {
        let value = table.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => {
                let digits: String = number.as_str().chars().filter(|c| *c != '_').collect();
                i64::from_str_radix(&digits, number.radix()).ok()
            }
            _ => None,
        };
        let number = number.filter(|number| (min..=max).contains(number));
        if number.is_none() {
            let (ja, en) =
                (format!("{min}以上{max}以下の整数"), format!("a whole number from {min} to {max}"));
            self.wrong_type(table, key, &value.span(), &ja, &en);
        }
        number.map(|value_of| At { span: value.span(), value: value_of })
    }

    /// A number with up to three decimals, in thousandths.
    pub(super) fn thousandths(&mut self, table: &Table<'_, '_>, key: &str) -> Option<At<i64>> {
        let value = table.value(key)?;
        let written = match value.get_ref() {
            DeValue::Integer(number) => Some(number.as_str().replace('_', "")),
            DeValue::Float(number) => Some(number.as_str().replace('_', "")),
            DeValue::String(text) => Some(text.to_string()),
            _ => None,
        };
        let number = written.and_then(|text| crate::value::thousandths(&text).ok());
        if number.is_none() {
            self.wrong_type(
                table,
                key,
                &value.span(),
                "小数第3位までの数",
                "a number with at most three decimals",
            );
        }
        number.map(|number| At { span: value.span(), value: number })
    }

    /// A list of texts, none of them twice.
    pub(super) fn texts(&mut self, table: &Table<'_, '_>, key: &str) -> Vec<At<String>> {
        let Some(value) = table.value(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(table, key, &value.span(), "文字列の一覧（[\"…\"]）", "a list of texts");
            return Vec::new();
        };
        let mut texts: Vec<At<String>> = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) if texts.iter().any(|other| other.value == **text) => {
                    self.reporter
                        .report(
                            &item.span(),
                            "duplicate-value",
                            format!("`{key}` に `{text}` が2回書かれています。"),
                            format!("`{key}` lists `{text}` twice"),
                        )
                        .with_help("一方を削除してください。", "remove one of the two");
                }
                DeValue::String(text) => texts.push(At { span: item.span(), value: text.to_string() }),
                _ => self.wrong_type(table, key, &item.span(), "文字列", "a text"),
            }
        }
        texts
    }

    /// One of a closed list of words.
    pub(super) fn word<T: Copy>(
        &mut self,
        table: &Table<'_, '_>,
        key: &str,
        parse: fn(&str) -> Option<T>,
        words: &[&str],
    ) -> Option<At<T>> {
        let text = self.text(table, key)?;
        let found = parse(&text.value);
        if found.is_none() {
            self.unknown_word(key, &text, words);
        }
        found.map(|value| At { span: text.span, value })
    }

    pub(super) fn unknown_word(&mut self, key: &str, text: &At<String>, words: &[&str]) {
        let near = nearest(&text.value, words.iter().copied());
        let (ja, en) = near.map_or_else(
            || (String::new(), String::new()),
            |near| (format!("`{near}` の誤りではありませんか。"), format!("; did you mean `{near}`?")),
        );
        self.reporter
            .report(
                &text.span,
                "unknown-word",
                format!("`{key}` に `{}` は使えません。{ja}", text.value),
                format!("`{key}` can't be `{}`{en}", text.value),
            )
            .with_help(
                format!("使えるのは {} です。", words.join("、")),
                format!("it can be {}", words.join(", ")),
            );
    }

    /// A finding about a condition, at its place within the text if that can be told.
    pub(super) fn bad_condition(&mut self, text: &At<String>, error: &ConditionError) {
        let start = self.inside(text).map(|start| start.saturating_add(error.start));
        let span = start.map_or_else(|| text.span.clone(), |start| start..start.saturating_add(1));
        self.reporter
            .report(&span, "condition", error.message.ja.clone(), error.message.en.clone())
            .with_help("条件の書き方を直してください。", "correct the condition");
    }

    /// The first byte of the text inside its quotes, unless it is written with escapes.
    fn inside(&self, text: &At<String>) -> Option<usize> {
        let raw = self.text.get(text.span.clone())?;
        let quotes = if raw.starts_with("\"\"\"") || raw.starts_with("'''") { 3 } else { 1 };
        let inner = raw.get(quotes..raw.len().checked_sub(quotes)?)?;
        let offset = inner.find(text.value.as_str())?;
        let before = inner.get(..offset)?;
        let after = inner.get(offset.checked_add(text.value.len())?..)?;
        if before.trim().is_empty() && after.trim().is_empty() {
            text.span.start.checked_add(quotes)?.checked_add(offset)
        } else {
            None
        }
    }

    /// A condition that may be left out. Conditions that use a field which couldn't be read are left out silently.
    pub(super) fn condition(
        &mut self,
        table: &Table<'_, '_>,
        key: &str,
        fields: &[super::Field],
        broken: &[String],
    ) -> Option<Condition> {
        let text = self.long_text(table, key)?;
        match Condition::parse(&text.value, fields) {
            Ok(condition) => Some(condition),
            Err(_) if broken.iter().any(|id| mentions(&text.value, id)) => None,
            Err(error) => {
                self.bad_condition(&text, &error);
                None
            }
        }
    }
}

/// Whether a word stands in a text by itself or with the suffix of a period's column.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).any(|part| {
        part == word || part.strip_suffix("_from") == Some(word) || part.strip_suffix("_to") == Some(word)
    })
}

impl<'t, 'd> Table<'t, 'd> {
    pub(super) fn value(&self, key: &str) -> Option<&'t Spanned<DeValue<'d>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    /// Where a key's value stands, or else the table.
    pub(super) fn at(&self, key: &str) -> Range<usize> {
        self.value(key).map_or_else(|| self.span.clone(), Spanned::span)
    }

    /// A table within this one.
    pub(super) fn table(&self, key: &str) -> Option<(Range<usize>, &'t DeTable<'d>)> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => {
                let name = self.table.iter().find(|(name, _)| name.get_ref() == key);
                Some((name.map_or_else(|| value.span(), |(name, _)| name.span()), table))
            }
            _ => None,
        }
    }
}
