//! Disarms every file below a folder and prints one line a file: outcome, verification, milliseconds, name, detail.
//!
//! `cargo run --example disarm_dir -- FOLDER [OUTPUT-FOLDER [EXTENSION…]]`
//!
//! The environment may say `METHOD` (rebuild, image, text), `PASSWORD`, `CJK_FONT` (a font file) and `REMOVED` (any value:
//! one more line for each removal).

use std::path::{Path, PathBuf};
use std::time::Instant;

use sekisho_disarm::{Lang, Method, Options, disarm, set_fallback_font, verify};

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap_or_else(|| ".".to_owned()));
    let output = arguments.next().map(PathBuf::from);
    let extensions: Vec<String> = arguments.collect();
    let method = match std::env::var("METHOD").as_deref() {
        Ok("image") => Method::Image,
        Ok("text") => Method::Text,
        _ => Method::Rebuild,
    };
    let password = std::env::var("PASSWORD").ok();
    if let Ok(path) = std::env::var("CJK_FONT") {
        set_fallback_font(std::fs::read(path)?);
    }
    let mut files = Vec::new();
    collect(&folder, &mut files)?;
    files.sort();
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if !extensions.is_empty() && !extensions.contains(&extension) {
            continue;
        }
        let bytes = std::fs::read(&file)?;
        let options =
            Options { name: name.clone(), method, password: password.clone(), ..Options::default() };
        let start = Instant::now();
        let outcome = disarm(&bytes, &options);
        let ms = start.elapsed().as_millis();
        match outcome {
            Ok(disarmed) => {
                let verified = match verify(&disarmed.bytes, disarmed.format, &options.limits) {
                    Ok(()) => "verified".to_owned(),
                    Err(failure) => format!("UNVERIFIED {failure}"),
                };
                println!("ok\t{ms}\t{name}\t{verified}\t{} removals", disarmed.removed.len());
                if std::env::var_os("REMOVED").is_some() {
                    for removed in &disarmed.removed {
                        println!("\t{}\t{}", removed.what.id(), removed.location);
                    }
                }
                if let Some(folder) = &output {
                    std::fs::create_dir_all(folder)?;
                    std::fs::write(
                        folder.join(format!("{name}.{}", disarmed.format.extension())),
                        &disarmed.bytes,
                    )?;
                }
            }
            Err(refusal) => {
                println!("refused\t{ms}\t{name}\t{}\t{}", refusal.code.id(), refusal.reason(Lang::En))
            }
        }
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.is_file() {
        files.push(folder.to_owned());
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
