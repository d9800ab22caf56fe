//go:build ignore

// root prints the base64 Merkle root (RFC 6962) of the entries on standard input, one in hexadecimal a line, as
// golang.org/x/mod/sumdb/tlog computes it.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			if index >= int64(len(stored)) {
				return nil, fmt.Errorf("no hash %d", index)
			}
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	size := int64(0)
	for ; lines.Scan(); size++ {
		entry, err := hex.DecodeString(lines.Text())
		check(err)
		hashes, err := tlog.StoredHashes(size, entry, reader)
		check(err)
		stored = append(stored, hashes...)
	}
	check(lines.Err())
	if size == 0 {
		check(fmt.Errorf("no entries"))
	}
	root, err := tlog.TreeHash(size, reader)
	check(err)
	fmt.Println(root)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "root:", err)
		os.Exit(1)
	}
}
