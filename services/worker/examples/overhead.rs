//! What the sandbox costs per file: `cargo run --release -p sekisho-worker --example overhead`.
//!
//! Prints the median of many jobs on a small text file, one at a time, with and without the sandbox. It starts its
//! zygote the way the real program does, through the verb `worker zygote`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use sekisho_disarm::Options;
use sekisho_worker::{Sandbox, SandboxConfig, WorkerError};

const ROUNDS: usize = 500;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("worker") {
        return sekisho_worker::zygote_main(0).into();
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<(), WorkerError> {
    // A server's heap must not make a job dearer, so there is one.
    let heap = vec![1_u8; 512 << 20];
    let started = Instant::now();
    let sandbox = Sandbox::start(SandboxConfig::default())?;
    println!("start of the zygote   {:>8.3} ms", millis(started.elapsed()));
    println!("{}", sandbox.level());
    let text = "申請書を送ります。\r\n".repeat(40);
    let options = Options { name: "letter.txt".to_owned(), ..Options::default() };
    let direct = median(|| {
        let _ = std::hint::black_box(sekisho_disarm::disarm(text.as_bytes(), &options));
        Ok(())
    })?;
    let inside = median(|| sandbox.disarm(text.as_bytes(), &options).map(drop))?;
    println!("without the sandbox   {direct:>8.3} ms");
    println!("in the sandbox        {inside:>8.3} ms");
    println!("overhead per file     {:>8.3} ms", inside - direct);
    drop(std::hint::black_box(heap));
    Ok(())
}

fn median(mut job: impl FnMut() -> Result<(), WorkerError>) -> Result<f64, WorkerError> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        job()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    Ok(millis(times.get(ROUNDS / 2).copied().unwrap_or_default()))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
