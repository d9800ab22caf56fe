//! `sekisho disarm --compare`: how much of a document survives. Text before and after (characters in order), pages, and
//! how alike the pages look, rendered by LibreOffice and poppler at 60 dots an inch where those are installed. Outside
//! programs see documents here, so this is for benign files on a workstation, never part of the way of a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sekisho_disarm::{Format, Options, TextPiece};
use sekisho_policy::Lang;
use sekisho_worker::{DisarmInMemory, Sandbox};
use serde_json::json;

use super::Input;
use crate::args::DisarmArgs;
use crate::failure::Failure;
use crate::worker;

/// Characters beyond this are compared by line, which bounds the cost of the comparison.
const MAX_COMPARED: usize = 200_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// The measures of one file; `None` where one could not be taken.
struct Measures {
    text: Option<f64>,
    pages: Option<(usize, usize)>,
    look: Option<f64>,
}

pub(super) fn run(inputs: &[Input], options: &Options, args: &DisarmArgs, lang: Lang) -> Result<(), Failure> {
    let sandbox = worker::start(1, args.unsandboxed, lang)?;
    let scratch = tempfile::tempdir()?;
    println!("{:<44} {:<6} {:>8} {:>9} {:>8}", "file", "format", "text %", "pages", "look %");
    let mut refused = 0_u32;
    for (index, input) in inputs.iter().enumerate() {
        let Some(path) = &input.path else { continue };
        let bytes =
            fs::read(path).map_err(|error| Failure::misuse(format!("{}: {error}", path.display())))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let options = Options { name: name.clone(), ..options.clone() };
        let document = match sandbox.disarm(&bytes, &options) {
            Ok(result) => match result.value {
                DisarmInMemory::Written { document, .. } => document,
                DisarmInMemory::Refused { refusal, .. } => {
                    refused = refused.saturating_add(1);
                    println!("{name:<44} {}", refusal.reason(super::disarm_lang(lang)));
                    continue;
                }
            },
            Err(error) => {
                refused = refused.saturating_add(1);
                println!("{name:<44} {error}");
                continue;
            }
        };
        let folder = scratch.path().join(index.to_string());
        let measures = measure(&sandbox, &bytes, &document.bytes, document.format, &options, path, &folder);
        let shown = |value: Option<f64>| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{:.2}", value * 100.0))
        };
        println!(
            "{name:<44} {:<6} {:>8} {:>9} {:>8}",
            document.format.extension(),
            shown(measures.text),
            measures.pages.map_or_else(|| "-".to_owned(), |(before, after)| format!("{before}→{after}")),
            shown(measures.look)
        );
        if let Some(report) = &args.report {
            use std::io::Write as _;
            let line = json!({ "path": path, "format": document.format, "text": measures.text,
                               "pages": measures.pages, "look": measures.look });
            let mut file = fs::OpenOptions::new().create(true).append(true).open(report)?;
            writeln!(file, "{line}")?;
        }
    }
    if refused > 0 {
        return Err(Failure::refused(match lang {
            Lang::Ja => format!("{refused} 件は無害化できず、比べていません"),
            Lang::En => format!("{refused} files were refused and not compared"),
        }));
    }
    Ok(())
}

fn measure(
    sandbox: &Sandbox,
    before: &[u8],
    after: &[u8],
    format: Format,
    options: &Options,
    path: &Path,
    folder: &Path,
) -> Measures {
    let text_of = |bytes: &[u8], name: &str| -> Option<String> {
        let options = Options { name: name.to_owned(), ..options.clone() };
        sandbox.extract_text(bytes, &options).ok()?.value.ok().map(|pieces: Vec<TextPiece>| {
            pieces.into_iter().map(|piece| piece.text).collect::<Vec<_>>().join("\n")
        })
    };
    let output_name = format!("after.{}", format.extension());
    let text = text_of(before, &options.name).zip(text_of(after, &output_name)).map(|(b, a)| kept(&b, &a));
    let pages =
        rendered(before, path.extension().and_then(|e| e.to_str()).unwrap_or("bin"), &folder.join("before"))
            .zip(rendered(after, format.extension(), &folder.join("after")));
    let counts = pages.as_ref().map(|(before, after)| (before.len(), after.len()));
    let look = pages.map(|(before, after)| {
        let most = before.len().max(after.len()).max(1);
        before.iter().zip(&after).map(|(b, a)| likeness(b, a)).sum::<f64>() / most as f64
    });
    Measures { text, pages: counts, look }
}

