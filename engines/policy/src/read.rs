//! From TOML to records: every file is read against the definition, and every value is checked by its kind.
//!
//! What is wrong is reported and left out; the record goes on without it, so that one pass finds everything.

use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::SourceFile;
use crate::cidr::{Network, NetworkError};
use crate::code;
use crate::color::Color;
use crate::date::Date;
use crate::definition::{Key, Kind, Of, ROOT, Table};
use crate::diagnostic::{At, Reporter, nearest};
use crate::id::well_formed;

/// A table that was read.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) at: At,
    pub(crate) fields: BTreeMap<&'static str, Field>,
}

/// A value that was read and is well-formed for its kind.
#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) at: At,
    pub(crate) value: Value,
}

#[derive(Debug)]
pub(crate) enum Value {
    Text(String),
    Id(Of, String),
    Ref(Of, String),
    Integer(i64),
    Flag(bool),
    Day(Date),
    List(Vec<Field>),
    One(Record),
    Many(Vec<Record>),
}

impl Record {
    pub(crate) fn field(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    /// Where a key's value stands, or else the table.
    pub(crate) fn at(&self, key: &str) -> At {
        self.field(key).map_or(self.at, |field| field.at)
    }

    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.field(key)?.text()
    }

    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        match self.field(key)?.value {
            Value::Integer(n) => Some(n),
            _ => None,
        }
    }

    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        match self.field(key)?.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn day(&self, key: &str) -> Option<Date> {
        match self.field(key)?.value {
            Value::Day(day) => Some(day),
            _ => None,
        }
    }

    pub(crate) fn list(&self, key: &str) -> &[Field] {
        match self.field(key).map(|field| &field.value) {
            Some(Value::List(list)) => list,
            _ => &[],
        }
    }

    pub(crate) fn one(&self, key: &str) -> Option<&Self> {
        match &self.field(key)?.value {
            Value::One(record) => Some(record),
            _ => None,
        }
    }

    pub(crate) fn many(&self, key: &str) -> &[Self] {
        match self.field(key).map(|field| &field.value) {
            Some(Value::Many(records)) => records,
            _ => &[],
        }
    }
}

impl Field {
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Id(_, text) | Value::Ref(_, text) => Some(text),
            _ => None,
        }
    }
}

/// Reads all files into one root record. The flag says whether every file could be read as TOML.
pub(crate) fn read_files(files: &[SourceFile], reporter: &mut Reporter<'_>) -> (Record, bool) {
    let nowhere = At { file: 0, start: 0, end: 0 };
    let mut root = Record { at: nowhere, fields: BTreeMap::new() };
    let mut first_seen: BTreeMap<&'static str, At> = BTreeMap::new();
    let mut readable = true;
    for (index, file) in files.iter().enumerate() {
        let (table, errors) = DeTable::parse_recoverable(&file.text);
        if !errors.is_empty() {
            readable = false;
            for error in errors {
                let span = error.span().unwrap_or(0..0);
                let at = At { file: index, start: span.start, end: span.end };
                let detail = error.message().trim().replace('\n', "; ");
                reporter
                    .report(at, "syntax", format!("TOMLとして読み取れません（{detail}）。"), format!("not valid TOML: {detail}"))
                    .with_help(
                        "この行の引用符、角括弧及び等号を確かめてください。このファイルの残りの内容は検査していません。",
                        "check the quotes, brackets and equals sign on this line; the rest of this file was not checked",
                    );
            }
            continue;
        }
        let mut reader = Reader { file: index, reporter };
        let part = reader.table(&ROOT, table.get_ref(), nowhere, false);
        for (name, field) in part.fields {
            merge(&mut root, &mut first_seen, name, field, files, reporter);
        }
    }
    if readable {
        let at = At { file: 0, start: 0, end: 0 };
        for key in ROOT.keys.iter().filter(|key| key.required && !root.fields.contains_key(key.name)) {
            // INVARIANT: a table that was found but malformed has been reported with its own place already.
            if first_seen.contains_key(key.name) || !reporter.is_clean() && mentioned(files, key.name) {
                continue;
            }
            let shown = match key.kind {
                Kind::Many(..) => format!("[[{}]]", key.name),
                _ => format!("[{}]", key.name),
            };
            reporter
                .report(
                    at,
                    "missing-table",
                    format!("どのファイルにも {shown}（{}）がありません。", key.ja),
                    format!("no file has {shown} ({})", key.en),
                )
                .with_help(
                    format!("いずれかのファイルに {shown} を追加してください。"),
                    format!("add {shown} to any of the files"),
                );
        }
    }
    (root, readable)
}

