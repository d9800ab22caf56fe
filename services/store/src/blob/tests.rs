//! Blobs: round trip, secrecy of names, every way of damaging a file, rotation.

use std::fs;
use std::io::{Read, Write};
use std::path::PathBuf;

use tempfile::TempDir;

use super::cipher::{CHUNK, HEADER, TAG};
use super::{BlobStore, Digest, Sha256};
use crate::StoreError;

fn store() -> (TempDir, BlobStore) {
    let dir = tempfile::tempdir().unwrap();
    let store = BlobStore::in_dir(dir.path(), false, true).unwrap();
    (dir, store)
}

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 31 % 251) as u8).collect()
}

fn only_file(store: &BlobStore) -> PathBuf {
    let mut files = store.all_files().unwrap();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

#[test]
fn content_of_any_length_comes_back() {
    let (dir, store) = store();
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 5] {
        let plain = pattern(len);
        let blob = store.put(&mut plain.as_slice(), len as u64).unwrap();
        assert_eq!(blob.bytes, len as u64);
        assert_eq!(blob.id, hex::encode(Sha256::digest(&plain)));
        assert_eq!(store.read(&blob.id, u64::MAX).unwrap(), plain);
        assert_eq!(store.size(&blob.id).unwrap(), len as u64);
        let mut back = vec![];
        store.open(&blob.id).unwrap().read_to_end(&mut back).unwrap();
        assert_eq!(back, plain);
        // Odd pieces give the same blob.
        let mut writer = store.writer().unwrap();
        plain.chunks(7_777).for_each(|c| writer.write_all(c).unwrap());
        assert_eq!(writer.finish().unwrap(), blob);
    }
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn neither_name_nor_bytes_give_the_content_away() {
    let (_dir, store) = store();
    let plain = b"the same known document".repeat(10);
    let blob = store.put_bytes(&plain).unwrap();
    let file = only_file(&store);
    assert!(!file.to_string_lossy().contains(blob.id.get(..16).unwrap()));
    let first = fs::read(&file).unwrap();
    assert!(!first.windows(16).any(|w| plain.windows(16).any(|p| p == w)));
    // Stored again: one file, fresh nonce.
    assert_eq!(store.put_bytes(&plain).unwrap(), blob);
    let second = fs::read(only_file(&store)).unwrap();
    assert_ne!(first[HEADER..], second[HEADER..]);
    // Another key gives another name.
    let (_other_dir, other) = super::tests::store();
    other.put_bytes(&plain).unwrap();
    assert_ne!(only_file(&other).file_name(), file.file_name());
}

#[test]
fn limits_and_unknown_ids_are_clear_errors() {
    let (dir, store) = store();
    assert!(matches!(store.put(&mut &pattern(101)[..], 100), Err(StoreError::TooLarge { limit: 100 })));
    assert_eq!(store.all_files().unwrap().len(), 0);
    drop(store.writer().unwrap());
    assert_eq!(
        fs::read_dir(dir.path().join("tmp")).unwrap().count(),
        0,
        "nothing is left of an unfinished blob"
    );
    let unknown = "0".repeat(64);
    assert!(matches!(store.open(&unknown), Err(StoreError::BlobMissing { .. })));
    assert!(!store.exists(&unknown).unwrap() && !store.remove(&unknown).unwrap());
    for bad in ["", "../../etc/passwd", "A000000000000000000000000000000000000000000000000000000000000000"] {
        assert!(matches!(store.open(bad), Err(StoreError::Invalid { .. })), "{bad}");
    }
    let blob = store.put_bytes(&pattern(10)).unwrap();
    assert!(matches!(store.read(&blob.id, 9), Err(StoreError::TooLarge { limit: 9 })));
    assert!(store.exists(&blob.id).unwrap() && store.remove(&blob.id).unwrap());
    assert!(!store.exists(&blob.id).unwrap());
}

/// Changes the file of a three-chunk blob and expects both ways of reading to refuse it.
fn check_damage(what: &str, change: impl Fn(&mut Vec<u8>)) {
    let (_dir, store) = store();
    let blob = store.put_bytes(&pattern(2 * CHUNK + 100)).unwrap();
    let file = only_file(&store);
    let mut bytes = fs::read(&file).unwrap();
    change(&mut bytes);
    fs::write(&file, bytes).unwrap();
    assert!(matches!(store.read(&blob.id, u64::MAX), Err(StoreError::Damaged { .. })), "{what}");
    let streamed = store.open(&blob.id).map(|mut r| r.read_to_end(&mut vec![]));
    assert!(!matches!(streamed, Ok(Ok(_))), "{what}");
    assert!(store.check_file(&file).is_err(), "{what}");
}

#[test]
fn every_kind_of_damage_is_found() {
    let chunk = |n: usize| HEADER + n * (CHUNK + TAG)..HEADER + (n + 1) * (CHUNK + TAG);
    for at in
        (0..HEADER).chain([HEADER, HEADER + CHUNK, HEADER + CHUNK + TAG - 1, HEADER + 2 * (CHUNK + TAG) + 50])
    {
        check_damage(&format!("byte {at}"), |b| b[at] ^= 0x80);
    }
    check_damage("cut in the last chunk", |b| b.truncate(b.len() - 1));
    check_damage("cut after a whole chunk", |b| b.truncate(chunk(1).end));
    check_damage("cut after the first chunk", |b| b.truncate(chunk(0).end));
    check_damage("only the header", |b| b.truncate(HEADER));
    check_damage("part of the header", |b| b.truncate(10));
    check_damage("empty", Vec::clear);
    check_damage("a byte more", |b| b.push(0));
    check_damage("chunks swapped", |b| {
        let first = b[chunk(0)].to_vec();
        b.copy_within(chunk(1), HEADER);
        b[chunk(1)].copy_from_slice(&first);
    });
    check_damage("a chunk repeated", |b| {
        let first = b[chunk(0)].to_vec();
        b.splice(HEADER..HEADER, first);
    });
    check_damage("a chunk left out", |b| drop(b.drain(chunk(0))));
}

#[test]
fn a_file_in_the_place_of_another_is_refused_before_its_first_byte() {
    let (_dir, store) = store();
    let a = store.put_bytes(b"aaaa").unwrap();
    let file = only_file(&store);
    store.put_bytes(b"bbbb").unwrap();
    let other = store.all_files().unwrap().into_iter().find(|f| *f != file).unwrap();
    fs::copy(other, &file).unwrap();
    assert!(matches!(store.open(&a.id), Err(StoreError::Damaged { .. })));
    assert!(store.check_file(&file).is_err());
}

#[test]
fn rotation_encrypts_everything_anew_and_forgets_the_old_key() {
    let (dir, store) = store();
    let blobs: Vec<_> = (1..6).map(|n| store.put_bytes(&pattern(n * 30_000)).unwrap()).collect();
    let before = store.all_files().unwrap();
    let old_key = fs::read_to_string(dir.path().join("keys/blob.key")).unwrap();
    let open = store.open(&blobs[4].id).unwrap();
    let report = store.rotate_key().unwrap();
    assert_eq!((report.version, report.rewritten), (2, 5));
    let after = store.all_files().unwrap();
    assert!(after.len() == 5 && after.iter().all(|f| !before.contains(f)));
    for (n, blob) in (1..).zip(&blobs) {
        assert_eq!(store.read(&blob.id, u64::MAX).unwrap(), pattern(n * 30_000));
    }
    let mut still = vec![];
    { open }.read_to_end(&mut still).unwrap();
    assert_eq!(still.len(), 150_000, "a reader that was at work goes on");
    let key = fs::read_to_string(dir.path().join("keys/blob.key")).unwrap();
    assert!(!key.contains(old_key.lines().nth(1).unwrap().split(' ').nth(1).unwrap()));
    drop(store);
    let store = BlobStore::in_dir(dir.path(), false, false).unwrap();
    assert_eq!(store.read(&blobs[0].id, u64::MAX).unwrap(), pattern(30_000));
    assert!(store.remove(&blobs[0].id).unwrap());

    // An upload that began before a rotation and ends after it.
    let mut late = store.writer().unwrap();
    late.append(b"began with the old key, ").unwrap();
    store.rotate_key().unwrap();
    late.append(b"ended with the new one").unwrap();
    let late = late.finish().unwrap();
    assert_eq!(store.read(&late.id, 100).unwrap(), b"began with the old key, ended with the new one");
    assert_eq!(fs::read_dir(dir.path().join("tmp")).unwrap().count(), 0);
    assert!(store.remove(&late.id).unwrap());

    // Interrupted after the new key was written: both work, the next call finishes.
    let text = fs::read_to_string(dir.path().join("keys/blob.key")).unwrap();
    fs::write(dir.path().join("keys/blob.key"), format!("{text}4 {}\n", "ab".repeat(32))).unwrap();
    let store = BlobStore::in_dir(dir.path(), false, false).unwrap();
    assert_eq!(store.read(&blobs[1].id, u64::MAX).unwrap(), pattern(60_000));
    let new = store.put_bytes(b"with the new key").unwrap();
    let report = store.rotate_key().unwrap();
    assert_eq!((report.version, report.rewritten), (4, 4));
    assert_eq!(store.read(&new.id, 100).unwrap(), b"with the new key");
}
