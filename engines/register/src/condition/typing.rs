//! From the tree to a typed condition: names become columns, texts become days where days are asked for, and what
//! can't be compared is refused. Whatever passes here has the same meaning in Rust and in both databases.

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};

use super::parser::{Node, Operator, Tree};
use super::{ClassUse, ConditionError, error};
use crate::definition::{Axis, Field, FieldType};
use crate::finding::nearest;

/// Something that holds, doesn't, or is unknown.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Constant(bool),
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// A yes-or-no column by itself.
    Flag(Column),
    Compare(Operator, Term, Term),
    IsNull(Term, bool),
    In(Term, Vec<Term>, bool),
    Between(Term, Term, Term, bool),
    Like(Term, String, bool),
    /// Whether a list holds an id; an empty list doesn't, so this is never unknown.
    Has(Column, String),
}

/// A value. INVARIANT: `Scaled` holds whole numbers below 10^15, `Midnight`, `FiscalYear` and `DayOf` hold no
/// `AddDays` of a column, since those have no text in SQL.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Term {
    Column(Column),
    Text(String),
    Whole(i64),
    Thousandths(i64),
    Flag(bool),
    Day(Date),
    Moment(DateTime),
    Today,
    ThisFiscalYear,
    FiscalYear(Box<Term>),
    Days(Box<Term>, Box<Term>),
    AddDays(Box<Term>, Box<Term>),
    DayOf(Box<Term>),
    Lower(Box<Term>),
    Length(Box<Term>),
    ClassRank(Column, Axis),
    /// A whole number in thousandths.
    Scaled(Box<Term>),
    /// A day as the moment at which it begins.
    Midnight(Box<Term>),
}

/// A column of the register's table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) field: String,
    pub(super) part: Part,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    From,
    To,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Whole,
    Thousandths,
    Flag,
    Day,
    Moment,
    List,
    File,
}

impl Kind {
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("文字列", "a text"),
            Self::Whole | Self::Thousandths => ("数", "a number"),
            Self::Flag => ("はい・いいえ", "a truth value"),
            Self::Day => ("日付", "a day"),
            Self::Moment => ("日時", "a time"),
            Self::List => ("複数の値", "a list"),
            Self::File => ("添付ファイル", "an attachment"),
        }
    }
}

impl Term {
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Column(column) => column.kind,
            Self::Text(_) | Self::Lower(_) => Kind::Text,
            Self::Whole(_)
            | Self::ThisFiscalYear
            | Self::FiscalYear(_)
            | Self::Days(..)
            | Self::Length(_)
            | Self::ClassRank(..) => Kind::Whole,
            Self::Thousandths(_) | Self::Scaled(_) => Kind::Thousandths,
            Self::Flag(_) => Kind::Flag,
            Self::Day(_) | Self::Today | Self::AddDays(..) | Self::DayOf(_) => Kind::Day,
            Self::Moment(_) | Self::Midnight(_) => Kind::Moment,
        }
    }

    /// Whether it is the same for every row.
    pub(super) fn is_constant(&self) -> bool {
        match self {
            Self::Column(_) | Self::ClassRank(..) => false,
            Self::FiscalYear(inner)
            | Self::DayOf(inner)
            | Self::Lower(inner)
            | Self::Length(inner)
            | Self::Scaled(inner)
            | Self::Midnight(inner) => inner.is_constant(),
            Self::Days(a, b) | Self::AddDays(a, b) => a.is_constant() && b.is_constant(),
            Self::Text(_)
            | Self::Whole(_)
            | Self::Thousandths(_)
            | Self::Flag(_)
            | Self::Day(_)
            | Self::Moment(_)
            | Self::Today
            | Self::ThisFiscalYear => true,
        }
    }
}

pub(super) struct Typing<'a> {
    fields: &'a [Field],
    columns: BTreeSet<String>,
    classes: Vec<ClassUse>,
}

const FUNCTIONS: [&str; 9] =
    ["today", "fiscal_year", "days", "add_days", "date_of", "lower", "length", "has", "class_rank"];

impl<'a> Typing<'a> {
    pub(super) const fn new(fields: &'a [Field]) -> Self {
        Self { fields, columns: BTreeSet::new(), classes: Vec::new() }
    }

    pub(super) fn finish(self) -> (BTreeSet<String>, Vec<ClassUse>) {
        (self.columns, self.classes)
    }