/// The share of the characters before (blanks aside) that are there after, in order.
fn kept(before: &str, after: &str) -> f64 {
    let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<Vec<char>>();
    let (before, after) = (bare(before), bare(after));
    if before.is_empty() {
        return 1.0;
    }
    if before == after {
        return 1.0;
    }
    let (before, after) = (
        before.get(..before.len().min(MAX_COMPARED)).unwrap_or_default(),
        after.get(..after.len().min(MAX_COMPARED)).unwrap_or_default(),
    );
    let deadline = Instant::now().checked_add(PATIENCE);
    let operations =
        similar::capture_diff_slices_deadline(similar::Algorithm::Myers, before, after, deadline);
    let equal: usize = operations
        .iter()
        .filter(|operation| operation.tag() == similar::DiffTag::Equal)
        .map(|operation| operation.old_range().len())
        .sum();
    equal as f64 / before.len() as f64
}

/// A grey page.
struct Page {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

/// Pages as grey pictures; `None` without the programs or when they fail.
fn rendered(bytes: &[u8], extension: &str, folder: &Path) -> Option<Vec<Page>> {
    fs::create_dir_all(folder).ok()?;
    let source = folder.join(format!("document.{extension}"));
    fs::write(&source, bytes).ok()?;
    let pdf = folder.join("document.pdf");
    if extension != "pdf" {
        let profile = format!("-env:UserInstallation=file://{}", folder.join("profile").display());
        run_program(
            Command::new("soffice")
                .arg(profile)
                .args(["--headless", "--convert-to", "pdf", "--outdir"])
                .arg(folder)
                .arg(&source),
        )?;
    }
    run_program(Command::new("pdftoppm").args(["-r", "60", "-gray"]).arg(&pdf).arg(folder.join("page")))?;
    let mut names: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "pgm"))
        .collect();
    names.sort();
    names.iter().map(|name| page(&fs::read(name).ok()?)).collect()
}

fn run_program(command: &mut Command) -> Option<()> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let started = Instant::now();
    loop {
        match child.try_wait().ok()? {
            Some(status) => return status.success().then_some(()),
            None if started.elapsed() > PATIENCE => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A binary PGM of 8 bits.
fn page(bytes: &[u8]) -> Option<Page> {
    let mut words = Vec::new();
    let mut at = 0;
    while words.len() < 4 {
        let rest = bytes.get(at..)?;
        let start = at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let end = start + bytes.get(start..)?.iter().position(u8::is_ascii_whitespace)?;
        words.push(std::str::from_utf8(bytes.get(start..end)?).ok()?);
        at = end;
    }
    let [magic, width, height, _] = words.as_slice() else { return None };
    let (width, height): (usize, usize) = (width.parse().ok()?, height.parse().ok()?);
    let grey = bytes.get(at + 1..at + 1 + width.checked_mul(height)?)?.to_vec();
    (*magic == "P5").then_some(Page { width, height, grey })
}

/// One minus the mean difference of the pixels, in blocks of four, so that a shift of a pixel weighs little; pages of
/// different size are compared where both have paper, and pay for the rest.
fn likeness(before: &Page, after: &Page) -> f64 {
    const BLOCK: usize = 4;
    let block = |page: &Page, x: usize, y: usize| -> f64 {
        let mut sum = 0_u32;
        for row in 0..BLOCK {
            for column in 0..BLOCK {
                let inside = x * BLOCK + column < page.width;
                let at = (y * BLOCK + row) * page.width + x * BLOCK + column;
                sum += u32::from(page.grey.get(at).copied().filter(|_| inside).unwrap_or(255));
            }
        }
        f64::from(sum) / (255.0 * (BLOCK * BLOCK) as f64)
    };
    let columns = before.width.max(after.width).div_ceil(BLOCK);
    let rows = before.height.max(after.height).div_ceil(BLOCK);
    let mut difference = 0.0;
    let mut inked = 0_usize;
    for y in 0..rows {
        for x in 0..columns {
            let (b, a) = (block(before, x, y), block(after, x, y));
            // White paper on both sides says nothing.
            if b < 0.99 || a < 0.99 {
                inked += 1;
                difference += (b - a).abs();
            }
        }
    }
    if inked == 0 { 1.0 } else { 1.0 - difference / inked as f64 }
}
