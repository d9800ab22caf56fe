//! `sekisho-registers-bench [ROWS]`: a register with so many rows (100,000 by default) in a data folder of its own, timed
//! through the service as the pages and commands use it. For measurements only; the folder is removed afterwards.

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sekisho_approval::Approval;
use sekisho_identity::{Config, Identity};
use sekisho_policy::{Policy, SourceFile};
use sekisho_register::book::{TableLimits, read_book};
use sekisho_registers::{Caller, ExportFormat, Filter, FilterOp, ImportOptions, ListQuery, Registers, local};
use sekisho_store::{OpenOptions, Store};

/// The register: no row needs another one.
const REGISTER: &str = "facilities";

const UNITS: [&str; 5] = ["joho-seisaku", "somu-ka", "shimin-ka", "zeimu", "suido-koji"];

fn main() -> Result<(), Box<dyn Error>> {
    let rows: usize = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
    let folder = tempfile::tempdir()?;
    let registers = open(folder.path())?;
    let caller = Caller::system("bench");

    let file = csv(rows)?;
    println!("the file: {rows} rows, {} bytes", file.len());
    let started = Instant::now();
    let book = read_book(&file, &TableLimits::default())?;
    say("reading the CSV file", started.elapsed());
    let started = Instant::now();
    let report = registers.dry_run_book(&caller, REGISTER, "bench.csv", &book)?;
    say("import, dry run", started.elapsed());
    if !report.is_clean() {
        return Err(format!("refused: {:?}", report.refused.first()).into());
    }
    let started = Instant::now();
    let done = registers.import_book(
        &caller,
        REGISTER,
        "bench.csv",
        &book,
        &report.digest,
        ImportOptions::default(),
    )?;
    say("import, applied", started.elapsed());
    if done.added.len() != rows {
        return Err("rows are missing".into());
    }
    pages(&registers, &caller)?;
    for (format, name) in [
        (ExportFormat::Xlsx, "export to xlsx"),
        (ExportFormat::CsvUtf8, "export to CSV, UTF-8"),
        (ExportFormat::CsvCp932, "export to CSV, CP932"),
    ] {
        let started = Instant::now();
        let exported = registers.export(&caller, format, &ListQuery::of(REGISTER))?;
        say(&format!("{name} ({} bytes)", exported.bytes.len()), started.elapsed());
        if format == ExportFormat::CsvUtf8 {
            let book = read_book(&exported.bytes, &TableLimits::default())?;
            let started = Instant::now();
            let report = registers.dry_run_book(&caller, REGISTER, "again.csv", &book)?;
            say("dry run of the unedited export", started.elapsed());
            if report.unchanged != u64::try_from(rows)? {
                return Err("an unedited export must change nothing".into());
            }
        }
    }
    Ok(())
}

fn pages(registers: &Registers, caller: &Caller) -> Result<(), Box<dyn Error>> {
    let page = ListQuery { limit: 50, ..ListQuery::of(REGISTER) };
    let last = ListQuery { offset: 99_000, ..page.clone() };
    let filtered = ListQuery {
        filters: vec![Filter { field: "unit".to_owned(), op: FilterOp::Is, value: "zeimu".to_owned() }],
        ..page.clone()
    };
    let text = |word: &str| ListQuery { text: word.to_owned(), ..page.clone() };
    let today = local(sekisho_store::Clock::now_ms(&sekisho_store::SystemClock)).date();
    let queries = [
        ("list, first page", page.clone()),
        ("list, page 1,981", last),
        ("list, one unit of five", filtered),
        (
            "list, sorted by another column",
            ListQuery { sort: Some("inspection_due_on".to_owned()), ..page.clone() },
        ),
        ("search, a word that every row has", text("無停電")),
        ("search, a word that one row has", text("GD-0077777")),
        ("as of today, first page", ListQuery { as_of: Some(today), ..page.clone() }),
    ];
    for (name, query) in queries {
        let mut times = Vec::new();
        for _ in 0..15 {
            let started = Instant::now();
            registers.list(caller, &query)?;
            times.push(started.elapsed());
        }
        times.sort();
        say(name, times.get(times.len() / 2).copied().unwrap_or_default());
    }
    Ok(())
}

fn say(what: &str, time: Duration) {
    println!("{what}: {:.1} ms", time.as_secs_f64() * 1000.0);
}

/// A file as another tool would write it.
fn csv(rows: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut text = String::from(
        "管理番号,設備の名称,種類,所管課,管理担当者,管理区域,設置場所,製造者・型式,製造番号,容量・能力,停電時の稼働時間（分）,二重化,転倒・落下の防止,損傷・盗聴・盗難の防止,可用性,設置日,保守契約,前回点検日,点検の結果,次回点検の期限,更新予定日,状態,備考\r\n",
    );
    for row in 0..rows {
        let unit = UNITS.get(row % UNITS.len()).copied().unwrap_or_default();
        let (month, day) = (row % 12 + 1, row % 28 + 1);
        writeln!(
            text,
            ",無停電電源装置{row}号,ups,{unit},,,{unit} 執務室,玄海電機 UPX-6000,GD-{row:07},6kVA,{},いいえ,はい,はい,a1,令和4年{month}月{day}日,,2026-{month:02}-{day:02},good,2027-{month:02}-{day:02},,in-use,\r",
            row % 60 + 5,
        )?;
    }
    Ok(text.into_bytes())
}

fn open(data: &Path) -> Result<Registers, Box<dyn Error>> {
    let declared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/imari");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(declared)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files
                .push(SourceFile { path: path.display().to_string(), text: std::fs::read_to_string(&path)? });
        }
    }
    let policy = Arc::new(Policy::parse(&files).map_err(|found| format!("{} errors", found.len()))?);
    let definitions = sekisho_registers::load(&policy, data)?;
    let store = Store::open(
        OpenOptions::new(data, &policy.municipality.origin)
            .projection(Identity::projection())
            .projection(Approval::projection())
            .projection(Registers::projection(&definitions))
            .module(Identity::module())
            .module(Approval::module())
            .module(Registers::module()),
    )?;
    let identity = Identity::new(store.clone(), Arc::clone(&policy), Config::new(data, "bench", Vec::new()))?;
    let approval = Approval::new(store.clone(), Arc::clone(&policy), identity.clone(), None);
    Ok(Registers::new(store, policy, &identity, definitions, approval, None)?)
}