/// Whether any file has a line that opens the table.
fn mentioned(files: &[SourceFile], name: &str) -> bool {
    let (single, many) = (format!("[{name}]"), format!("[[{name}]]"));
    files.iter().flat_map(|file| file.text.lines()).any(|line| {
        let line = line.trim();
        line.starts_with(&single) || line.starts_with(&many)
    })
}

/// A table of its own may stand in one file only; lists of tables add up over the files.
fn merge(
    root: &mut Record,
    first_seen: &mut BTreeMap<&'static str, At>,
    name: &'static str,
    field: Field,
    files: &[SourceFile],
    reporter: &mut Reporter<'_>,
) {
    let field = match (field, root.fields.get_mut(name)) {
        (Field { value: Value::Many(more), .. }, Some(Field { value: Value::Many(records), .. })) => {
            records.extend(more);
            return;
        }
        (field, _) => field,
    };
    if let Some(first) = first_seen.get(name) {
        let path = files.get(first.file).map_or("", |file| file.path.as_str());
        reporter
            .report(
                field.at,
                "duplicate-table",
                format!("[{name}] は {path} に既にあります。"),
                format!("[{name}] is already given in {path}"),
            )
            .with_help("どちらか一方を削除してください。", "remove one of the two");
        return;
    }
    first_seen.insert(name, field.at);
    root.fields.insert(name, field);
}

struct Reader<'r, 'f> {
    file: usize,
    reporter: &'r mut Reporter<'f>,
}

impl Reader<'_, '_> {
    fn span(&self, range: std::ops::Range<usize>) -> At {
        At { file: self.file, start: range.start, end: range.end }
    }

    fn table(&mut self, def: &'static Table, table: &DeTable<'_>, at: At, require: bool) -> Record {
        let mut fields = BTreeMap::new();
        for (name, value) in table {
            match def.key(name.get_ref()) {
                None => self.unknown_key(def, name.get_ref(), self.span(name.span())),
                Some(key) => {
                    if let Some(field) = self.value(key, &key.kind, value, Some(self.span(name.span()))) {
                        fields.insert(key.name, field);
                    }
                }
            }
        }
        for key in def.keys.iter().filter(|key| require && key.required) {
            if !table.iter().any(|(name, _)| name.get_ref() == key.name) {
                self.reporter
                    .report(
                        at,
                        "missing-key",
                        format!("{} に `{}`（{}）がありません。", def.shown, key.name, key.ja),
                        format!("{} lacks `{}` ({})", def.shown, key.name, key.en),
                    )
                    .with_help(
                        format!("`{} = …` を追加してください。", key.name),
                        format!("add `{} = …`", key.name),
                    );
            }
        }
        Record { at, fields }
    }

    fn unknown_key(&mut self, def: &'static Table, name: &str, at: At) {
        let (ja, en) = (
            format!("{} に `{name}` という項目はありません", def.shown),
            format!("{} has no key `{name}`", def.shown),
        );
        let shows_self_approval = ["self", "own", "applicant"].iter().any(|word| name.contains(word))
            && ["approv", "decid"].iter().any(|word| name.contains(word));
        if shows_self_approval {
            self.reporter.report(at, "self-approval", ja + "。", en).with_help(
                "申請者が自らの申請を承認することは、設定によっても認められません（兼務の禁止）。この行を削除してください。",
                "no setting lets applicants approve their own transfers; remove this line",
            );
            return;
        }
        if let Some(near) = nearest(name, def.keys.iter().map(|key| key.name)) {
            self.reporter.report(
                at,
                "unknown-key",
                format!("{ja}。`{near}` の誤りではありませんか。"),
                format!("{en}; did you mean `{near}`?"),
            );
        } else {
            let known: Vec<_> = def.keys.iter().map(|key| format!("`{}`", key.name)).collect();
            self.reporter.report(at, "unknown-key", ja + "。", en).with_help(
                format!("使える項目は {} です。", known.join("、")),
                format!("known keys are {}", known.join(", ")),
            );
        }
    }

