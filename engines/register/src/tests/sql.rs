//! The tables of a register.

use expect_test::expect;
use rusqlite::Connection;

use super::sample::every_type;
use crate::Definition;

#[test]
fn the_tables_use_portable_words_only() {
    let tables = every_type().ddl();
    let text = format!("{};\n{}", tables.living.ddl, tables.history.ddl);
    expect![[r#"
        CREATE TABLE reg_samples (
          _row TEXT PRIMARY KEY,
          _version BIGINT NOT NULL,
          _created_ms BIGINT NOT NULL,
          _changed_ms BIGINT NOT NULL,
          _changed_seq BIGINT NOT NULL,
          _changed_by TEXT NOT NULL,
          _search TEXT NOT NULL,
          number TEXT,
          name TEXT,
          note TEXT,
          n BIGINT,
          weight BIGINT,
          cost BIGINT,
          lent_on TEXT,
          returned_on TEXT,
          seen_at TEXT,
          term_from TEXT,
          term_to TEXT,
          year BIGINT,
          done BIGINT,
          state TEXT,
          kinds TEXT,
          holder TEXT,
          unit TEXT,
          zone TEXT,
          cls TEXT,
          integrity TEXT,
          availability TEXT,
          parent TEXT,
          contents TEXT,
          company TEXT,
          city TEXT,
          mac TEXT,
          ip TEXT,
          url TEXT,
          mail TEXT,
          phone TEXT,
          paper TEXT,
          paper_name TEXT,
          paper_bytes BIGINT,
          staff_code TEXT,
          highest TEXT,
          lent_year BIGINT
        );
        CREATE INDEX ix_reg_samples_0 ON reg_samples (number, _row);
        CREATE INDEX ix_reg_samples_1 ON reg_samples (name, _row);
        CREATE INDEX ix_reg_samples_2 ON reg_samples (lent_on, _row);
        CREATE INDEX ix_reg_samples_3 ON reg_samples (term_from, _row);
        CREATE INDEX ix_reg_samples_4 ON reg_samples (term_to, _row);
        CREATE INDEX ix_reg_samples_5 ON reg_samples (holder, _row);
        CREATE INDEX ix_reg_samples_6 ON reg_samples (unit, _row);
        CREATE INDEX ix_reg_samples_7 ON reg_samples (parent, _row);
        CREATE INDEX ix_reg_samples_8 ON reg_samples (staff_code, _row);
        CREATE TABLE reg_samples_h (
          _row TEXT NOT NULL,
          _version BIGINT NOT NULL,
          _from_ms BIGINT NOT NULL,
          _to_ms BIGINT,
          _from_seq BIGINT NOT NULL,
          _to_seq BIGINT,
          _actor TEXT NOT NULL,
          number TEXT,
          name TEXT,
          note TEXT,
          n BIGINT,
          weight BIGINT,
          cost BIGINT,
          lent_on TEXT,
          returned_on TEXT,
          seen_at TEXT,
          term_from TEXT,
          term_to TEXT,
          year BIGINT,
          done BIGINT,
          state TEXT,
          kinds TEXT,
          holder TEXT,
          unit TEXT,
          zone TEXT,
          cls TEXT,
          integrity TEXT,
          availability TEXT,
          parent TEXT,
          contents TEXT,
          company TEXT,
          city TEXT,
          mac TEXT,
          ip TEXT,
          url TEXT,
          mail TEXT,
          phone TEXT,
          paper TEXT,
          paper_name TEXT,
          paper_bytes BIGINT,
          staff_code TEXT,
          highest TEXT,
          lent_year BIGINT,
          PRIMARY KEY (_row, _version)
        );
        CREATE INDEX ix_reg_samples_h_0 ON reg_samples_h (_from_ms, _to_ms);
        CREATE INDEX ix_reg_samples_h_1 ON reg_samples_h (number, _row)"#]]
    .assert_eq(&text);
    Connection::open_in_memory().unwrap().execute_batch(&text).unwrap();
}

#[test]
fn names_of_tables_follow_the_register() {
    let text = super::sample::EVERY_TYPE.replace("id = \"samples\"", "id = \"usb-loans-2\"");
    let d = Definition::parse("usb-loans-2.toml", &text).unwrap();
    assert_eq!(
        (d.table(), d.history_table()),
        ("reg_usb_loans_2".to_owned(), "reg_usb_loans_2_h".to_owned())
    );
    assert_eq!((d.ddl().living.order_by, d.ddl().history.order_by), ("_row", "_row, _version"));
}

#[test]
fn names_of_indexes_are_distinct_and_short() {
    let tables = every_type().ddl();
    let mut names: Vec<&str> = tables
        .living
        .ddl
        .lines()
        .chain(tables.history.ddl.lines())
        .filter_map(|line| line.strip_prefix("CREATE INDEX "))
        .filter_map(|rest| rest.split(' ').next())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(names.iter().all(|name| name.len() <= 63));
}
