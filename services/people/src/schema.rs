//! The one table of this room: the newest slides and questions of each course.

use std::borrow::Cow;

use sekisho_store::{Event, Projection, Sql, StoreError, TableDef, Value};

const TABLES: &[TableDef] = &[TableDef {
    name: Cow::Borrowed("training_content"),
    ddl: Cow::Borrowed(
        "CREATE TABLE training_content (course TEXT NOT NULL PRIMARY KEY, content TEXT NOT NULL, seq BIGINT NOT NULL)",
    ),
    order_by: Cow::Borrowed("course"),
}];

/// Projects `training.content-set`.
pub(crate) struct Training;

impl Projection for Training {
    fn name(&self) -> &str {
        "training"
    }

    fn tables(&self) -> &[TableDef] {
        TABLES
    }

    fn apply(&self, tx: &mut dyn Sql, event: &Event) -> Result<(), StoreError> {
        if event.kind != "training.content-set" {
            return Ok(());
        }
        let Some(content) = event.body.as_ref().and_then(|body| body.get("content")) else { return Ok(()) };
        tx.execute(
            "INSERT INTO training_content (course, content, seq) VALUES (?1, ?2, ?3) ON CONFLICT (course) DO UPDATE SET content = excluded.content, seq = excluded.seq",
            &[
                Value::from(event.subject.as_str()),
                Value::from(content.to_string()),
                Value::from(i64::try_from(event.seq).unwrap_or(i64::MAX)),
            ],
        )?;
        Ok(())
    }
}
