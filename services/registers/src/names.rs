//! Names behind ids and ids behind names, asked of the policy and of the tables. One value of [`Names`] answers from
//! one snapshot (or one unit of work) and remembers what it was told.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use sekisho_register::{
    Axis, Definition, FieldType, Found, Lang, Lookup, SqlValue, Value as Field, Vocabulary,
};
use sekisho_store::{ReadTx, Row, Store, StoreError, Value, WriteTx};

use crate::load::Loaded;
use crate::model::RowView;
use crate::{RowId, model};

/// Something that answers queries.
pub(crate) trait Ask {
    fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
}

impl Ask for ReadTx {
    fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.query(sql, params)
    }
}

impl Ask for RefCell<&mut WriteTx> {
    fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.borrow_mut().query(sql, params)
    }
}

/// Each question on a snapshot of its own.
impl Ask for Store {
    fn ask(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.read(|tx| tx.query(sql, params))
    }
}

/// Names and ids.
pub(crate) struct Names<'a> {
    loaded: &'a Loaded,
    words: &'a Vocabulary,
    ask: &'a dyn Ask,
    people: OnceCell<People>,
    rows: RefCell<HashMap<(String, String), Found>>,
    titles: RefCell<HashMap<(String, String), String>>,
    failed: RefCell<Option<StoreError>>,
}

#[derive(Default)]
struct People {
    /// Staff number, login and name → rows.
    by_name: HashMap<String, Vec<String>>,
    names: HashMap<String, String>,
}

impl<'a> Names<'a> {
    pub(crate) fn new(loaded: &'a Loaded, words: &'a Vocabulary, ask: &'a dyn Ask) -> Self {
        Self {
            loaded,
            words,
            ask,
            people: OnceCell::new(),
            rows: RefCell::new(HashMap::new()),
            titles: RefCell::new(HashMap::new()),
            failed: RefCell::new(None),
        }
    }

    /// The first failure of the database; a `Lookup` can't report it.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        self.failed.borrow_mut().take().map_or(Ok(()), Err)
    }

    fn query(&self, sql: &str, params: &[Value]) -> Vec<Row> {
        self.ask.ask(sql, params).unwrap_or_else(|error| {
            self.failed.borrow_mut().get_or_insert(error);
            Vec::new()
        })
    }

    fn people(&self) -> &People {
        self.people.get_or_init(|| {
            let mut people = People::default();
            let Some(staff) = self.loaded.get("staff") else { return people };
            let login = if staff.field("login").is_some() { "login" } else { "NULL" };
            let sql = format!(
                "SELECT _row AS r, {} AS k, {login} AS l, {} AS t FROM {}",
                staff.key,
                staff.title,
                staff.table()
            );
            for row in self.query(&sql, &[]) {
                let text = |column: &str| row.get_opt_text(column).ok().flatten().map(str::to_owned);
                let Some(id) = text("r") else { continue };
                let mut names = vec![id.clone()];
                names.extend(text("k"));
                names.extend(text("l").map(|login| login.to_lowercase()));
                if let Some(title) = text("t") {
                    let together: String = title.split_whitespace().collect();
                    if together != title {
                        names.push(together);
                    }
                    people.names.insert(id.clone(), title.clone());
                    names.push(title);
                }
                names.sort();
                names.dedup();
                for name in names {
                    people.by_name.entry(name).or_default().push(id.clone());
                }
            }
            people
        })
    }

    /// The row of `staff` with this login.
    pub(crate) fn staff_of(&self, login: &str) -> Option<String> {
        match self.person(login) {
            Found::One(id) => Some(id),
            _ => None,
        }
    }

    /// A name for the ledger's words: everything whose name stands behind an id.
    pub(crate) fn shown(&self, kind: &FieldType, value: &Field) -> Option<String> {
        let id = value.as_text();
        Some(match (kind, id) {
            (FieldType::Person, Some(id)) => self.show_person(id),
            (FieldType::Unit, Some(id)) => self.show_unit(id, Lang::Ja),
            (FieldType::Zone, Some(id)) => self.show_zone(id, Lang::Ja),
            (FieldType::Class(_), Some(id)) => self.show_class(id, Lang::Ja),
            (FieldType::Reference(register), Some(id)) => self.show_row(register.as_str(), id),
            (FieldType::References(register), None) if !value.is_null() => {
                let titles: Vec<String> =
                    value.as_list().iter().take(20).map(|id| self.show_row(register.as_str(), id)).collect();
                titles.join(" ")
            }
            _ => return None,
        })
    }

    /// Puts the name for people where a row is named after something that stands behind an id.
    pub(crate) fn entitle(&self, definition: &Definition, mut view: RowView) -> RowView {
        if let Some(field) = definition.title_field()
            && !view.hidden.contains(&field.id)
        {
            let value = view.values.get(field.id.as_str());
            if let Some(shown) = self.shown(&field.kind, value) {
                view.title = shown;
            } else if matches!(field.kind, FieldType::Choice) {
                view.title = field.show(value, Lang::Ja, self);
            }
        }
        view
    }

    fn find_row(&self, register: &str, written: &str) -> Found {
        let Some(definition) = self.loaded.get(register) else { return Found::None };
        let table = definition.table();
        let ask = |column: &str| -> Vec<String> {
            let sql = format!("SELECT _row AS r FROM {table} WHERE {column} = ?1 LIMIT 3");
            let rows = self.query(&sql, &[written.into()]);
            rows.iter().filter_map(|row| row.get_string("r").ok()).collect()
        };
        if written.parse::<RowId>().is_ok() {
            return Found::among(ask("_row"));
        }
        for field in [definition.key_field(), definition.title_field()].into_iter().flatten() {
            if field.kind.is_number() {
                continue;
            }
            let found = ask(field.id.as_str());
            if !found.is_empty() {
                return Found::among(found);
            }
        }
        Found::None
    }
}

