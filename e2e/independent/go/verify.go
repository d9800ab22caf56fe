//go:build ignore

// verify checks a Sekisho receipt (C2SP tlog-proof) without any code of Sekisho: it uses Go's standard library and
// golang.org/x/mod/sumdb only. It never opens the network.
//
//	verify RECEIPT --key VKEY|FILE [--flip-test]
//
// It prints what the receipt says and exits 0, or prints why it is refused and exits 1.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var decimal = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
var kindForm = regexp.MustCompile(`^[a-z0-9._-]{1,64}$`)

func main() {
	args := os.Args[1:]
	flip := len(args) == 4 && args[3] == "--flip-test"
	if len(args) < 3 || args[1] != "--key" || (len(args) != 3 && !flip) {
		fmt.Fprintln(os.Stderr, "usage: verify RECEIPT --key VKEY|FILE [--flip-test]")
		os.Exit(2)
	}
	receipt, err := os.ReadFile(args[0])
	if err == nil {
		key := args[2]
		if text, err := os.ReadFile(key); err == nil {
			key = strings.TrimSuffix(string(text), "\n")
		}
		if flip {
			err = flipTest(receipt, key)
		} else {
			err = report(receipt, key)
		}
	}
	if err != nil {
		fmt.Println("REFUSED:", err)
		os.Exit(1)
	}
}

func report(receipt []byte, key string) error {
	text, err := verify(receipt, key)
	fmt.Print(text)
	return err
}

// flipTest changes each byte in several ways and wants every change refused.
func flipTest(receipt []byte, key string) error {
	if _, err := verify(receipt, key); err != nil {
		return fmt.Errorf("the unchanged receipt: %w", err)
	}
	changes := 0
	for at := range receipt {
		for _, mask := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff} {
			changed := append([]byte(nil), receipt...)
			changed[at] ^= mask
			changes++
			if _, err := verify(changed, key); err == nil {
				return fmt.Errorf("accepted although byte %d was changed by xor %#02x", at, mask)
			}
		}
	}
	fmt.Printf("%d bytes, %d changes, all refused\n", len(receipt), changes)
	return nil
}

func verify(receipt []byte, vkey string) (string, error) {
	if !utf8.Valid(receipt) {
		return "", errors.New("the receipt isn't UTF-8")
	}
	head, checkpoint, found := strings.Cut(string(receipt), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" ||
		!strings.HasPrefix(lines[1], "extra ") || !strings.HasPrefix(lines[2], "index ") {
		return "", errors.New("not a tlog-proof with extra data")
	}
	extra, err := decode(lines[1][len("extra "):])
	if err != nil {
		return "", err
	}
	index, err := number(lines[2][len("index "):])
	if err != nil || index < 0 {
		return "", errors.New("the index isn't a plain decimal")
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := decodeHash(line)
		if err != nil {
			return "", err
		}
		proof = append(proof, hash)
	}
	// Extra data: length of the entry, entry, salt, payload.
	if len(extra) < 2 || len(extra) < 2+int(binary.BigEndian.Uint16(extra))+32 {
		return "", errors.New("the extra data is too short")
	}
	entry, rest := extra[2:2+binary.BigEndian.Uint16(extra)], extra[2+binary.BigEndian.Uint16(extra):]
	salt, payload := rest[:32], rest[32:]

	// The entry, and the payload that it commits to.
	fields := strings.Split(string(entry), "\n")
	if len(fields) != 6 || fields[0] != "sekisho-entry/v1" || fields[5] != "" || !kindForm.MatchString(fields[3]) {
		return "", errors.New("the entry isn't in its form")
	}
	seq, err := number(fields[1])
	if err != nil || seq != index {
		return "", errors.New("the entry's sequence number isn't the receipt's index")
	}
	timeMs, err := number(fields[2])
	if err != nil {
		return "", errors.New("the entry's time isn't a plain decimal")
	}
	commitment, err := decodeHash(fields[4])
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte("sekisho-commit/v1\x00"), salt, payload}, nil))
	if sum != commitment {
		return "", errors.New("the payload isn't the one that was recorded")
	}

	// The checkpoint: signed once, by the ledger's key, over origin, size and root.
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", fmt.Errorf("the key: %w", err)
	}
	opened, err := note.Open([]byte(checkpoint), note.VerifierList(verifier))
	if err != nil {
		return "", fmt.Errorf("the checkpoint: %w", err)
	}
	// x/mod reads base64 leniently and skips unknown keys; here the checkpoint must have this one spelling.
	signature, err := decode(opened.Sigs[0].Base64)
	spelled := fmt.Sprintf("%s\n\u2014 %s %s\n", opened.Text, verifier.Name(), base64.StdEncoding.EncodeToString(signature))
	if err != nil || spelled != checkpoint {
		return "", errors.New("the checkpoint must carry the ledger's signature, canonical, and nothing else")
	}
	state := strings.Split(opened.Text, "\n")
	if len(state) < 4 || state[0] != verifier.Name() {
		return "", errors.New("the checkpoint is of another ledger than the key")
	}
	size, err := number(state[1])
	if err != nil || size <= index {
		return "", errors.New("the checkpoint's size doesn't cover the index")
	}
	root, err := decodeHash(state[2])
	if err != nil {
		return "", err
	}
	if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
		return "", fmt.Errorf("the entry isn't in the ledger: %w", err)
	}
	at := time.UnixMilli(timeMs).UTC().Format("2006-01-02T15:04:05.000Z")
	return fmt.Sprintf("VERIFIED\nledger: %s\nsize: %d\nroot: %s\nseq: %d\ntime: %s (%d)\nkind: %s\npayload: %s\n",
		state[0], size, root, seq, at, timeMs, fields[3], payload), nil
}

// number reads a decimal in its one spelling.
func number(text string) (int64, error) {
	if !decimal.MatchString(text) {
		return 0, errors.New("not a plain decimal")
	}
	return strconv.ParseInt(text, 10, 64)
}

// decode reads base64 in its one spelling.
func decode(text string) ([]byte, error) {
	data, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || base64.StdEncoding.EncodeToString(data) != text {
		return nil, errors.New("not canonical base64")
	}
	return data, nil
}

func decodeHash(text string) (hash tlog.Hash, err error) {
	data, err := decode(text)
	if err == nil && len(data) != len(hash) {
		err = errors.New("a hash doesn't have 32 bytes")
	}
	copy(hash[:], data)
	return hash, err
}
