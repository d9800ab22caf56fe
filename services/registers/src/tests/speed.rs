//! How long things take with 100,000 rows. Run by hand:
//! `cargo test --release -p sekisho-registers -- --ignored --nocapture speed`.

use std::time::{Duration, Instant};

use jiff::civil::date;
use sekisho_register::book::{Cell, CellValue, TableLimits, read_book};

use super::bed::{Bed, DAY, of};
use super::postgres::Server;
use crate::{Caller, Draft, ExportFormat, ImportOptions, ListQuery};

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
        timed("list of one unit, again", || city.registers.list(&suzuki, &base).unwrap());
        timed("search everywhere", || city.registers.search(&suzuki, "99999号").unwrap());
    }
}

/// The import of 100,000 rows with every check, as one unit of work.
fn import(bed: &Bed) {
    let city = bed.city();
    let system = Caller::system("test");
    let query = ListQuery::of("media");
    let file = city.registers.export(&system, ExportFormat::Xlsx, &query).unwrap();
    let mut book = read_book(&file.bytes, &TableLimits::default()).unwrap();
    let text = |text: String| Cell { value: CellValue::Text(text.into()), ..Cell::default() };
    let sheet = book.sheets.iter_mut().find(|sheet| !sheet.hidden).unwrap();
    let heads: Vec<String> =
        sheet.rows.last().unwrap().iter().map(|cell| cell.text().unwrap_or_default().to_owned()).collect();
    for n in 0..ROWS {
        let cell = |head: &String| match head.as_str() {
            "品名" => text(format!("USBメモリ {n}号")),
            "所属" => text("福祉課".to_owned()),
            "種別" => text("USBメモリ".to_owned()),
            "価格" => text(format!("{}円", n * 10)),
            "購入日" => text("令和8年4月1日".to_owned()),
            "備考" => text("職員が業務で使用する。".to_owned()),
            _ => Cell::default(),
        };
        sheet.rows.push(heads.iter().map(cell).collect());
    }
    let (shown, _) =
        timed("dry run", || city.registers.dry_run_book(&system, "media", "台帳", &book).unwrap());
    assert_eq!((shown.added.len(), shown.refused.len()), (ROWS, 0), "{:?}", shown.refused.first());
    let options = ImportOptions::default();
    let (done, _) = timed("import", || {
        city.registers.import_book(&system, "media", "台帳", &book, &shown.digest, options).unwrap()
    });
    assert!(done.applied);
    for format in [ExportFormat::Xlsx, ExportFormat::CsvUtf8] {
        timed("export", || city.registers.export(&system, format, &query).unwrap());
    }
}

#[test]
#[ignore = "takes minutes; run by hand"]
fn speed_of_import_on_sqlite() {
    import(&Bed::sqlite());
}

#[test]
#[ignore = "takes minutes; run by hand"]
fn speed_of_import_on_postgresql() {
    if let Some(mut cluster) = Server::start() {
        import(&cluster.bed());
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
    if let Some(mut cluster) = Server::start() {
        run(&cluster.bed());
    }
}