    pub(super) fn test(&mut self, tree: &Tree) -> Result<Test, ConditionError> {
        Ok(match &tree.node {
            Node::And(parts) => Test::All(self.tests(parts)?),
            Node::Or(parts) => Test::Any(self.tests(parts)?),
            Node::Not(inner) => Test::Not(Box::new(self.test(inner)?)),
            Node::Flag(flag) => Test::Constant(*flag),
            Node::Compare(operator, left, right) => {
                let mut terms = self.comparable(&[left.as_ref(), right.as_ref()])?.into_iter();
                let (Some(a), Some(b)) = (terms.next(), terms.next()) else { return Err(no_test(tree)) };
                if a.kind() == Kind::Flag && !matches!(operator, Operator::Equal | Operator::Differs) {
                    return Err(error(
                        &tree.span,
                        "はい・いいえは「=」か「<>」で比べてください。",
                        "truth values can only be compared with `=` or `<>`",
                    ));
                }
                Test::Compare(*operator, a, b)
            }
            Node::IsNull(inner, negated) => {
                let term = match &inner.node {
                    Node::Name(name) => Term::Column(self.column(name, inner)?),
                    _ => self.term(inner)?,
                };
                Test::IsNull(term, *negated)
            }
            Node::In(value, list, negated) => {
                let trees: Vec<&Tree> = std::iter::once(value.as_ref()).chain(list).collect();
                let mut terms = self.comparable(&trees)?.into_iter();
                let Some(value) = terms.next() else { return Err(no_test(tree)) };
                Test::In(value, terms.collect(), *negated)
            }
            Node::Between(value, low, high, negated) => {
                let mut terms = self.comparable(&[value.as_ref(), low.as_ref(), high.as_ref()])?.into_iter();
                let (Some(value), Some(low), Some(high)) = (terms.next(), terms.next(), terms.next()) else {
                    return Err(no_test(tree));
                };
                if value.kind() == Kind::Flag {
                    return Err(error(
                        &tree.span,
                        "はい・いいえに範囲はありません。",
                        "truth values have no range",
                    ));
                }
                Test::Between(value, low, high, *negated)
            }
            Node::Like(value, pattern, negated) => {
                let term = self.term(value)?;
                let textual = match &term {
                    Term::Column(column) => matches!(column.kind, Kind::Text | Kind::Day | Kind::Moment),
                    term => term.kind() == Kind::Text,
                };
                if !textual {
                    return Err(wanted(value, Kind::Text, term.kind()));
                }
                let Node::Text(pattern) = &pattern.node else {
                    return Err(error(
                        &pattern.span,
                        "LIKEの右には '%…%' のような文字列を書いてください。",
                        "write a text such as '%…%' to the right of LIKE",
                    ));
                };
                Test::Like(term, pattern.clone(), *negated)
            }
            Node::Call(name, arguments) if name == "has" => self.has(tree, arguments)?,
            Node::Name(name) => {
                let column = self.column(name, tree)?;
                if column.kind != Kind::Flag {
                    return Err(no_test(tree));
                }
                Test::Flag(column)
            }
            Node::Null => return Err(null(tree)),
            Node::Text(_) | Node::Number(..) | Node::Call(..) => return Err(no_test(tree)),
        })
    }

    fn tests(&mut self, parts: &[Tree]) -> Result<Vec<Test>, ConditionError> {
        parts.iter().map(|part| self.test(part)).collect()
    }

    fn has(&mut self, tree: &Tree, arguments: &[Tree]) -> Result<Test, ConditionError> {
        let [list, id] = arguments else { return Err(arity(tree, "has(FIELD, 'id')")) };
        let (Node::Name(name), Node::Text(text)) = (&list.node, &id.node) else {
            return Err(arity(tree, "has(FIELD, 'id')"));
        };
        let column = self.column(name, list)?;
        if column.kind != Kind::List {
            return Err(wanted(list, Kind::List, column.kind));
        }
        self.known_choice(&column.field, id, text)?;
        Ok(Test::Has(column, text.clone()))
    }

