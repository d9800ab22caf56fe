//! Receipts, keys and notes.

use super::{key, receipt};
use crate::note::{self, SigningKey, VerifierKey};
use crate::{Checkpoint, Entry, Hash, LedgerError, Receipt, ReceiptError, commit};

const PAYLOAD: &str = r#"{"actor":"u1","subject":"t-1","body":{"宛先":"税務課"}}"#;

/// The answer to a receipt in its text form, as a third party gets it.
fn answer(bytes: &[u8]) -> Result<crate::Verified, ReceiptError> {
    let text = std::str::from_utf8(bytes).map_err(|error| ReceiptError::Malformed(error.to_string()))?;
    Receipt::decode(text)?.verify(&key().verifier())
}

#[test]
fn a_receipt_verifies_after_a_round_trip_at_every_position() {
    for size in [1, 2, 3, 8, 13] {
        for index in 0..size {
            let receipt = receipt(index, size, PAYLOAD);
            let text = receipt.encode();
            assert_eq!(Receipt::decode(&text).unwrap(), receipt);
            let verified = answer(text.as_bytes()).unwrap();
            assert_eq!((verified.entry.seq, verified.checkpoint.size), (index, size));
            assert_eq!(verified.entry.kind, "transfer.approved");
        }
    }
}

#[test]
fn every_changed_byte_of_a_receipt_is_refused() {
    let text = receipt(5, 13, PAYLOAD).encode();
    for at in 0..text.len() {
        for flip in [0x01, 0x02, 0x04, 0x10, 0x20, 0x80, 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= flip;
            assert!(answer(&bytes).is_err(), "byte {at} xor {flip:#x}");
        }
    }
}

#[test]
fn every_inserted_removed_or_cut_byte_of_a_receipt_is_refused() {
    let text = receipt(0, 2, PAYLOAD).encode().into_bytes();
    for at in 0..=text.len() {
        for byte in *b"\n\r A=0" {
            let mut longer = text.clone();
            longer.insert(at, byte);
            assert!(answer(&longer).is_err(), "{byte:#x} inserted at {at}");
        }
        if at < text.len() {
            let mut shorter = text.clone();
            shorter.remove(at);
            assert!(answer(&shorter).is_err(), "byte {at} removed");
            assert!(answer(&text[..at]).is_err(), "cut at {at}");
        }
    }
}

#[test]
fn each_reason_for_refusal_is_told_apart() {
    let good = receipt(5, 13, PAYLOAD);
    let check = |change: &dyn Fn(&mut Receipt), expect: &str| {
        let mut receipt = good.clone();
        change(&mut receipt);
        let refused = receipt.verify(&key().verifier()).unwrap_err().to_string();
        assert!(refused.contains(expect), "{refused}");
    };
    check(&|r| r.payload.push(b' '), "payload isn't the one");
    check(&|r| r.salt[0] ^= 1, "payload isn't the one");
    check(&|r| r.index = 6, "sequence number 5");
    check(&|r| r.proof[0].0[0] ^= 1, "another root hash");
    check(&|r| r.proof.truncate(2), "the proof has 2 hashes");
    check(&|r| r.entry.push(b'\n'), "five lines");
    check(&|r| r.checkpoint = r.checkpoint.replace("\n13\n", "\n14\n"), "doesn't match the text");
    let other = SigningKey::from_seed("imari.example/sekisho", &[8; 32]).unwrap();
    check(
        &|r| r.checkpoint = Checkpoint::new("imari.example/sekisho", 13, Hash([0; 32])).sign(&other),
        "no signature",
    );
    check(
        &|r| r.checkpoint = Checkpoint::new("saga.example/sekisho", 13, Hash([0; 32])).sign(&key()),
        "saga.example",
    );
    let text = good.checkpoint.split_once("\n\n").unwrap().0.to_owned() + "\n";
    check(&|r| r.checkpoint = note::sign(&text, &[&key(), &other]), "1 signature(s) by unknown keys");
}

#[test]
fn one_payload_cannot_stand_for_another_entry() {
    let mut swapped = receipt(5, 13, PAYLOAD);
    swapped.entry =
        Entry { seq: 5, time_ms: 0, kind: "x".into(), commitment: commit(&[3; 32], PAYLOAD.as_bytes()) }
            .encode();
    assert!(matches!(swapped.verify(&key().verifier()), Err(ReceiptError::NotIncluded(_))));
}

