//! Lists: one page at a time, filtered, searched and sorted by the database, now or as of a day. The table of access is
//! part of the query, so that a count never tells more than the rows do.

use sekisho_register::{Action, Column, Condition, Definition, Field, FieldType, Input, SqlValue};
use sekisho_store::{ReadTx, Value};

use crate::caller::{Authority, Caller, Reach};
use crate::model::{Filter, FilterOp, end_of_day};
use crate::projection::sql_value;
use crate::rows::{self, Current};
use crate::tables::Table;
use crate::{ListQuery, Registers, RegistersError, Result, RowId, RowPage, RowView, words};

/// Rows of a page when none are asked for.
const PAGE: u32 = 50;

/// Most rows of a page.
const PAGE_MOST: u32 = 1_000;

impl Registers {
    /// One page of the rows that the caller may see.
    ///
    /// # Errors
    /// [`RegistersError::NotPermitted`] without any right to see rows, [`RegistersError::Invalid`] for an unknown column,
    /// view or value, or when the store fails.
    pub fn list(&self, caller: &Caller, query: &ListQuery) -> Result<RowPage> {
        let definition = self.inner.definition(&query.register)?;
        let query = self.with_view(caller, query)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            let select = Select::new(self, tx, definition, &authority, Action::See, &query)?;
            let limit = if query.limit == 0 { PAGE } else { query.limit.min(PAGE_MOST) };
            let (rows, total) = select.page(tx, query.offset, limit)?;
            let rows = rows
                .into_iter()
                .map(|row| names.entitle(definition, rows::view(definition, &authority, row)))
                .collect();
            names.finish()?;
            Ok(RowPage { rows, total })
        })
    }

    /// How many rows the query finds.
    ///
    /// # Errors
    /// As [`Registers::list`].
    pub fn count(&self, caller: &Caller, query: &ListQuery) -> Result<u64> {
        let definition = self.inner.definition(&query.register)?;
        let query = self.with_view(caller, query)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            Select::new(self, tx, definition, &authority, Action::See, &query)?.count(tx)
        })
    }

    /// One row, now or as of the end of a day.
    ///
    /// # Errors
    /// [`RegistersError::NotFound`] if there was no such row then or the caller may not see it.
    pub fn row(
        &self,
        caller: &Caller,
        register: &str,
        row: &RowId,
        as_of: Option<jiff::civil::Date>,
    ) -> Result<RowView> {
        let definition = self.inner.definition(register)?;
        self.inner.store.read(|tx| {
            let names = self.inner.names(tx);
            let authority = self.inner.authority(caller, definition, &names);
            let found = match as_of {
                None => rows::living(tx, definition, row)?,
                Some(day) => at(tx, definition, row, end_of_day(day))?,
            };
            names.finish()?;
            found
                .filter(|found| authority.reach(Action::See).holds(definition, &found.values))
                .map(|found| names.entitle(definition, rows::view(definition, &authority, found)))
                .ok_or_else(|| RegistersError::NotFound(format!("row {row}")))
        })
    }
}

fn at(tx: &ReadTx, definition: &Definition, row: &RowId, before_ms: i64) -> Result<Option<Current>> {
    let sql = format!(
        "SELECT {} FROM {} WHERE _row = ?1 AND _from_ms < ?2 AND (_to_ms IS NULL OR _to_ms >= ?2) \
         ORDER BY _version DESC LIMIT 1",
        rows::columns(definition, Table::History),
        definition.history_table()
    );
    let found = tx.query(&sql, &[row.as_str().into(), before_ms.into()])?;
    Ok(found.first().map(|row| rows::read(definition, row)).transpose()?)
}

/// A query over one register as far as one caller reaches.
pub(crate) struct Select<'a> {
    definition: &'a Definition,
    table: Table,
    conditions: Vec<String>,
    params: Vec<SqlValue>,
    order: String,
}

impl<'a> Select<'a> {
    /// Every living row that an action reaches.
    pub(crate) fn reached(
        definition: &'a Definition,
        authority: &Authority<'_>,
        action: Action,
        as_of: Option<jiff::civil::Date>,
    ) -> Result<Self> {
        authority.require(action)?;
        let table = if as_of.is_some() { Table::History } else { Table::Living };
        let mut select =
            Self { definition, table, conditions: Vec::new(), params: Vec::new(), order: String::new() };
        if let Some(day) = as_of {
            let mark = select.param(SqlValue::Int(end_of_day(day)));
            select.conditions.push(format!("_from_ms < {mark} AND (_to_ms IS NULL OR _to_ms >= {mark})"));
        }
        select.reach(&authority.reach(action));
        Ok(select)
    }