    /// Terms of one kind: whole numbers are scaled beside decimals, days become moments beside moments, and texts are
    /// read as days or moments beside those.
    fn comparable(&mut self, trees: &[&Tree]) -> Result<Vec<Term>, ConditionError> {
        let mut terms = Vec::with_capacity(trees.len());
        for tree in trees {
            let term = self.term(tree)?;
            if matches!(term.kind(), Kind::List | Kind::File) {
                return Err(error(
                    &tree.span,
                    "この項目は比べられません。複数の値は has(項目, 'id')、有無は IS NULL で書いてください。",
                    "this field can't be compared; write has(FIELD, 'id') for lists, or IS NULL",
                ));
            }
            terms.push(term);
        }
        let kinds: Vec<Kind> = terms.iter().filter(|t| !matches!(t, Term::Text(_))).map(Term::kind).collect();
        let any = |kind| kinds.contains(&kind);
        let common = if any(Kind::Moment) {
            Kind::Moment
        } else if any(Kind::Thousandths) {
            Kind::Thousandths
        } else {
            kinds.first().copied().unwrap_or(Kind::Text)
        };
        for (tree, term) in trees.iter().zip(&mut terms) {
            *term = fit(tree, std::mem::replace(term, Term::Whole(0)), common)?;
        }
        let column = terms.iter().find_map(|term| match term {
            Term::Column(column) => Some(column.clone()),
            _ => None,
        });
        if let Some(column) = column {
            for (tree, term) in trees.iter().zip(&terms) {
                if let Term::Text(text) = term {
                    self.known_choice(&column.field, tree, text)?;
                }
            }
        }
        Ok(terms)
    }

    /// A text beside a choice must be one of its ids; beside a class it must be a class of the policy, which is
    /// checked later.
    fn known_choice(&mut self, field: &str, tree: &Tree, text: &str) -> Result<(), ConditionError> {
        let Some(field) = self.fields.iter().find(|known| known.id.as_str() == field) else { return Ok(()) };
        if let FieldType::Class(axis) = field.kind {
            let (start, end) = (tree.span.start, tree.span.end);
            self.classes.push(ClassUse { axis, id: text.to_owned(), start, end });
        }
        if field.choices.is_empty() || field.choice(text).is_some() {
            return Ok(());
        }
        let ids: Vec<&str> = field.choices.iter().map(|choice| choice.id.as_str()).collect();
        Err(error(
            &tree.span,
            format!(
                "項目「{}」に選択肢「{text}」はありません。使えるidは {} です。",
                field.id,
                ids.join("、")
            ),
            format!("`{}` has no choice `{text}`; its ids are {}", field.id, ids.join(", ")),
        ))
    }

    fn term(&mut self, tree: &Tree) -> Result<Term, ConditionError> {
        Ok(match &tree.node {
            Node::Name(name) => Term::Column(self.column(name, tree)?),
            Node::Text(text) => Term::Text(text.clone()),
            Node::Number(number, true) => Term::Thousandths(*number),
            Node::Number(number, false) => Term::Whole(number / 1000),
            Node::Flag(flag) => Term::Flag(*flag),
            Node::Null => return Err(null(tree)),
            Node::Call(name, arguments) => self.call(name, arguments, tree)?,
            _ => {
                return Err(error(
                    &tree.span,
                    "ここには条件ではなく値が必要です。",
                    "a value is needed here, not a condition",
                ));
            }
        })
    }

    fn call(&mut self, name: &str, arguments: &[Tree], tree: &Tree) -> Result<Term, ConditionError> {
        Ok(match (name, arguments) {
            ("today", []) => Term::Today,
            ("today", _) => return Err(arity(tree, "today()")),
            ("fiscal_year", []) => Term::ThisFiscalYear,
            ("fiscal_year", [day]) => Term::FiscalYear(Box::new(self.written_day(day)?)),
            ("fiscal_year", _) => return Err(arity(tree, "fiscal_year(), fiscal_year(DAY)")),
            ("days", [from, to]) => Term::Days(Box::new(self.day(from)?), Box::new(self.day(to)?)),
            ("days", _) => return Err(arity(tree, "days(FROM, TO)")),
            ("add_days", [day, number]) => {
                let day = self.day(day)?;
                let count = self.term(number)?;
                if count.kind() != Kind::Whole || matches!(count, Term::Days(..)) {
                    return Err(error(
                        &number.span,
                        "add_daysの2つめには、整数か整数の項目を書いてください。",
                        "the second argument of add_days must be a whole number or a field that holds one",
                    ));
                }
                Term::AddDays(Box::new(day), Box::new(count))
            }
            ("add_days", _) => return Err(arity(tree, "add_days(DAY, NUMBER)")),
            ("date_of", [moment]) => {
                let term = self.term(moment)?;
                if !matches!(&term, Term::Column(column) if column.kind == Kind::Moment) {
                    return Err(wanted(moment, Kind::Moment, term.kind()));
                }
                Term::DayOf(Box::new(term))
            }
            ("date_of", _) => return Err(arity(tree, "date_of(FIELD)")),
            ("lower", [text]) => Term::Lower(Box::new(self.text(text)?)),
            ("lower", _) => return Err(arity(tree, "lower(TEXT)")),
            ("length", [text]) => Term::Length(Box::new(self.text(text)?)),
            ("length", _) => return Err(arity(tree, "length(TEXT)")),
            ("class_rank", [field]) => self.class_rank(field)?,
            ("class_rank", _) => return Err(arity(tree, "class_rank(FIELD)")),
            ("has", _) => {
                return Err(error(
                    &tree.span,
                    "hasはそれだけで条件です。比べずに書いてください。",
                    "has is a condition by itself; don't compare it",
                ));
            }
            _ => {
                let near = nearest(name, FUNCTIONS.into_iter());
                let (ja, en) = near.map_or_else(
                    || {
                        (
                            format!("使えるのは {} です。", FUNCTIONS.join("、")),
                            format!("known functions are {}", FUNCTIONS.join(", ")),
                        )
                    },
                    |near| (format!("「{near}」の誤りではありませんか。"), format!("did you mean `{near}`?")),
                );
                return Err(error(
                    &tree.span,
                    format!("関数「{name}」はありません。{ja}"),
                    format!("there is no function `{name}`; {en}"),
                ));
            }
        })
    }

