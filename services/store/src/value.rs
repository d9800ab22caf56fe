//! The portable SQL layer: values, rows and the `Sql` trait. What compiles here runs on both databases;
//! a type that one of them lacks (floats, booleans, dates) has no variant on purpose.

use std::sync::Arc;

use crate::StoreError;

/// A parameter or a column's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// BIGINT.
    Int(i64),
    /// TEXT, UTF-8.
    Text(String),
    /// BLOB (BYTEA in PostgreSQL).
    Blob(Vec<u8>),
}

macro_rules! value_from {
    ($($from:ty => |$v:ident| $to:expr),+ $(,)?) => {$(
        impl From<$from> for Value {
            fn from($v: $from) -> Self { $to }
        }
    )+};
}

value_from! {
    i64 => |v| Value::Int(v),
    i32 => |v| Value::Int(i64::from(v)),
    u32 => |v| Value::Int(i64::from(v)),
    u16 => |v| Value::Int(i64::from(v)),
    u8 => |v| Value::Int(i64::from(v)),
    bool => |v| Value::Int(i64::from(v)),
    &str => |v| Value::Text(v.to_owned()),
    &String => |v| Value::Text(v.clone()),
    String => |v| Value::Text(v),
    Vec<u8> => |v| Value::Blob(v),
    &[u8] => |v| Value::Blob(v.to_vec()),
    [u8; 32] => |v| Value::Blob(v.to_vec()),
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

/// Turns a count or sequence number into a parameter.
///
/// # Errors
/// [`StoreError::Invalid`] above 2^63−1, which neither database can hold.
impl TryFrom<u64> for Value {
    type Error = StoreError;

    fn try_from(v: u64) -> Result<Self, StoreError> {
        to_i64(v).map(Value::Int)
    }
}

pub(crate) fn to_i64(v: u64) -> Result<i64, StoreError> {
    i64::try_from(v).map_err(|_| StoreError::invalid(format!("the number {v} is too large to be stored")))
}

/// A row of a result; columns are asked for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The column names in the order of the query.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values in the order of the query.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the query has no such column.
    pub fn get(&self, column: &str) -> Result<&Value, StoreError> {
        self.columns.iter().position(|c| c == column).and_then(|at| self.values.get(at)).ok_or_else(|| {
            StoreError::NotFound {
                what: format!("column `{column}` (the query returned {})", self.columns.join(", ")),
            }
        })
    }

    /// An integer that is not NULL.
    ///
    /// # Errors
    /// No such column, NULL, or another type.
    pub fn get_i64(&self, column: &str) -> Result<i64, StoreError> {
        self.get_opt_i64(column)?.ok_or_else(|| wrong(column, "an integer", &Value::Null))
    }

    /// An integer or NULL.
    ///
    /// # Errors
    /// No such column, or another type.
    pub fn get_opt_i64(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Int(v) => Ok(Some(*v)),
            other => Err(wrong(column, "an integer", other)),
        }
    }

    /// A count or sequence number.
    ///
    /// # Errors
    /// No such column, NULL, another type, or negative.
    pub fn get_u64(&self, column: &str) -> Result<u64, StoreError> {
        let v = self.get_i64(column)?;
        u64::try_from(v).map_err(|_| wrong(column, "a number from 0", &Value::Int(v)))
    }

    /// A truth value, stored as 0 or 1.
    ///
    /// # Errors
    /// No such column, or anything but 0 and 1.
    pub fn get_bool(&self, column: &str) -> Result<bool, StoreError> {
        match self.get_i64(column)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(wrong(column, "0 or 1", &Value::Int(other))),
        }
    }

    /// Text that is not NULL.
    ///
    /// # Errors
    /// No such column, NULL, or another type.
    pub fn get_text(&self, column: &str) -> Result<&str, StoreError> {
        self.get_opt_text(column)?.ok_or_else(|| wrong(column, "text", &Value::Null))
    }

    /// Text or NULL.
    ///
    /// # Errors
    /// No such column, or another type.
    pub fn get_opt_text(&self, column: &str) -> Result<Option<&str>, StoreError> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Text(v) => Ok(Some(v)),
            other => Err(wrong(column, "text", other)),
        }
    }

    /// Text that is not NULL, owned.
    ///
    /// # Errors
    /// No such column, NULL, or another type.
    pub fn get_string(&self, column: &str) -> Result<String, StoreError> {
        self.get_text(column).map(str::to_owned)
    }

    /// Text that holds JSON.
    ///
    /// # Errors
    /// No such column, NULL, another type, or not JSON.
    pub fn get_json(&self, column: &str) -> Result<serde_json::Value, StoreError> {
        serde_json::from_str(self.get_text(column)?)
            .map_err(|e| StoreError::damaged(format!("column `{column}`"), format!("it is not JSON ({e})")))
    }

    /// Bytes that are not NULL.
    ///
    /// # Errors
    /// No such column, NULL, or another type.
    pub fn get_blob(&self, column: &str) -> Result<&[u8], StoreError> {
        self.get_opt_blob(column)?.ok_or_else(|| wrong(column, "bytes", &Value::Null))
    }

    /// Bytes or NULL.
    ///
    /// # Errors
    /// No such column, or another type.
    pub fn get_opt_blob(&self, column: &str) -> Result<Option<&[u8]>, StoreError> {
        match self.get(column)? {
            Value::Null => Ok(None),
            Value::Blob(v) => Ok(Some(v)),
            other => Err(wrong(column, "bytes", other)),
        }
    }
}

fn wrong(column: &str, wanted: &str, got: &Value) -> StoreError {
    let got = match got {
        Value::Null => "NULL",
        Value::Int(_) => "an integer",
        Value::Text(_) => "text",
        Value::Blob(_) => "bytes",
    };
    StoreError::damaged(format!("column `{column}`"), format!("{wanted} was expected, {got} is stored"))
}

/// Reading and writing inside the current transaction, in portable SQL with `?1` placeholders.
pub trait Sql {
    /// Runs a statement that returns rows.
    ///
    /// # Errors
    /// What the database reports; see [`StoreError`].
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// Runs a statement and returns how many rows it touched.
    ///
    /// # Errors
    /// What the database reports; see [`StoreError`].
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError>;
}