    fn value(
        &mut self,
        key: &'static Key,
        kind: &Kind,
        value: &Spanned<DeValue<'_>>,
        name: Option<At>,
    ) -> Option<Field> {
        let at = self.span(value.span());
        let read = match (kind, value.get_ref()) {
            (Kind::Integer(min, max), DeValue::Integer(n)) => {
                let digits: String = n.as_str().chars().filter(|c| *c != '_').collect();
                match i64::from_str_radix(&digits, n.radix()) {
                    Ok(n) if (*min..=*max).contains(&n) => Some(Value::Integer(n)),
                    _ => {
                        self.malformed(
                            at,
                            key,
                            &format!("{min}以上{max}以下の整数"),
                            &format!("a whole number from {min} to {max}"),
                        );
                        None
                    }
                }
            }
            (Kind::Flag, DeValue::Boolean(flag)) => Some(Value::Flag(*flag)),
            (Kind::Day, DeValue::Datetime(datetime)) => {
                let day = match (datetime.date, datetime.time, datetime.offset) {
                    (Some(d), None, None) => Date::new(d.year, d.month, d.day),
                    _ => None,
                };
                if day.is_none() {
                    self.malformed(at, key, "2026-04-01 の形の日付", "a day such as 2026-04-01");
                }
                day.map(Value::Day)
            }
            (Kind::List(of, min), DeValue::Array(items)) => self.list(key, of, *min, items.iter(), at),
            (Kind::One(def), DeValue::Table(table)) => {
                let place = name.unwrap_or(at);
                Some(Value::One(self.table(def, table, place, true)))
            }
            (Kind::Many(def, min), DeValue::Array(items)) => {
                if items.iter().len() < *min {
                    self.malformed(
                        at,
                        key,
                        &format!("{min}件以上の{}", def.shown),
                        &format!("at least {min} {}", def.shown),
                    );
                    return None;
                }
                let mut records = Vec::new();
                for item in items.iter() {
                    let place = self.span(item.span());
                    match item.get_ref() {
                        DeValue::Table(table) => records.push(self.table(def, table, place, true)),
                        _ => self.malformed(place, key, def.shown, def.shown),
                    }
                }
                Some(Value::Many(records))
            }
            (kind, DeValue::String(text)) => self.string(key, kind, text, at),
            (kind, _) => {
                self.wrong_type(at, key, kind);
                None
            }
        };
        read.map(|value| Field { at, value })
    }