    fn class_rank(&mut self, tree: &Tree) -> Result<Term, ConditionError> {
        if let Node::Name(name) = &tree.node {
            let column = self.column(name, tree)?;
            let field = self.fields.iter().find(|field| field.id.as_str() == column.field);
            if let Some(FieldType::Class(axis)) = field.map(|field| &field.kind) {
                return Ok(Term::ClassRank(column, *axis));
            }
        }
        Err(error(
            &tree.span,
            "class_rankには、情報資産の分類の項目（class-c、class-i、class-a）を書いてください。",
            "class_rank wants a field of type class-c, class-i or class-a",
        ))
    }

    fn text(&mut self, tree: &Tree) -> Result<Term, ConditionError> {
        let term = self.term(tree)?;
        if term.kind() == Kind::Text { Ok(term) } else { Err(wanted(tree, Kind::Text, term.kind())) }
    }

    /// A day; the day of a moment, and a text that is one.
    fn day(&mut self, tree: &Tree) -> Result<Term, ConditionError> {
        let term = self.term(tree)?;
        match term.kind() {
            Kind::Moment => Ok(Term::DayOf(Box::new(term))),
            _ => fit(tree, term, Kind::Day),
        }
    }

    /// A day that has a text in SQL.
    fn written_day(&mut self, tree: &Tree) -> Result<Term, ConditionError> {
        let day = self.day(tree)?;
        if matches!(day, Term::AddDays(..)) { Err(computed(tree)) } else { Ok(day) }
    }

    fn column(&mut self, name: &str, tree: &Tree) -> Result<Column, ConditionError> {
        let column = self.find(name, tree)?;
        self.columns.insert(column.name.clone());
        Ok(column)
    }

    fn find(&self, name: &str, tree: &Tree) -> Result<Column, ConditionError> {
        let field = |id: &str| self.fields.iter().find(|field| field.id.as_str() == id);
        if let Some(field) = field(name) {
            let kind = match &field.kind {
                _ if !field.is_stored() => {
                    return Err(error(
                        &tree.span,
                        format!(
                            "項目「{name}」は表示のときに計算されるため、条件に使えません。日付の差は days(today(), 項目) と書いてください。"
                        ),
                        format!(
                            "`{name}` is computed when it is shown and can't be used here; write days(today(), FIELD)"
                        ),
                    ));
                }
                FieldType::Period => {
                    return Err(error(
                        &tree.span,
                        format!("期間は「{name}_from」（始まり）か「{name}_to」（終わり）で書いてください。"),
                        format!("write `{name}_from` or `{name}_to` for a period"),
                    ));
                }
                FieldType::Number => Kind::Thousandths,
                FieldType::Integer | FieldType::Yen | FieldType::FiscalYear => Kind::Whole,
                FieldType::Bool => Kind::Flag,
                FieldType::Date => Kind::Day,
                FieldType::Time => Kind::Moment,
                FieldType::File => Kind::File,
                FieldType::Choices | FieldType::References(_) => Kind::List,
                _ => Kind::Text,
            };
            return Ok(Column { name: name.to_owned(), field: name.to_owned(), part: Part::Whole, kind });
        }
        for (suffix, part) in [("_from", Part::From), ("_to", Part::To)] {
            let period = name.strip_suffix(suffix).and_then(field);
            if let Some(period) = period.filter(|field| matches!(field.kind, FieldType::Period)) {
                let field = period.id.as_str().to_owned();
                return Ok(Column { name: name.to_owned(), field, part, kind: Kind::Day });
            }
        }
        if FUNCTIONS.contains(&name) {
            return Err(error(
                &tree.span,
                format!("「{name}」は関数です。「{name}()」のように括弧をつけてください。"),
                format!("`{name}` is a function; write brackets after it"),
            ));
        }
        let near = nearest(name, self.fields.iter().map(|field| field.id.as_str()));
        let (ja, en) = near.map_or_else(
            || (String::new(), String::new()),
            |near| (format!("「{near}」の誤りではありませんか。"), format!("; did you mean `{near}`?")),
        );
        Err(error(
            &tree.span,
            format!("項目「{name}」はありません。{ja}"),
            format!("there is no field `{name}`{en}"),
        ))
    }
}

