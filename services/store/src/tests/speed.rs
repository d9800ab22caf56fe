//! A measurement, not a test: `cargo test --release -p sekisho-store -- --ignored --nocapture speed`.

use std::time::Instant;

use serde_json::json;

use crate::{OpenOptions, Store, StoreError};

#[test]
#[ignore = "a measurement of durable writes; run it alone, with --release"]
fn speed_of_durable_entries() {
    let dir =
        tempfile::tempdir_in(std::env::var_os("SEKISHO_BENCH_DIR").unwrap_or_else(|| "/var/tmp".into()))
            .unwrap();
    let store = Store::open(OpenOptions::new(dir.path().join("data"), "bench.example/log")).unwrap();
    let text = "x".repeat(900);
    for (units, per_unit) in [(20_480usize, 1usize), (160, 256), (40, 1024)] {
        let start = Instant::now();
        let pending: Vec<_> = (0..units)
            .map(|unit| {
                let text = text.clone();
                store.submit(move |tx| -> Result<(), StoreError> {
                    for n in 0..per_unit {
                        tx.emit("bench.entry", "bench", &format!("{unit}-{n}"), json!({ "text": text }))?;
                    }
                    Ok(())
                })
            })
            .collect();
        pending.into_iter().for_each(|p| p.wait().unwrap());
        let seconds = start.elapsed().as_secs_f64();
        println!("{units} units × {per_unit}: {:.0} durable entries/s", (units * per_unit) as f64 / seconds);
    }
    let start = Instant::now();
    for n in 0..200 {
        store.write(move |tx| tx.emit("bench.single", "bench", &n.to_string(), json!({}))).unwrap();
    }
    println!("one at a time: {:.1} ms each", start.elapsed().as_secs_f64() * 1000.0 / 200.0);
    let start = Instant::now();
    for seq in (0..20_000).step_by(100) {
        store.receipt(seq).unwrap();
    }
    println!("receipt: {:.2} ms each", start.elapsed().as_secs_f64() * 1000.0 / 200.0);
}