impl Lookup for Names<'_> {
    fn person(&self, written: &str) -> Found {
        let people = self.people();
        let together: String = written.split_whitespace().collect();
        let found = [written, &written.to_lowercase(), &together]
            .into_iter()
            .find_map(|name| people.by_name.get(name))
            .cloned()
            .unwrap_or_default();
        Found::among(found)
    }

    fn unit(&self, written: &str) -> Found {
        self.words.unit(written)
    }

    fn zone(&self, written: &str) -> Found {
        self.words.zone(written)
    }

    fn class(&self, axis: Axis, written: &str) -> Found {
        self.words.class(axis, written)
    }

    fn row(&self, register: &str, written: &str) -> Found {
        if register == "staff" {
            return self.person(written);
        }
        let key = (register.to_owned(), written.to_owned());
        if let Some(found) = self.rows.borrow().get(&key) {
            return found.clone();
        }
        let found = self.find_row(register, written);
        self.rows.borrow_mut().insert(key, found.clone());
        found
    }

    fn show_person(&self, id: &str) -> String {
        self.people().names.get(id).cloned().unwrap_or_else(|| id.to_owned())
    }

    fn show_unit(&self, id: &str, lang: Lang) -> String {
        self.words.show_unit(id, lang)
    }

    fn show_zone(&self, id: &str, lang: Lang) -> String {
        self.words.show_zone(id, lang)
    }

    fn show_class(&self, id: &str, lang: Lang) -> String {
        self.words.show_class(id, lang)
    }

    fn show_row(&self, register: &str, id: &str) -> String {
        if register == "staff" {
            return self.show_person(id);
        }
        let key = (register.to_owned(), id.to_owned());
        if let Some(title) = self.titles.borrow().get(&key) {
            return title.clone();
        }
        let title = self.loaded.get(register).and_then(|definition| {
            let field = definition.title_field()?;
            let columns: Vec<String> = field.columns().into_iter().map(|c| c.name).collect();
            let sql = format!("SELECT {} FROM {} WHERE _row = ?1", columns.join(", "), definition.table());
            let rows = self.query(&sql, &[id.into()]);
            let row = rows.first()?;
            let parts: Vec<SqlValue> = columns.iter().map(|c| column(row, c)).collect();
            let value = field.from_sql(&parts)?;
            // A row named after a person has that person's name. Names that lead further end here: no circle can form.
            Some(match (&field.kind, value.as_text()) {
                (FieldType::Person, Some(person)) => self.show_person(person),
                _ => model::plain(&value),
            })
        });
        let title = title.filter(|title| !title.is_empty()).unwrap_or_else(|| id.to_owned());
        self.titles.borrow_mut().insert(key, title.clone());
        title
    }

    fn row_class(&self, register: &str, row: &str, axis: Axis) -> Option<String> {
        let definition = self.loaded.get(register)?;
        let field = definition.fields.iter().find(|f| f.kind == FieldType::Class(axis) && f.is_stored())?;
        let sql = format!("SELECT {} AS c FROM {} WHERE _row = ?1", field.id, definition.table());
        let rows = self.query(&sql, &[row.into()]);
        rows.first()?.get_opt_text("c").ok().flatten().map(str::to_owned)
    }
}

/// A column of a row in the words of the definitions.
pub(crate) fn column(row: &Row, name: &str) -> SqlValue {
    match row.get(name) {
        Ok(Value::Int(number)) => SqlValue::Int(*number),
        Ok(Value::Text(text)) => SqlValue::Text(text.clone()),
        _ => SqlValue::Null,
    }
}
