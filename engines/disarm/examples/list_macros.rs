//! Lists the VBA modules of files: `cargo run --example list_macros -- FILE…`

use sekisho_disarm::{Lang, Options, macros};

fn main() -> std::io::Result<()> {
    for file in std::env::args().skip(1) {
        match macros(&std::fs::read(&file)?, &Options::default()) {
            Ok(projects) => {
                println!("{file}: {} project(s)", projects.len());
                for project in projects {
                    println!("  {}", project.sha256);
                    for module in project.modules {
                        println!(
                            "    {:?} {} ({} lines)",
                            module.kind,
                            module.name,
                            module.source.lines().count()
                        );
                    }
                }
            }
            Err(refusal) => println!("{file}: {}", refusal.reason(Lang::En)),
        }
    }
    Ok(())
}