    pub(crate) fn new(
        registers: &Registers,
        tx: &ReadTx,
        definition: &'a Definition,
        authority: &Authority<'_>,
        action: Action,
        query: &ListQuery,
    ) -> Result<Self> {
        let mut select = Self::reached(definition, authority, action, query.as_of)?;
        let view = match query.view.as_deref() {
            None => None,
            Some(id) => Some(definition.view(id).ok_or_else(|| {
                RegistersError::invalid(
                    format!("一覧の表示「{id}」はありません。"),
                    format!("there is no view `{id}`"),
                )
            })?),
        };
        let env = registers.env();
        if let Some(condition) = view.and_then(|view| view.filter.as_ref()) {
            select.condition(condition, &env, authority)?;
        }
        let names = registers.inner.names(tx);
        for filter in &query.filters {
            select.filter(filter, authority, &names)?;
        }
        select.text(&query.text, authority);
        let sort = query.sort.as_deref().or_else(|| view.and_then(|view| view.sort.as_deref()));
        let descending =
            query.descending || (query.sort.is_none() && view.is_some_and(|view| view.descending));
        select.sort(sort.unwrap_or(definition.key.as_str()), descending, authority)?;
        names.finish()?;
        Ok(select)
    }

    pub(crate) fn param(&mut self, value: SqlValue) -> String {
        self.params.push(value);
        format!("?{}", self.params.len())
    }

    pub(crate) fn and(&mut self, condition: String) {
        self.conditions.push(condition);
    }

    fn reach(&mut self, reach: &Reach) {
        if reach.all {
            return;
        }
        let mut ways = Vec::new();
        if let Some(field) = &self.definition.unit_field
            && !reach.units.is_empty()
        {
            let marks: Vec<String> =
                reach.units.iter().map(|unit| self.param(SqlValue::Text(unit.clone()))).collect();
            ways.push(match marks.as_slice() {
                [one] => format!("{field} = {one}"),
                _ => format!("{field} IN ({})", marks.join(", ")),
            });
        }
        for (field, me) in &reach.own {
            let mark = self.param(SqlValue::Text(me.clone()));
            ways.push(format!("{field} = {mark}"));
        }
        let condition = if ways.is_empty() { "1 = 0".to_owned() } else { format!("({})", ways.join(" OR ")) };
        self.conditions.push(condition);
    }

    /// A condition of the definition. One about a secret field tells its value by the rows that it finds.
    pub(crate) fn condition(
        &mut self,
        condition: &Condition,
        env: &sekisho_register::Env,
        authority: &Authority<'_>,
    ) -> Result<()> {
        self.visible(condition, authority)?;
        let sql = condition.to_sql(&mut self.params, env);
        self.conditions.push(format!("({sql})"));
        Ok(())
    }

    /// The rows that break a rule; what is unknown counts as holding.
    pub(crate) fn broken(
        &mut self,
        rule: &Condition,
        env: &sekisho_register::Env,
        authority: &Authority<'_>,
    ) -> Result<()> {
        self.visible(rule, authority)?;
        let sql = rule.to_sql(&mut self.params, env);
        self.conditions.push(format!("NOT ({sql})"));
        Ok(())
    }

