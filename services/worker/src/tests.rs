//! Real children under the real confinement. Every test takes its turn, so that open descriptors can be counted.

use std::io::{self, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sekisho_disarm::{Format, Lang, Limits, Options, RefusalCode};
use sekisho_register::book::{TableError, TableLimits};

use super::*;
use crate::wire::{Layers, Probe};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn config() -> SandboxConfig {
    SandboxConfig { wall_ms: 10_000, parallel: 4, ..SandboxConfig::default() }
}

fn sandbox() -> Sandbox {
    Sandbox::start_for_tests(config()).unwrap()
}

fn named(name: &str) -> Options {
    Options { name: name.to_owned(), ..Options::default() }
}

const LETTER: &str = "伊万里市役所 御中\r\n申請書を送ります。\r\n";

fn disarm_letter(sandbox: &Sandbox) -> Result<JobResult<DisarmInMemory>, WorkerError> {
    sandbox.disarm(LETTER.as_bytes(), &named("letter.txt"))
}

fn cause(error: &WorkerError) -> ExitCause {
    match error {
        WorkerError::Stopped { cause, .. } => *cause,
        other => panic!("{other}"),
    }
}

#[test]
fn self_test_finds_every_misdeed_stopped() {
    let _turn = turn();
    let report = sandbox().self_test();
    let wrong: Vec<_> = report.checks.iter().filter(|check| !check.ok).collect();
    assert!(report.ok(), "{} {wrong:#?}", report.level);
    assert!(report.checks.len() > 20);
}

#[test]
fn text_file_makes_the_round_trip_and_verifies() {
    let _turn = turn();
    let sandbox = sandbox();
    let done = disarm_letter(&sandbox).unwrap();
    assert_eq!(done.exit, ExitCause::Finished);
    let DisarmInMemory::Written { document, detection } = done.value else { panic!("{:?}", done.value) };
    assert_eq!(document.format, Format::Txt);
    assert_eq!((detection.declared.as_str(), detection.detected.as_str()), ("txt", "txt"));
    assert!(String::from_utf8(document.bytes.clone()).unwrap().contains("申請書"));
    sandbox.verify(&document.bytes, document.format, &Limits::default()).unwrap().value.unwrap();
    let text = sandbox.extract_text(LETTER.as_bytes(), &named("letter.txt")).unwrap().value.unwrap();
    assert!(text.iter().any(|piece| piece.text.contains("伊万里市")));
}

#[test]
fn result_is_the_same_as_without_the_sandbox() {
    let _turn = turn();
    let sandbox = sandbox();
    let dot = two_pixels();
    let files: [(&str, &[u8], bool); 4] = [
        ("a.txt", LETTER.as_bytes(), true),
        ("a.csv", b"a,b\r\n1,2\r\n", true),
        ("a.bmp", &dot, true),
        ("a.exe", b"MZ\x90\0", false),
    ];
    for (name, bytes, written) in files {
        let inside = sandbox.disarm(bytes, &named(name)).unwrap().value;
        match (sekisho_disarm::disarm(bytes, &named(name)), inside) {
            (Ok(outside), DisarmInMemory::Written { document, .. }) => {
                assert_eq!(outside, document);
                assert!(written, "{name}");
            }
            (Err(outside), DisarmInMemory::Refused { refusal, .. }) => {
                assert_eq!(outside, refusal);
                assert!(!written, "{name}: {refusal}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

/// A bitmap of 2×1 pixels at 24 bits: file header, BITMAPINFOHEADER, one row padded to 8 bytes.
fn two_pixels() -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for word in [62_u32, 0, 54, 40, 2, 1, 1 | (24 << 16), 0, 8, 2835, 2835, 0, 0] {
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.extend_from_slice(&[0, 0, 255, 255, 0, 0, 0, 0]);
    bytes
}

#[test]
fn empty_input_is_refused_not_failed() {
    let _turn = turn();
    let done = sandbox().disarm(b"", &named("x.txt")).unwrap();
    let DisarmInMemory::Refused { refusal, .. } = done.value else { panic!("{:?}", done.value) };
    assert_eq!(refusal.code, RefusalCode::Empty);
}

#[test]
fn too_long_input_is_refused_before_any_child_sees_it() {
    let _turn = turn();
    let mut options = named("big.TXT");
    options.limits.input_bytes = 1000;
    let mut endless = io::repeat(b'a');
    let done = sandbox().disarm_to(&mut endless, &options, &mut io::sink()).unwrap();
    let DisarmOutcome::Refused { refusal, detection } = done.value else { panic!("{:?}", done.value) };
    assert_eq!(refusal.code, RefusalCode::TooLarge);
    assert_eq!(detection.declared, "txt");
}

#[test]
fn failing_reader_and_writer_are_told_apart() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let _turn = turn();
    let sandbox = sandbox();
    let options = named("letter.txt");
    let reading = sandbox.disarm_to(&mut Broken, &options, &mut io::sink());
    assert!(matches!(reading, Err(WorkerError::Input(_))));
    let writing = sandbox.disarm_to(&mut LETTER.as_bytes(), &options, &mut Broken);
    assert!(matches!(writing, Err(WorkerError::Output(_))), "{writing:?}");
}

#[test]
fn output_beyond_the_cap_is_a_limit_not_a_document() {
    let _turn = turn();
    let sandbox = Sandbox::start_for_tests(SandboxConfig { output_bytes: 16, ..config() }).unwrap();
    let error = disarm_letter(&sandbox).unwrap_err();
    assert_eq!(cause(&error), ExitCause::OutputLimit);
    assert_eq!(error.refusal().unwrap().code, RefusalCode::LimitReached);
}

#[test]
fn a_name_of_any_length_does_not_break_the_handover() {
    let _turn = turn();
    let sandbox = sandbox();
    assert!(sandbox.disarm(LETTER.as_bytes(), &named(&format!("{}.txt", "外".repeat(10_000)))).is_ok());
    let error = sandbox.disarm(LETTER.as_bytes(), &named(&"x".repeat(100_000))).unwrap_err();
    assert!(matches!(error, WorkerError::Request(_)));
    assert!(disarm_letter(&sandbox).is_ok());
}

#[test]
fn a_crash_harms_neither_zygote_nor_next_job() {
    let _turn = turn();
    let sandbox = sandbox();
    let before = sandbox.zygote_pid();
    for probe in [Probe::Abort, Probe::StackOverflow, Probe::Memory, Probe::Exec, Probe::Panic] {
        assert_ne!(sandbox.attempt(probe, Layers::All, 5_000), "allowed");
    }
    assert!(disarm_letter(&sandbox).is_ok());
    assert_eq!((sandbox.zygote_pid(), sandbox.restarts()), (before, 0));
}

#[test]
fn a_dead_zygote_is_replaced_and_the_next_job_runs() {
    let _turn = turn();
    let sandbox = sandbox();
    kill(sandbox.zygote_pid());
    assert!(disarm_letter(&sandbox).is_ok());
    assert_eq!(sandbox.restarts(), 1);
}

#[test]
fn jobs_in_flight_learn_that_the_zygote_died() {
    let _turn = turn();
    let sandbox = sandbox();
    let zygote = sandbox.zygote_pid();
    let job = std::thread::spawn({
        let sandbox = sandbox.clone();
        move || sandbox.attempt(Probe::SleepForever, Layers::All, 60_000)
    });
    while children(zygote).is_empty() {
        std::thread::yield_now();
    }
    let child = children(zygote);
    kill(zygote);
    assert_eq!(job.join().unwrap(), WorkerError::ZygoteLost.to_string());
    assert!(WorkerError::ZygoteLost.is_retryable());
    // The death signal took the child too.
    for pid in child {
        while std::fs::exists(format!("/proc/{pid}")).unwrap() {
            std::thread::yield_now();
        }
    }
    assert!(disarm_letter(&sandbox).is_ok());
}

#[test]
fn fifty_jobs_from_fifty_threads_all_finish() {
    let _turn = turn();
    let sandbox = sandbox();
    let jobs: Vec<_> = (0..50)
        .map(|number| {
            let sandbox = sandbox.clone();
            std::thread::spawn(move || {
                let body = format!("第{number}号\r\n");
                match sandbox.disarm(body.as_bytes(), &named("a.txt")).unwrap().value {
                    DisarmInMemory::Written { document, .. } => {
                        String::from_utf8(document.bytes).unwrap().contains(&format!("第{number}号"))
                    }
                    DisarmInMemory::Refused { refusal, .. } => panic!("{refusal}"),
                }
            })
        })
        .collect();
    assert!(jobs.into_iter().all(|job| job.join().unwrap()));
    assert_eq!(sandbox.restarts(), 0);
}

#[test]
fn no_descriptor_and_no_process_is_left_behind() {
    let _turn = turn();
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let before = open();
    let sandbox = sandbox();
    let started = open();
    for _ in 0..5 {
        disarm_letter(&sandbox).unwrap();
        sandbox.attempt(Probe::Abort, Layers::All, 5_000);
        sandbox.attempt(Probe::OutputFlood, Layers::All, 5_000);
    }
    assert_eq!(open(), started);
    let zygote = sandbox.zygote_pid();
    assert!(children(zygote).is_empty());
    drop(sandbox);
    assert_eq!(open(), before);
    assert!(!std::fs::exists(format!("/proc/{zygote}")).unwrap());
}

#[test]
fn a_machine_without_landlock_or_seccomp_is_refused() {
    let _turn = turn();
    for (how, layer) in [("no-landlock", Layer::Landlock), ("no-seccomp", Layer::Seccomp)] {
        match Sandbox::start_crippled(config(), how) {
            Err(error @ WorkerError::Unavailable { .. }) => {
                let WorkerError::Unavailable { missing } = &error else { unreachable!() };
                assert_eq!(missing.iter().map(|m| m.layer).collect::<Vec<_>>(), [layer]);
                assert!(error.message(Lang::Ja).contains("隔離できない"));
                assert!(error.message(Lang::En).contains("allow_unsandboxed"));
                assert!(error.refusal().is_none());
            }
            other => panic!("{how}: {other:?}"),
        }
    }
}

#[test]
fn an_unconfined_machine_runs_only_on_request_and_says_so() {
    let _turn = turn();
    let open = SandboxConfig { allow_unsandboxed: true, ..config() };
    let sandbox = Sandbox::start_crippled(open, "no-landlock").unwrap();
    let level = sandbox.level();
    assert!(!level.is_enforced() && level.to_string().starts_with("NOT ENFORCED"));
    assert_eq!(level.missing.first().map(|m| m.layer), Some(Layer::Landlock));
    assert!(disarm_letter(&sandbox).is_ok());
    assert!(!sandbox.self_test().ok(), "the self-test must see the difference");
}

#[test]
fn namespaces_are_an_addition_and_not_a_requirement() {
    let _turn = turn();
    let sandbox = Sandbox::start_crippled(config(), "no-namespaces").unwrap();
    let report = sandbox.self_test();
    assert!(report.level.is_enforced() && !report.level.user_namespace && !report.level.network_namespace);
    assert!(report.ok(), "{report:#?}");
}

#[test]
fn a_program_that_is_no_zygote_is_named_as_the_trouble() {
    let _turn = turn();
    for program in ["/bin/true", "/nonexistent"] {
        let error = Sandbox::start_by_exec(config(), program.as_ref(), &[]).unwrap_err();
        assert!(matches!(error, WorkerError::Start { .. }), "{error}");
    }
}

#[test]
fn a_zygote_with_threads_refuses_to_be_one() {
    // The test harness has threads, so this process itself is the bad example.
    let _turn = turn();
    let (ready, confinement) = zygote::prepare(&wire::Hello { allow_unsandboxed: true });
    assert!(confinement.is_none());
    assert_eq!(ready.unwrap_err().first().map(|m| m.layer), Some(Layer::Zygote));
}

#[test]
fn every_end_has_a_sentence_in_both_languages() {
    let causes = [
        ExitCause::Finished,
        ExitCause::Panicked,
        ExitCause::ForbiddenCall,
        ExitCause::Crashed { signal: 11 },
        ExitCause::MemoryLimit,
        ExitCause::CpuLimit,
        ExitCause::WallClock,
        ExitCause::OutputLimit,
        ExitCause::BadReply,
        ExitCause::Lockdown,
        ExitCause::Status { code: 9 },
    ];
    for cause in causes {
        assert!(cause.sentence(Lang::Ja).ends_with('。'), "{}", cause.id());
        assert!(cause.sentence(Lang::En).is_ascii() && !cause.sentence(Lang::En).is_empty());
        let error = WorkerError::Stopped { cause, cpu_ms: 0, wall_ms: 0 };
        assert_eq!(error.refusal().is_none(), cause == ExitCause::Lockdown);
    }
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    // It is dead when only its exit status is left (or nothing, when somebody has fetched that already).
    let state = || std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    while state().is_ok_and(|stat| !stat.contains(") Z ")) {
        std::thread::yield_now();
    }
}

/// The processes whose parent is `pid` (proc_pid_stat(5)).
fn children(pid: u32) -> Vec<u32> {
    let parent = |of: u32| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{of}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|of| parent(*of) == Some(pid))
        .collect()
}

mod untrusted_result {
    use proptest::prelude::*;

    use crate::wire::{Fault, Layers, Order, Probe, Reply, Report, preamble, receive};

    fn check(bytes: &[u8], cap: u64) -> Result<(Reply, Vec<u8>), Fault> {
        let mut sink = Vec::new();
        receive(&mut &*bytes, &mut sink, cap).map(|(reply, _)| (reply, sink))
    }

    fn frame(header: &[u8], announced: u64, payload: &[u8]) -> Vec<u8> {
        let mut bytes = preamble(u32::try_from(header.len()).unwrap(), announced);
        bytes.extend_from_slice(header);
        bytes.extend_from_slice(payload);
        bytes
    }

    const OK: &[u8] = br#"{"Survived":"ok"}"#;

    #[test]
    fn whole_frame_is_taken() {
        let (reply, payload) = check(&frame(OK, 3, b"abc"), 3).unwrap();
        assert!(matches!(reply, Reply::Survived(text) if text == "ok"));
        assert_eq!(payload, b"abc");
    }

    #[test]
    fn every_shorter_frame_is_truncated() {
        let whole = frame(OK, 3, b"abc");
        for end in 0..whole.len() {
            assert!(matches!(check(&whole[..end], 3), Err(Fault::Truncated)), "{end}");
        }
    }

    #[test]
    fn more_than_announced_is_broken() {
        assert!(matches!(check(&frame(OK, 3, b"abcd"), 9), Err(Fault::Broken)));
    }

    #[test]
    fn announced_lengths_are_capped_before_anything_is_read() {
        assert!(matches!(check(&preamble(8, u64::MAX), 1 << 20), Err(Fault::TooMuch)));
        assert!(matches!(check(&preamble(u32::MAX, 0), 1 << 20), Err(Fault::TooMuch)));
    }

    #[test]
    fn deep_json_does_not_overflow_the_stack() {
        let deep = [br#"{"Survived":"#.as_slice(), &vec![b'['; 1 << 20]].concat();
        assert!(matches!(check(&frame(&deep, 0, b""), 0), Err(Fault::Broken)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), cap in 0_u64..500) {
            let _ = check(&bytes, cap);
            let mut bytes = bytes;
            bytes.splice(0..0, *b"SKW1");
            let _ = check(&bytes, cap);
        }

        #[test]
        fn reports_and_orders_come_back_as_they_went(status: i32, overdue: bool, cpu_us: u64, wall_ms: u64) {
            let report = Report { status, overdue, cpu_us };
            prop_assert_eq!(Report::decode(report.encode().as_slice().try_into().unwrap()), Some(report));
            let order = Order { wall_ms, memory_bytes: cpu_us, cpu_seconds: 1, input_bytes: 2, layers: Layers::LimitsOnly };
            let message = order.encode(&crate::wire::Job::Probe(Probe::Fork)).unwrap();
            let (back, job) = Order::decode(&message).unwrap();
            prop_assert_eq!(back, order);
            prop_assert_eq!(job, br#"{"Probe":"Fork"}"#);
        }
    }
}

/// A workbook with words, numbers and days in this many rows and columns.
fn workbook(rows: u32, columns: u16) -> Vec<u8> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for row in 0..rows {
        for column in 0..columns {
            match column % 4 {
                0 => sheet.write_string(row, column, format!("USB-{row:06}-{column}")).unwrap(),
                1 => sheet.write_number(row, column, f64::from(row) + 0.5).unwrap(),
                2 => sheet.write_string(row, column, "総務課").unwrap(),
                _ => sheet.write_boolean(row, column, row % 2 == 0).unwrap(),
            };
        }
    }
    workbook.save_to_buffer().unwrap()
}

#[test]
fn workbook_is_read_in_the_sandbox_as_outside() {
    let _turn = turn();
    let bytes = workbook(50, 8);
    let limits = TableLimits::default();
    let done = sandbox().read_book(&mut &bytes[..], "list.xlsx", &limits).unwrap();
    assert_eq!(done.exit, ExitCause::Finished);
    assert_eq!(done.value, sekisho_register::book::read_book(&bytes, &limits));
    assert_eq!(done.value.unwrap().sheets[0].rows.len(), 50);
}

#[test]
fn csv_is_read_and_bad_tables_are_refused_with_their_reason() {
    let _turn = turn();
    let sandbox = sandbox();
    let limits = TableLimits::default();
    let read = |bytes: &[u8], name: &str, limits: &TableLimits| {
        sandbox.read_book(&mut &*bytes, name, limits).unwrap().value
    };
    let book = read("番号,髙﨑\r\n1,2".as_bytes(), "list.csv", &limits).unwrap();
    assert_eq!(book.sheets[0].cell(0, 1).text(), Some("髙﨑"));
    assert_eq!(read(b"<html>", "list.xls", &limits), Err(TableError::NotAWorkbook));
    assert_eq!(read(b"", "list.csv", &limits), Err(TableError::Empty));
    let small = TableLimits { bytes: 10, ..limits.clone() };
    assert_eq!(read(b"0123456789a", "list.csv", &small), Err(TableError::TooLarge { limit: 10 }));
    let short = TableLimits { rows: 1, ..limits };
    assert!(matches!(read(b"a\nb", "list.csv", &short), Err(TableError::TooManyRows { .. })));
}

#[test]
fn large_workbook_passes_within_the_memory_limit() {
    let _turn = turn();
    let bytes = workbook(200_000, 20);
    let limits = TableLimits::default();
    // Half of what a job may have by default is enough.
    let half = SandboxConfig { memory_bytes: 1 << 30, ..SandboxConfig::default() };
    let sandbox = Sandbox::start_for_tests(half).unwrap();
    let done = sandbox.read_book(&mut &bytes[..], "big.xlsx", &limits).unwrap();
    assert!(done.cpu_ms < 30_000, "{} ms", done.cpu_ms);
    let book = done.value.unwrap();
    assert_eq!((book.sheets[0].rows.len(), book.sheets[0].rows[199_999].len()), (200_000, 20));
}
