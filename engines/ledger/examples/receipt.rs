//! Writes a sample ledger for the independent checkers into a folder: `receipt.tlog-proof`, `vkey.txt`,
//! `entries.hex` (one entry a line), `root.txt` (the root of these entries) and `signing-key.txt`. The key and the
//! salt are fixed, so the files are the same on each run and must never be used for a real ledger.
//!
//! `cargo run -p sekisho-ledger --example receipt -- FOLDER [ENTRIES]`

use std::error::Error;
use std::fs;
use std::path::Path;

use sekisho_ledger::{
    Checkpoint, Entry, Frontier, MemoryTree, Receipt, SigningKey, commit, inclusion_proof, leaf_hash,
};

const ORIGIN: &str = "demo.example/sekisho";

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: receipt FOLDER [ENTRIES]")?;
    let size: u64 = arguments.next().unwrap_or_else(|| "1000".to_owned()).parse()?;
    write_sample(Path::new(&folder), size)
}

fn write_sample(folder: &Path, size: u64) -> Result<(), Box<dyn Error>> {
    let index = (size / 3).min(size.checked_sub(1).ok_or("a receipt needs at least one entry")?);
    let key = SigningKey::from_seed(ORIGIN, &[42; 32])?;
    let (mut tree, mut frontier, mut hex) = (MemoryTree::new(), Frontier::new(), String::new());
    for seq in 0..size {
        let entry = entry(seq)?.encode();
        tree.push(leaf_hash(&entry));
        frontier.push(leaf_hash(&entry));
        hex.extend(entry.iter().map(|byte| format!("{byte:02x}")));
        hex.push('\n');
    }
    let receipt = Receipt {
        entry: entry(index)?.encode(),
        salt: salt(index),
        payload: payload(index),
        index,
        proof: inclusion_proof(&tree, index, size)?,
        checkpoint: Checkpoint::new(ORIGIN, size, frontier.root()).sign(&key),
    };
    receipt.verify(&key.verifier())?;
    fs::create_dir_all(folder)?;
    fs::write(folder.join("receipt.tlog-proof"), receipt.encode())?;
    fs::write(folder.join("vkey.txt"), format!("{}\n", key.verifier()))?;
    fs::write(folder.join("signing-key.txt"), key.to_text().as_bytes())?;
    fs::write(folder.join("entries.hex"), hex)?;
    fs::write(folder.join("root.txt"), format!("{}\n", frontier.root()))?;
    Ok(())
}

fn entry(seq: u64) -> Result<Entry, Box<dyn Error>> {
    Ok(Entry {
        seq,
        time_ms: 1_780_000_000_000_i64.saturating_add(i64::try_from(seq)?),
        kind: "transfer.approved".to_owned(),
        commitment: commit(&salt(seq), &payload(seq)),
    })
}

fn salt(seq: u64) -> [u8; 32] {
    leaf_hash(&seq.to_be_bytes()).0
}

fn payload(seq: u64) -> Vec<u8> {
    format!(r#"{{"actor":"zeimu-kacho","subject":"transfer/{seq}","body":{{"目的":"申請書の受領"}}}}"#)
        .into_bytes()
}
