//! `sekisho-fill DATA ORIGIN COUNT`: fills a data folder in which people are enrolled already with finished transfers, so
//! that pages can be timed against a history of years. Every transfer goes through the store as the events that the
//! checkpoint itself would write; nothing is put into a table directly. For measurements only, never for real data.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use sekisho_checkpoint::{Checkpoint, FileId, TransferId};
use sekisho_identity::Identity;
use sekisho_store::{BlobRef, OpenOptions, Pending, Store, StoreError, WriteTx};

/// Transfers of one unit of work.
const PER_UNIT: u64 = 100;

/// Units that may wait for the writer at the same time.
const AHEAD: usize = 16;

/// Of so many transfers one is left waiting for its approval.
const AWAITING_EVERY: u64 = 500;

const PURPOSES: [&str; 6] = [
    "県からの照会への回答",
    "国庫補助金の実績報告",
    "説明会資料の取込み",
    "工事写真の取込み",
    "委託業者からの納品物",
    "住民説明用の図面",
];
const NAMES: [&str; 6] = [
    "照会への回答.docx",
    "実績報告書.xlsx",
    "説明会のお知らせ.pdf",
    "現地写真.jpg",
    "設計図書.pdf",
    "名簿.csv",
];

/// Somebody who sends.
#[derive(Clone)]
struct Sender {
    id: String,
    login: String,
    name: String,
    unit: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let (Some(data), Some(origin), Some(count)) = (words.next(), words.next(), words.next()) else {
        return Err("usage: sekisho-fill DATA ORIGIN COUNT".into());
    };
    let count: u64 = count.parse()?;
    let store = Store::open(
        OpenOptions::new(Path::new(&data), origin)
            .projection(Identity::projection())
            .projection(Checkpoint::projection())
            .module(Identity::module()),
    )?;
    let senders = senders(&store)?;
    if senders.is_empty() {
        return Err("nobody is enrolled in this data folder".into());
    }
    let blob = store.blobs().put_bytes("見本の内容\n".as_bytes())?;
    let started = Instant::now();
    let mut waiting: Vec<Pending<(), StoreError>> = Vec::new();
    let mut first = 0;
    while first < count {
        let (from, to) = (first, first.saturating_add(PER_UNIT).min(count));
        let (senders, blob) = (senders.clone(), blob.clone());
        waiting.push(store.submit(move |tx| {
            for (number, sender) in (from..to).zip(senders.iter().cycle()) {
                one(tx, number, sender, &blob)?;
            }
            Ok(())
        }));
        if waiting.len() >= AHEAD {
            waiting.drain(..).try_for_each(Pending::wait)?;
        }
        first = to;
    }
    waiting.into_iter().try_for_each(Pending::wait)?;
    println!("{count} transfers in {:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn senders(store: &Store) -> Result<Vec<Sender>, StoreError> {
    let rows = store.read(|tx| tx.query("SELECT id, login, name, unit FROM people ORDER BY login", &[]))?;
    let text = |row: &sekisho_store::Row, column: &str| row.get_text(column).map(ToOwned::to_owned);
    rows.iter()
        .map(|row| {
            Ok(Sender {
                id: text(row, "id")?,
                login: text(row, "login")?,
                name: text(row, "name")?,
                unit: text(row, "unit")?,
            })
        })
        .collect()
}

/// The events of one transfer from its request to its release.
fn one(tx: &mut WriteTx, number: u64, sender: &Sender, blob: &BlobRef) -> Result<(), StoreError> {
    let transfer = TransferId::from_random(numbered(b't', number));
    let file = FileId::from_random(numbered(b'f', number));
    let id = transfer.as_str();
    let name = pick(&NAMES, number);
    let format = name.rsplit('.').next().unwrap_or_default();
    tx.emit(
        "transfer.submitted",
        &sender.id,
        id,
        json!({
            "from": "internet", "to": "lgwan", "conduit": "import", "approving_zone": "lgwan",
            "purpose": format!("{}（第{number}号）", pick(&PURPOSES, number / 7)), "unit": sender.unit,
            "applicant_name": sender.name, "applicant_login": sender.login, "recipient": "",
            "policy_digest": "bench",
            "files": [{ "id": file, "name": name, "sha256": blob.id, "bytes": blob.bytes }],
        }),
    )?;
    tx.emit("file.disarming", "system", id, json!({ "file": file }))?;
    tx.emit(
        "file.disarmed",
        "system",
        id,
        json!({
            "file": file, "declared": format, "detected": format, "method": "rebuild", "cpu_ms": 12,
            "removed": [{ "what": "metadata", "where": "docProps/core.xml", "threat": "disclosure" }], "sandboxed": true,
            "output": { "sha256": blob.id, "bytes": blob.bytes, "format": format, "name": name },
        }),
    )?;
    tx.emit("file.verified", "system", id, json!({ "file": file, "findings": [] }))?;
    tx.emit("transfer.awaiting", "system", id, json!({ "digest": "bench", "route": "section-manager" }))?;
    if !number.is_multiple_of(AWAITING_EVERY) {
        tx.emit("transfer.released", "system", id, json!({ "digest": "bench" }))?;
    }
    Ok(())
}

/// Ten bytes that are different for every number.
fn numbered(kind: u8, number: u64) -> [u8; 10] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [kind, h, g, f, e, d, c, b, a, kind]
}

fn pick<'a>(of: &[&'a str], number: u64) -> &'a str {
    let length = u64::try_from(of.len()).unwrap_or(1).max(1);
    usize::try_from(number % length).ok().and_then(|at| of.get(at)).copied().unwrap_or_default()
}