#[test]
fn an_oversized_entry_never_yields_a_readable_receipt() {
    let mut receipt = receipt(0, 1, PAYLOAD);
    receipt.entry = vec![b'a'; 70_000];
    assert!(Receipt::decode(&receipt.encode()).is_err());
}

#[test]
fn keys_survive_their_text_forms() {
    let key = key();
    let again = SigningKey::from_text(&key.to_text()).unwrap();
    assert_eq!(again.verifier(), key.verifier());
    let vkey = key.verifier().to_string();
    assert_eq!(VerifierKey::parse(&vkey).unwrap(), key.verifier());
    assert!(vkey.starts_with(&format!("imari.example/sekisho+{:08x}+", key.verifier().key_id())));
    assert!(!format!("{key:?}").contains(key.to_text().rsplit('+').next().unwrap()));
}

#[test]
fn the_key_pair_of_gos_documentation_is_understood() {
    // Published as an example in the documentation of golang.org/x/mod/sumdb/note.
    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let public = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = SigningKey::from_text(secret).unwrap();
    assert_eq!(key.verifier().to_string(), public);
    assert_eq!(*key.to_text(), secret);
}

#[test]
fn damaged_keys_are_refused() {
    let vkey = key().verifier().to_string();
    let (name, rest) = vkey.split_once('+').unwrap();
    for bad in [
        String::new(),
        name.to_owned(),
        format!("other+{rest}"),
        format!("{name} +{rest}"),
        format!("{vkey}\n"),
        format!(" {vkey}"),
        vkey.to_uppercase(),
        vkey.replace("+A", "+B"),
        format!("{vkey}A==="),
    ] {
        assert!(VerifierKey::parse(&bad).is_err(), "{bad}");
        assert!(SigningKey::from_text(&format!("PRIVATE+KEY+{bad}")).is_err() || bad == vkey);
    }
    for name in ["", "a b", "a+b", "a\u{3000}b", "a\nb"] {
        assert!(SigningKey::from_seed(name, &[1; 32]).is_err());
    }
    // The neutral point: every signature would fit it.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    assert!(VerifierKey::new("weak", &neutral).is_err());
}

#[test]
fn unknown_signatures_are_ignored_and_wrong_ones_refuse_the_note() {
    let other = SigningKey::from_seed("witness.example", &[9; 32]).unwrap();
    let known = [key().verifier()];
    let signed = note::sign("text\n\nwith an empty line\n", &[&other, &key()]);
    let opened = note::open(&signed, &known).unwrap();
    assert_eq!((opened.text.as_str(), opened.unknown), ("text\n\nwith an empty line\n", 1));
    assert_eq!(opened.signers, known);
    let both = note::open(&signed, &[key().verifier(), other.verifier()]).unwrap();
    assert_eq!((both.signers.len(), both.unknown), (2, 0));

    let check = |note: &str, expect: &str| {
        let refused = note::open(note, &known).unwrap_err().to_string();
        assert!(refused.contains(expect), "{refused}");
    };
    check(&signed.replace("text\n", "test\n"), "doesn't match the text");
    check(&note::sign("text\n", &[&key(), &key()]), "two signatures");
    check(&note::sign("text\n", &[&other]), "no signature by a known key");
    check(&note::sign("text\n", &[]), "must end with LF");
    check(&note::sign("text", &[&key()]), "no empty line");
    check(&note::sign("te\rxt\n", &[&key()]), "control characters");
    check(&format!("{signed}x\n"), "isn't in its form");
    let many: Vec<SigningKey> = (0..65u8).map(|i| SigningKey::from_seed("many", &[i; 32]).unwrap()).collect();
    check(&note::sign("text\n", &many.iter().collect::<Vec<_>>()), "more than 64");
    assert!(matches!(note::open("", &known), Err(LedgerError::Malformed { .. })));
}

#[test]
fn a_checkpoint_keeps_its_extension_lines() {
    let mut checkpoint = Checkpoint::new("imari.example/sekisho", 3, Hash([1; 32]));
    checkpoint.extensions.push("anchored 2026-11-23".to_owned());
    let text = checkpoint.to_string();
    assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);
    assert_eq!(Checkpoint::open(&checkpoint.sign(&key()), &key().verifier()).unwrap(), checkpoint);
}
