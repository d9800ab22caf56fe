//! How long things take with 100,000 rows. Run by hand:
//! `cargo test --release -p sekisho-registers -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use jiff::civil::date;

use super::bed::{Bed, DAY, of};
use super::postgres::Cluster;
use crate::{Caller, Draft, ListQuery};

const ROWS: usize = 100_000;

fn timed<T>(what: &str, f: impl FnOnce() -> T) -> (T, Duration) {
    let from = Instant::now();
    let result = f();
    let took = from.elapsed();
    println!("{what}: {:.1} ms", took.as_secs_f64() * 1000.0);
    (result, took)
}

fn run(bed: &Bed) {
    let city = bed.city();
    let system = Caller::system("test");
    let units = ["fukushi", "zeimu", "somu-ka", "kikaku"];
    let (_, took) = timed("100,000 rows in units of 2,000", || {
        for chunk in 0..ROWS / 2000 {
            let drafts = (0..2000)
                .map(|n| Draft {
                    values: of(&[
                        ("name", format!("USBメモリ {}号 情報政策課保管", chunk * 2000 + n).into()),
                        ("unit", units[n % 4].into()),
                        ("kind", "usb".into()),
                        ("price", i64::try_from(n * 10).unwrap().into()),
                        ("note", "令和8年度に購入。職員が業務で使用する。".into()),
                    ]),
                    ..Draft::default()
                })
                .collect();
            city.registers.save_many(&system, "media", drafts).unwrap();
        }
    });
    println!("  {:.0} µs a row", took.as_secs_f64() * 1e6 / ROWS as f64);
    city.clock.advance(5 * DAY);
    for round in 0..2 {
        println!("-- round {round}");
        let list = |what: &str, query: ListQuery| {
            let (page, _) = timed(what, || city.registers.list(&system, &query).unwrap());
            println!("  {} of {}", page.rows.len(), page.total);
        };
        let base = ListQuery::of("media");
        list("list", base.clone());
        list("list as of", ListQuery { as_of: Some(date(2026, 11, 24)), ..base.clone() });
        list(
            "list by price, descending",
            ListQuery { sort: Some("price".into()), descending: true, ..base.clone() },
        );
        list("page 1,000", ListQuery { offset: 50_000, ..base.clone() });
        list("search, few", ListQuery { text: "99999号".into(), ..base.clone() });
        list("search, all", ListQuery { text: "情報政策".into(), ..base.clone() });
        list(
            "search as of",
            ListQuery { text: "99999号".into(), as_of: Some(date(2026, 11, 24)), ..base.clone() },
        );
        let suzuki = city.caller("suzuki");
        timed("list of one unit", || city.registers.list(&suzuki, &base).unwrap());
        timed("counts", || city.registers.counts(&suzuki).unwrap());
        timed("search everywhere", || city.registers.search(&suzuki, "99999号").unwrap());
    }
}

#[test]
#[ignore = "takes minutes; run by hand"]
fn speed_on_sqlite() {
    run(&Bed::sqlite());
}

#[test]
#[ignore = "takes minutes; run by hand"]
fn speed_on_postgresql() {
    if let Some(mut cluster) = Cluster::start() {
        run(&cluster.bed());
    }
}
