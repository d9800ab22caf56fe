#!/bin/sh
# Holds the ledger against checkers that share no code with it.
#
#   check.sh [FOLDER]
#
# FOLDER holds receipt.tlog-proof and vkey.txt, and for the roots entries.hex and root.txt; without it the ledger crate's example makes
# one with 1,000 entries. Needs Go with golang.org/x/mod under /usr/share/gocode (Debian: golang-go,
# golang-golang-x-mod-dev), Python 3 and PyPI's pymerkle. Exits 0 only if every check held.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

if [ $# -ge 1 ]; then
    data=$1
else
    data=$work/sample
    (cd "$here/../.." && cargo run --release --quiet -p sekisho-ledger --example receipt -- "$data" 1000)
fi
receipt=$data/receipt.tlog-proof
key=$data/vkey.txt

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

for program in verify root; do
    GO111MODULE=off GOFLAGS= GOPATH=/usr/share/gocode GOCACHE="${GOCACHE:-$work/cache}" \
        go build -o "$work/$program" "$here/go/$program.go"
done
go_verify=$work/verify
py_verify="python3 $here/python/verify.py"

"$go_verify" "$receipt" --key "$key" >"$work/go.txt" || fail "Go refuses the receipt: $(cat "$work/go.txt")"
$py_verify "$receipt" --key "$key" >"$work/py.txt" || fail "Python refuses the receipt: $(cat "$work/py.txt")"
cmp "$work/go.txt" "$work/py.txt" || fail "Go and Python read different things from the receipt"
cat "$work/go.txt"

# A key of another ledger, here the public key that Go's documentation prints, must not fit.
other=PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
if "$go_verify" "$receipt" --key "$other" >/dev/null; then fail "Go accepts a foreign key"; fi
if $py_verify "$receipt" --key "$other" >/dev/null; then fail "Python accepts a foreign key"; fi

# Longer and shorter by a byte, and each byte changed.
(cat "$receipt" && echo) >"$work/longer"
head -c -1 "$receipt" >"$work/shorter"
for damaged in longer shorter; do
    if "$go_verify" "$work/$damaged" --key "$key" >/dev/null; then fail "Go accepts a receipt made $damaged"; fi
    if $py_verify "$work/$damaged" --key "$key" >/dev/null; then fail "Python accepts a receipt made $damaged"; fi
done
# The same signature with S + L in place of S (RFC 8032 §5.1.7 forbids it) must not be a second valid one.
PYTHONPATH=$here/python python3 -B - "$receipt" >"$work/malleated" <<'EOF'
import base64, sys, verify
head, name, last = open(sys.argv[1], encoding="utf-8").read().rpartition(" ")
data = base64.b64decode(last)
scalar = int.from_bytes(data[36:], "little") + verify.L
data = data[:36] + scalar.to_bytes(32, "little")
sys.stdout.buffer.write((head + name + base64.b64encode(data).decode() + "\n").encode())
EOF
if "$go_verify" "$work/malleated" --key "$key" >/dev/null; then fail "Go accepts S + L"; fi
if $py_verify "$work/malleated" --key "$key" >/dev/null; then fail "Python accepts S + L"; fi

"$go_verify" "$receipt" --key "$key" --flip-test >"$work/flip" || fail "Go: $(cat "$work/flip")"
echo "Go:     $(cat "$work/flip")"
$py_verify "$receipt" --key "$key" --flip-test >"$work/flip" || fail "Python: $(cat "$work/flip")"
echo "Python: $(cat "$work/flip")"

# The receipt of a real journey comes without the entries of its ledger.
[ -e "$data/entries.hex" ] || exit 0
ours=$(cat "$data/root.txt")
go_root=$("$work/root" <"$data/entries.hex")
py_root=$(python3 "$here/python/root.py" <"$data/entries.hex")
[ "$ours" = "$go_root" ] || fail "root: ours $ours, x/mod's $go_root"
[ "$ours" = "$py_root" ] || fail "root: ours $ours, pymerkle's $py_root"
echo "root of $(wc -l <"$data/entries.hex") entries is the same in Rust, Go and Python: $ours"
