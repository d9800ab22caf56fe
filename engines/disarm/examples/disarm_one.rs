//! Disarms one file, with a password if one is given: `cargo run --example disarm_one -- FILE OUTPUT [PASSWORD]`

use sekisho_disarm::{Lang, Options, disarm};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (file, output) = (arguments.next().unwrap_or_default(), arguments.next().unwrap_or_default());
    let options = Options { name: file.clone(), password: arguments.next(), ..Options::default() };
    match disarm(&std::fs::read(&file)?, &options) {
        Ok(done) => {
            for removed in &done.removed {
                println!("{}\t{}", removed.what.id(), removed.location);
            }
            std::fs::write(output, done.bytes)
        }
        Err(refusal) => {
            println!("refused\t{}\t{}", refusal.code.id(), refusal.reason(Lang::En));
            Ok(())
        }
    }
}