/// The term as one of that kind, if it can be.
fn fit(tree: &Tree, term: Term, kind: Kind) -> Result<Term, ConditionError> {
    let is = term.kind();
    if is == kind {
        return Ok(term);
    }
    match (kind, term) {
        (Kind::Thousandths, Term::Whole(number)) => {
            number.checked_mul(1000).map(Term::Thousandths).ok_or_else(|| wanted(tree, kind, is))
        }
        (Kind::Thousandths, Term::Days(..)) => Err(error(
            &tree.span,
            "日数は整数とだけ比べられます。",
            "a number of days can only be compared with whole numbers",
        )),
        (Kind::Thousandths, term) if is == Kind::Whole => Ok(Term::Scaled(Box::new(term))),
        (Kind::Day, Term::Text(text)) => match text.parse::<Date>() {
            Ok(day) if day.to_string() == text && (1..=9999).contains(&day.year()) => Ok(Term::Day(day)),
            _ => Err(error(
                &tree.span,
                format!("日付は '2026-04-01' の形で書いてください: '{text}'"),
                format!("write a day as '2026-04-01': '{text}'"),
            )),
        },
        (Kind::Moment, Term::Text(text)) => match text.parse::<DateTime>() {
            Ok(moment) if crate::value::minute(moment) == text && (1..=9999).contains(&moment.year()) => {
                Ok(Term::Moment(moment))
            }
            _ => Err(error(
                &tree.span,
                format!("日時は '2026-04-01T09:30' の形で書いてください: '{text}'"),
                format!("write a time as '2026-04-01T09:30': '{text}'"),
            )),
        },
        (Kind::Moment, Term::AddDays(..)) => Err(computed(tree)),
        (Kind::Moment, term) if is == Kind::Day => Ok(Term::Midnight(Box::new(term))),
        _ => Err(wanted(tree, kind, is)),
    }
}

fn wanted(tree: &Tree, wanted: Kind, is: Kind) -> ConditionError {
    let ((ja, en), (is_ja, is_en)) = (wanted.words(), is.words());
    error(
        &tree.span,
        format!("ここには{ja}が必要ですが、{is_ja}が書かれています。"),
        format!("{en} is needed here, but this is {is_en}"),
    )
}

fn computed(tree: &Tree) -> ConditionError {
    error(
        &tree.span,
        "add_daysの結果は、日付と比べるか days に渡すときにだけ使えます。日時は date_of(項目) で日付にしてください。",
        "add_days can only be compared with days or given to days(); write date_of(FIELD) for a time",
    )
}

fn no_test(tree: &Tree) -> ConditionError {
    error(
        &tree.span,
        "値だけでは条件になりません。「=」などで比べてください。",
        "a value is not a condition; compare it with something",
    )
}

fn null(tree: &Tree) -> ConditionError {
    error(
        &tree.span,
        "NULLとの比較はいつも不明になります。「IS NULL」か「IS NOT NULL」と書いてください。",
        "a comparison with NULL is always unknown; write `IS NULL` or `IS NOT NULL`",
    )
}

fn arity(tree: &Tree, form: &str) -> ConditionError {
    error(&tree.span, format!("{form} の形で書いてください。"), format!("write {form}"))
}
