//! Identifiers: none is declared twice, and each that is used is declared.

use std::collections::BTreeMap;

use crate::SourceFile;
use crate::definition::Of;
use crate::diagnostic::{At, Reporter, nearest};
use crate::read::{Field, Record, Value};

/// Reports identifiers that are declared twice or used without a declaration.
pub(crate) fn resolve(root: &Record, files: &[SourceFile], reporter: &mut Reporter<'_>) {
    let mut declared: BTreeMap<(Of, &str), At> = BTreeMap::new();
    let mut used: Vec<(Of, &str, At)> = Vec::new();
    visit(root, &mut |field| match &field.value {
        Value::Ref(of, id) => used.push((*of, id, field.at)),
        Value::Id(of, id) => {
            let Some(first) = declared.get(&(*of, id.as_str())) else {
                declared.insert((*of, id), field.at);
                return;
            };
            let path = files.get(first.file).map_or("", |file| file.path.as_str());
            reporter
                .report(
                    field.at,
                    "duplicate-id",
                    format!("{} `{id}` は {path} に既に宣言されています。", of.ja()),
                    format!("{} `{id}` is already declared in {path}", of.en()),
                )
                .with_help(
                    "別の識別子にするか、一方を削除してください。",
                    "choose another identifier or remove one of the two",
                );
        }
        _ => {}
    });
    for (of, id, at) in used {
        if declared.contains_key(&(of, id)) {
            continue;
        }
        let known = || declared.keys().filter(|(other, _)| *other == of).map(|(_, id)| *id);
        let (ja, en) = (
            format!("{} `{id}` は宣言されていません", of.ja()),
            format!("{} `{id}` is not declared", of.en()),
        );
        if let Some(near) = nearest(id, known()) {
            reporter.report(
                at,
                "undeclared",
                format!("{ja}。`{near}` の誤りではありませんか。"),
                format!("{en}; did you mean `{near}`?"),
            );
        } else {
            let list: Vec<_> = known().take(12).map(|id| format!("`{id}`")).collect();
            let help = if list.is_empty() {
                (
                    format!("{}が1件も宣言されていません。", of.ja()),
                    format!("no {} is declared at all", of.en()),
                )
            } else {
                (
                    format!("宣言済みの識別子は {} です。", list.join("、")),
                    format!("declared are {}", list.join(", ")),
                )
            };
            reporter.report(at, "undeclared", ja + "。", en).with_help(help.0, help.1);
        }
    }
}

fn visit<'r>(record: &'r Record, each: &mut dyn FnMut(&'r Field)) {
    for field in record.fields.values() {
        each(field);
        match &field.value {
            Value::One(inner) => visit(inner, each),
            Value::Many(inner) => inner.iter().for_each(|record| visit(record, each)),
            Value::List(list) => list.iter().for_each(&mut *each),
            _ => {}
        }
    }
}