    fn visible(&self, condition: &Condition, authority: &Authority<'_>) -> Result<()> {
        for field in self.definition.fields.iter().filter(|field| !authority.sees(field)) {
            let id = field.id.as_str();
            let mut names = condition.text().split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
            if names.any(|word| word == id) {
                return Err(RegistersError::not_permitted(
                    format!("この表示は「{}」を用いるため、閲覧する権限がありません。", field.label.ja),
                    format!("this view uses `{}`, which you may not see", field.label.en),
                ));
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, authority: &Authority<'_>) {
        let secret = self.definition.fields.iter().any(|field| field.confidentiality.is_some())
            && self.definition.fields.iter().all(|field| authority.sees(field));
        for word in words::words(text) {
            let mark = self.param(SqlValue::Text(words::pattern(&word)));
            self.conditions.push(if secret {
                format!("(_search LIKE {mark} ESCAPE '\\' OR _search_secret LIKE {mark} ESCAPE '\\')")
            } else {
                format!("_search LIKE {mark} ESCAPE '\\'")
            });
        }
    }

    fn column(&self, name: &str, authority: &Authority<'_>) -> Result<(&'a Field, Column)> {
        let found = self.definition.stored_fields().find_map(|field| {
            let column = field.columns().into_iter().find(|column| column.name == name)?;
            Some((field, column))
        });
        found.filter(|(field, _)| authority.sees(field)).ok_or_else(|| {
            RegistersError::invalid(
                format!("項目「{name}」はこの台帳にありません。"),
                format!("this register has no column `{name}`"),
            )
        })
    }

    fn filter(
        &mut self,
        filter: &Filter,
        authority: &Authority<'_>,
        names: &crate::names::Names<'_>,
    ) -> Result<()> {
        let (field, column) = self.column(&filter.field, authority)?;
        let name = column.name;
        match filter.op {
            FilterOp::Empty => self.and(format!("{name} IS NULL")),
            FilterOp::NotEmpty => self.and(format!("{name} IS NOT NULL")),
            FilterOp::Contains => {
                if !matches!(column.kind, sekisho_register::ColumnKind::Text) {
                    return Err(RegistersError::invalid(
                        format!("「{}」は文字の一部で探せません。", field.label.ja),
                        format!("`{}` can't be searched for a part", field.label.en),
                    ));
                }
                let mark = self.param(SqlValue::Text(words::pattern(&filter.value)));
                self.and(format!("{name} LIKE {mark} ESCAPE '\\'"));
            }
            FilterOp::Is | FilterOp::IsNot if field.kind.is_list() => {
                let value =
                    field.read(&Input::Text(&filter.value), names).map_err(RegistersError::Invalid)?;
                let mut ways = Vec::new();
                for id in value.as_list() {
                    let mark = self.param(SqlValue::Text(words::pattern(&format!(",{id},"))));
                    ways.push(format!("{name} LIKE {mark} ESCAPE '\\'"));
                }
                if ways.is_empty() {
                    return Ok(());
                }
                let all = ways.join(" AND ");
                self.and(match filter.op {
                    FilterOp::IsNot => format!("({name} IS NULL OR NOT ({all}))"),
                    _ => format!("({all})"),
                });
            }
            op => {
                let value = self.operand(field, &filter.value, names)?;
                let mark = self.param(value);
                let operator = match op {
                    FilterOp::Less => "<",
                    FilterOp::AtMost => "<=",
                    FilterOp::AtLeast => ">=",
                    FilterOp::More => ">",
                    FilterOp::IsNot => {
                        self.and(format!("({name} IS NULL OR {name} <> {mark})"));
                        return Ok(());
                    }
                    _ => "=",
                };
                self.and(format!("{name} {operator} {mark}"));
            }
        }
        Ok(())
    }

    fn operand(&self, field: &Field, written: &str, names: &crate::names::Names<'_>) -> Result<SqlValue> {
        if matches!(field.kind, FieldType::Period) {
            return sekisho_register::era::parse_date(written)
                .map(|day| SqlValue::Text(day.to_string()))
                .map_err(|error| RegistersError::invalid(error.ja(), error.en()));
        }
        let value = field.read(&Input::Text(written), names).map_err(RegistersError::Invalid)?;
        Ok(field.to_sql(&value).into_iter().next().unwrap_or(SqlValue::Null))
    }

    /// Empty values come last, whichever way it is sorted.
    pub(crate) fn sort(&mut self, column: &str, descending: bool, authority: &Authority<'_>) -> Result<()> {
        let (field, column) = self.column(column, authority)?;
        let direction = if descending { "DESC" } else { "ASC" };
        let nulls = if field.required { "" } else { " NULLS LAST" };
        self.order = format!("{} {direction}{nulls}, _row {direction}", column.name);
        Ok(())
    }

    pub(crate) fn params(&self) -> Vec<Value> {
        self.params.iter().cloned().map(sql_value).collect()
    }

    pub(crate) fn source(&self) -> String {
        let table = match self.table {
            Table::Living => self.definition.table(),
            Table::History => self.definition.history_table(),
        };
        if self.conditions.is_empty() {
            table
        } else {
            format!("{table} WHERE {}", self.conditions.join(" AND "))
        }
    }

    pub(crate) fn count(&self, tx: &ReadTx) -> Result<u64> {
        let sql = format!("SELECT COUNT(*) AS n FROM {}", self.source());
        Ok(tx.query(&sql, &self.params())?.first().map_or(Ok(0), |row| row.get_u64("n"))?)
    }

    fn page(&self, tx: &ReadTx, offset: u32, limit: u32) -> Result<(Vec<Current>, u64)> {
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {} LIMIT {limit} OFFSET {offset}",
            rows::columns(self.definition, self.table),
            self.source(),
            self.order
        );
        let found = tx.query(&sql, &self.params())?;
        let rows: Vec<Current> =
            found.iter().map(|row| rows::read(self.definition, row)).collect::<Result<_, _>>()?;
        let here = u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // A page that isn't full ends the list: nothing is left to be counted.
        let ended = here < u64::from(limit) && (here > 0 || offset == 0);
        let total = if ended { u64::from(offset).saturating_add(here) } else { self.count(tx)? };
        Ok((rows, total))
    }

    /// Rows behind `after` in the order of key and identifier, for walking through all of them.
    pub(crate) fn stretch(
        &self,
        tx: &ReadTx,
        after: Option<(&SqlValue, &str)>,
        limit: u32,
    ) -> Result<Vec<Current>> {
        let key = self.definition.key.as_str();
        let mut params = self.params();
        let mut source = self.source();
        if let Some((last, row)) = after {
            let n = params.len();
            source.push_str(if self.conditions.is_empty() { " WHERE " } else { " AND " });
            source.push_str(&format!(
                "({key} > ?{0} OR ({key} = ?{0} AND _row > ?{1}))",
                n.saturating_add(1),
                n.saturating_add(2)
            ));
            params.push(sql_value(last.clone()));
            params.push(row.into());
        }
        let sql = format!(
            "SELECT {} FROM {source} ORDER BY {key}, _row LIMIT {limit}",
            rows::columns(self.definition, self.table)
        );
        let found = tx.query(&sql, &params)?;
        Ok(found.iter().map(|row| rows::read(self.definition, row)).collect::<Result<Vec<_>, _>>()?)
    }
}
