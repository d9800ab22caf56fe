//! Measures what disarming costs: each file is disarmed and verified again and again in one process, and a line says the
//! median processor time of each half in milliseconds, and the sizes. Waiting is not counted, so a busy machine measures well.
//!
//! `cargo run --release --example measure -- TIMES FILE…`; memory is the peak of the process: give one file to know it.

use sekisho_disarm::{Lang, Options, disarm, verify};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let times: usize = arguments.next().and_then(|n| n.parse().ok()).unwrap_or(1);
    println!("total\tdisarm\tverify\tin\tout\tname");
    for file in arguments {
        let bytes = std::fs::read(&file)?;
        let options = Options { name: file.clone(), ..Options::default() };
        let (mut disarming, mut verifying, mut size) = (Vec::new(), Vec::new(), 0);
        for _ in 0..times.max(1) {
            let start = processor_ns()?;
            match disarm(&bytes, &options) {
                Ok(done) => {
                    let middle = processor_ns()?;
                    let verified = verify(&done.bytes, done.format, &options.limits);
                    verifying.push(processor_ns()?.saturating_sub(middle));
                    disarming.push(middle.saturating_sub(start));
                    size = done.bytes.len();
                    if let Err(failure) = verified {
                        println!("UNVERIFIED {failure}\t{file}");
                    }
                }
                Err(refusal) => println!("refused {}\t{file}", refusal.reason(Lang::En)),
            }
        }
        let (first, second) = (median_ms(disarming), median_ms(verifying));
        let total = first + second;
        println!("{total:.1}\t{first:.1}\t{second:.1}\t{}\t{size}\t{file}", bytes.len());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    Ok(())
}

/// The processor time of this process so far: Linux counts it in nanoseconds, for each thread.
fn processor_ns() -> std::io::Result<u64> {
    let mut sum = 0_u64;
    for task in std::fs::read_dir("/proc/self/task")? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        sum = sum.saturating_add(text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0));
    }
    Ok(sum)
}

fn median_ms(mut samples: Vec<u64>) -> f64 {
    samples.sort_unstable();
    samples.get(samples.len() / 2).map_or(0.0, |ns| *ns as f64 / 1e6)
}