    fn list<'v, 'i: 'v>(
        &mut self,
        key: &'static Key,
        of: &'static Kind,
        min: usize,
        items: impl Iterator<Item = &'v Spanned<DeValue<'i>>>,
        at: At,
    ) -> Option<Value> {
        let mut list: Vec<Field> = Vec::new();
        let mut count = 0_usize;
        for item in items {
            count = count.saturating_add(1);
            let Some(field) = self.value(key, of, item, None) else { continue };
            let twice = list.iter().any(|other| match (&other.value, &field.value) {
                (Value::Integer(a), Value::Integer(b)) => a == b,
                _ => other.text().is_some() && other.text() == field.text(),
            });
            if twice {
                let shown = field.text().unwrap_or_default().to_owned();
                self.reporter
                    .report(
                        field.at,
                        "duplicate-value",
                        format!("`{}` に `{shown}` が2回書かれています。", key.name),
                        format!("`{}` lists `{shown}` twice", key.name),
                    )
                    .with_help("一方を削除してください。", "remove one of the two");
            } else {
                list.push(field);
            }
        }
        if count < min {
            self.malformed(
                at,
                key,
                &format!("{min}件以上の一覧"),
                &format!("a list with at least {min} value"),
            );
            return None;
        }
        Some(Value::List(list))
    }

    fn string(&mut self, key: &'static Key, kind: &Kind, text: &str, at: At) -> Option<Value> {
        match kind {
            Kind::Text => {
                let length = text.chars().count();
                let fit =
                    (1..=400).contains(&length) && !text.chars().any(char::is_control) && text.trim() == text;
                if !fit {
                    self.malformed(
                        at,
                        key,
                        "1文字以上400文字以下で、前後の空白及び制御文字を含まない文字列",
                        "text of 1 to 400 characters without control characters or surrounding spaces",
                    );
                }
                fit.then(|| Value::Text(text.to_owned()))
            }
            Kind::Id(of) | Kind::Ref(of) => {
                if !well_formed(text) {
                    self.malformed(
                        at,
                        key,
                        "半角英小文字、数字及び - からなる64文字以下の識別子",
                        "an identifier of 1 to 64 of a-z, 0-9 and `-`",
                    );
                    return None;
                }
                Some(match kind {
                    Kind::Id(_) => Value::Id(*of, text.to_owned()),
                    _ => Value::Ref(*of, text.to_owned()),
                })
            }
            Kind::Choice(words) => {
                if words.contains(&text) {
                    return Some(Value::Text(text.to_owned()));
                }
                let (ja, en) = (
                    format!("`{}` に `{text}` は使えません", key.name),
                    format!("`{text}` is not a value of `{}`", key.name),
                );
                if let Some(near) = nearest(text, words.iter().copied()) {
                    self.reporter.report(
                        at,
                        "unknown-value",
                        format!("{ja}。`{near}` の誤りではありませんか。"),
                        format!("{en}; did you mean `{near}`?"),
                    );
                } else {
                    let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
                    self.reporter.report(at, "unknown-value", ja + "。", en).with_help(
                        format!("使える値は {} です。", known.join("、")),
                        format!("known values are {}", known.join(", ")),
                    );
                }
                None
            }
            Kind::Color => self.color(key, text, at),
            Kind::Network => self.network(key, text, at),
            Kind::Mac => {
                let parts: Vec<_> = text.split(':').collect();
                let fit = parts.len() == 6
                    && parts
                        .iter()
                        .all(|p| p.len() == 2 && p.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')));
                if !fit {
                    self.malformed(
                        at,
                        key,
                        "aa:bb:cc:dd:ee:ff の形のMACアドレス",
                        "a MAC address such as aa:bb:cc:dd:ee:ff",
                    );
                }
                fit.then(|| Value::Text(text.to_owned()))
            }
            Kind::MunicipalCode => self.municipal_code(key, text, at),
            Kind::Origin => {
                let fit = (3..=128).contains(&text.len())
                    && text.contains('/')
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"./-_".contains(&b));
                if !fit {
                    self.malformed(
                        at,
                        key,
                        "imari.example/sekisho の形の名称（空白、+ 及び大文字を含まない）",
                        "a name such as imari.example/sekisho, without spaces, `+` or capitals",
                    );
                }
                fit.then(|| Value::Text(text.to_owned()))
            }
            _ => {
                self.wrong_type(at, key, kind);
                None
            }
        }
    }

    fn color(&mut self, key: &'static Key, text: &str, at: At) -> Option<Value> {
        let Some(color) = Color::parse(text) else {
            self.malformed(at, key, "#1a2b3c の形の色", "a colour such as #1a2b3c");
            return None;
        };
        let contrast = color.contrast_with_white();
        if contrast < 4.5 {
            self.reporter
                .report(
                    at,
                    "contrast",
                    format!("色 {text} は白い文字との対比が {contrast:.1} しかなく、読みにくくなります。"),
                    format!("white text on {text} has a contrast of only {contrast:.1}"),
                )
                .with_help(
                    "対比が4.5以上となる濃い色にしてください。",
                    "choose a darker colour with a contrast of at least 4.5",
                );
        }
        Some(Value::Text(color.to_string()))
    }

    fn network(&mut self, key: &'static Key, text: &str, at: At) -> Option<Value> {
        match text.parse::<Network>() {
            Ok(network) => Some(Value::Text(network.to_string())),
            Err(NetworkError::HostBits(meant)) => {
                self.reporter.report(
                    at,
                    "network",
                    format!("`{text}` はネットワークの先頭アドレスではありません。`{meant}` の誤りではありませんか。"),
                    format!("`{text}` has bits set below the prefix; did you mean `{meant}`?"),
                );
                None
            }
            Err(NetworkError::Form) => {
                self.malformed(at, key, "10.1.0.0/16 の形のネットワーク", "a network such as 10.1.0.0/16");
                None
            }
        }
    }

    fn municipal_code(&mut self, key: &'static Key, text: &str, at: At) -> Option<Value> {
        match code::check(text) {
            Ok(()) => Some(Value::Text(text.to_owned())),
            Err(code::CodeError::Form) => {
                self.malformed(
                    at,
                    key,
                    "検査数字を含む半角6桁の団体コード",
                    "six digits, the last of which is the check digit",
                );
                None
            }
            Err(code::CodeError::Prefecture) => {
                self.malformed(
                    at,
                    key,
                    "01から47までの都道府県で始まる団体コード",
                    "a code that begins with a prefecture from 01 to 47",
                );
                None
            }
            Err(code::CodeError::CheckDigit(expected)) => {
                let five: String = text.chars().take(5).collect();
                self.reporter
                    .report(
                        at,
                        "check-digit",
                        format!("団体コード `{text}` の検査数字が合いません。{five} であれば `{five}{expected}` です。"),
                        format!("the check digit of `{text}` is wrong; for {five} the code is `{five}{expected}`"),
                    )
                    .with_help("団体コードを確かめてください。", "check the code");
                None
            }
        }
    }

    fn malformed(&mut self, at: At, key: &'static Key, ja: &str, en: &str) {
        self.reporter.report(
            at,
            "malformed",
            format!("`{}`（{}）には{ja}を書いてください。", key.name, key.ja),
            format!("`{}` ({}) must be {en}", key.name, key.en),
        );
    }

    fn wrong_type(&mut self, at: At, key: &'static Key, kind: &Kind) {
        let (ja, en) = match kind {
            Kind::Integer(..) => ("引用符のない整数", "a whole number without quotes"),
            Kind::Flag => ("true 又は false", "true or false"),
            Kind::Day => ("引用符のない日付（例 2026-04-01）", "a day without quotes, such as 2026-04-01"),
            Kind::List(..) => ("角括弧で囲んだ一覧", "a list in square brackets"),
            Kind::One(def) => (def.shown, def.shown),
            Kind::Many(def, _) => (def.shown, def.shown),
            _ => ("引用符で囲んだ文字列", "text in quotes"),
        };
        self.malformed(at, key, ja, en);
    }
}
