//! The rules of the house as tests, read from `cargo metadata` and from the files that git tracks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Floors from below to above; a room may only use rooms of its own floor or lower ones, and engines use no other
/// room, save that the disarm engine takes its output grammar (formats, limits, lists) from its second reader.
const FLOORS: [&str; 5] = ["engines", "services", "faces", "e2e", "benches"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> Value {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn floor_of(manifest: &str) -> Option<usize> {
    let below = Path::new(manifest).strip_prefix(root()).ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    FLOORS.iter().position(|floor| *floor == first)
}

fn tracked(pattern: &str) -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", pattern]).current_dir(root()).output().unwrap();
    String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect()
}

#[test]
fn no_floor_uses_a_higher_one() {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let rooms: Vec<(&str, usize)> = packages
        .iter()
        .filter_map(|p| Some((p["name"].as_str()?, floor_of(p["manifest_path"].as_str()?)?)))
        .collect();
    assert!(rooms.len() >= 10, "the workspace was not read: {rooms:?}");
    for package in packages {
        let Some(floor) = floor_of(package["manifest_path"].as_str().unwrap()) else { continue };
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some((name, used)) = rooms.iter().find(|room| room.0 == dependency["name"].as_str().unwrap())
            else {
                continue;
            };
            let who = package["name"].as_str().unwrap();
            assert!(*used <= floor, "{who} ({}) uses {name} ({})", FLOORS[floor], FLOORS[*used]);
            let grammar = who == "sekisho-disarm" && *name == "sekisho-verify";
            assert!(floor != 0 || grammar, "{who} is an engine and must stand alone, but uses {name}");
        }
    }
}

#[test]
fn every_room_says_what_it_is_for() {
    for package in metadata()["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let Some(floor) = floor_of(manifest) else { continue };
        let folder = Path::new(manifest).parent().unwrap();
        let entry =
            ["src/lib.rs", "src/main.rs"].iter().map(|f| folder.join(f)).find(|f| f.exists()).unwrap();
        let text = fs::read_to_string(&entry).unwrap();
        let paragraph: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
        assert!(
            paragraph.chars().count() > 120,
            "{}: the opening paragraph is missing or too short",
            entry.display()
        );
        if floor == 0 {
            assert!(
                folder.join("README.md").exists(),
                "{}: an engine has its own README.md",
                folder.display()
            );
        }
    }
}

#[test]
fn unsafe_code_stands_in_one_room_only() {
    for file in tracked("*.rs") {
        if file.starts_with("services/worker") || file == Path::new("e2e/src/tidy.rs") {
            continue;
        }
        let text = fs::read_to_string(root().join(&file)).unwrap_or_default();
        let found = text.lines().find(|line| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("unsafe {") || code.contains("unsafe fn") || code.contains("unsafe impl")
        });
        assert!(found.is_none(), "{}: {found:?}", file.display());
    }
}

#[test]
fn every_dependency_has_a_licence_of_the_list() {
    let list: toml::Table = fs::read_to_string(root().join("deny.toml")).unwrap().parse().unwrap();
    let allowed: Vec<spdx::Licensee> = list["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| spdx::Licensee::parse(name.as_str().unwrap()).unwrap())
        .collect();
    let banned: Vec<&str> =
        list["bans"]["deny"].as_array().unwrap().iter().filter_map(|ban| ban["crate"].as_str()).collect();
    for package in metadata()["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        assert!(!banned.contains(&name), "{name} is banned by deny.toml");
        let Some(expression) = package["license"].as_str() else { panic!("{name} names no licence") };
        let parsed = spdx::Expression::parse_mode(expression, spdx::ParseMode::LAX)
            .unwrap_or_else(|error| panic!("{name}: `{expression}`: {error}"));
        let fits =
            parsed.evaluate(|requirement| allowed.iter().any(|licensee| licensee.satisfies(requirement)));
        assert!(fits, "{name}: `{expression}` is not on the list of deny.toml");
    }
}

#[test]
fn no_file_names_a_machine_or_is_too_large() {
    for file in tracked("*") {
        let path = root().join(&file);
        let Ok(meta) = fs::metadata(&path) else { continue };
        assert!(meta.len() < 2 << 20, "{} has {} bytes", file.display(), meta.len());
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for word in [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")] {
            assert!(!text.contains(word), "{} names a place of one machine: {word}", file.display());
        }
    }
}
