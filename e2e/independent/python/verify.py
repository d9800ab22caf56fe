#!/usr/bin/env python3
"""Checks a Sekisho receipt (C2SP tlog-proof) without any code of Sekisho: Python 3 standard library only, no network.

    verify.py RECEIPT --key VKEY|FILE [--flip-test]

Prints what the receipt says and exits 0, or prints why it is refused and exits 1."""

import base64
import binascii
import hashlib
import os
import re
import sys
from datetime import datetime, timedelta, timezone


class Refused(Exception):
    pass


def want(condition, reason):
    if not condition:
        raise Refused(reason)


# --- Ed25519 verification, RFC 8032 section 5.1.7, points in extended homogeneous coordinates ---

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def decompress(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def compress(point):
    inverse = pow(point[2], -1, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decompress((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def ed25519_ok(public, message, signature):
    point = decompress(public)
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or scalar >= L:  # S >= L would allow a second signature
        return False
    hashed = hashlib.sha512(signature[:32] + public + message).digest()
    challenge = int.from_bytes(hashed, "little") % L
    minus = (P - point[0], point[1], 1, P - point[3])
    return compress(add(multiply(scalar, BASE), multiply(challenge, minus))) == signature[:32]


# --- values in their one spelling ---


def decode(text, length=None):
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        data = None
    want(data is not None and base64.b64encode(data).decode() == text, "not canonical base64")
    want(length is None or len(data) == length, "a value has the wrong length")
    return data


def number(text):
    want(re.fullmatch(r"0|-?[1-9][0-9]*", text, re.ASCII), "not a plain decimal")
    value = int(text) if len(text) < 25 else 2**63
    want(-(2**63) <= value < 2**63, "a number is too large")
    return value


# --- Merkle tree, RFC 6962 section 2.1 ---


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(index, size, leaf, proof):
    """The root that the proof leads to, by the recursive definition of PATH read backwards."""
    if size == 1:
        want(not proof, "the proof is too long")
        return leaf
    want(proof, "the proof is too short")
    left = 1 << (size - 1).bit_length() - 1
    if index < left:
        return sha256(b"\x01", root_of(index, left, leaf, proof[:-1]), proof[-1])
    return sha256(b"\x01", proof[-1], root_of(index - left, size - left, leaf, proof[:-1]))


def verify(receipt, vkey):
    try:
        text = receipt.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the receipt isn't UTF-8") from None
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    want(blank and len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1", "not a tlog-proof")
    want(lines[1].startswith("extra ") and lines[2].startswith("index "), "no extra data or index")
    extra, index = decode(lines[1][6:]), number(lines[2][6:])
    proof = [decode(line, 32) for line in lines[3:]]

    # The entry, and the payload that it commits to.
    length = int.from_bytes(extra[:2], "big")
    want(len(extra) >= 2 + length + 32, "the extra data is too short")
    entry, salt, payload = extra[2 : 2 + length], extra[2 + length : 34 + length], extra[34 + length :]
    try:
        fields = entry.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise Refused("the entry isn't in its form") from None
    want(len(fields) == 6 and fields[0] == "sekisho-entry/v1" and fields[5] == "", "the entry isn't in its form")
    want(re.fullmatch(r"[a-z0-9._-]{1,64}", fields[3]), "the entry's kind isn't in its form")
    seq, time_ms, commitment = number(fields[1]), number(fields[2]), decode(fields[4], 32)
    want(seq == index, "the entry's sequence number isn't the receipt's index")
    want(sha256(b"sekisho-commit/v1\0", salt, payload) == commitment, "the payload isn't the one that was recorded")

    # The checkpoint's text, and the entry's place in its tree.
    note = re.fullmatch("((?:[^\n]+\n){3,})\n\u2014 ([^ \n]+) ([^ \n]+)\n", checkpoint)
    want(note, "the checkpoint must carry the ledger's signature and nothing else")
    want(all(c >= " " or c == "\n" for c in checkpoint), "the checkpoint holds control characters")
    origin, size, root = note[1].split("\n")[:3]
    size, root = number(size), decode(root, 32)
    want(0 <= index < size, "the checkpoint's size doesn't cover the index")
    want(root_of(index, size, sha256(b"\0", entry), proof) == root, "the entry isn't in the ledger")

    # The signature over that text, by the ledger's key.
    parts = vkey.split("+", 2)
    want(len(parts) == 3, "the key isn't in the form name+id+base64")
    name, key_id, typed = parts[0], parts[1], decode(parts[2], 33)
    want(name and typed[0] == 1 and sha256(name.encode(), b"\n", typed)[:4].hex() == key_id, "the key is damaged")
    want(origin == name and note[2] == name, "the checkpoint is of another ledger than the key")
    signature = decode(note[3], 68)
    want(signature[:4].hex() == key_id, "the checkpoint is signed with another key")
    want(ed25519_ok(typed[1:], note[1].encode(), signature[4:]), "the checkpoint's signature is wrong")

    try:
        moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=time_ms)
        moment = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time_ms % 1000:03d}Z"
    except OverflowError:
        moment = "-"
    return (
        f"VERIFIED\nledger: {origin}\nsize: {size}\nroot: {base64.b64encode(root).decode()}\nseq: {seq}\n"
        f"time: {moment} ({time_ms})\nkind: {fields[3]}\npayload: "
    ).encode() + payload + b"\n"


def flip_test(receipt, vkey):
    """Changes each byte in several ways and wants every change refused."""
    verify(receipt, vkey)
    changes = 0
    for at in range(len(receipt)):
        for mask in (0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xFF):
            changed = bytearray(receipt)
            changed[at] ^= mask
            changes += 1
            try:
                verify(bytes(changed), vkey)
            except Refused:
                continue
            raise Refused(f"accepted although byte {at} was changed by xor {mask:#04x}")
    return f"{len(receipt)} bytes, {changes} changes, all refused\n".encode()


def main(args):
    if len(args) not in (3, 4) or args[1] != "--key" or args[3:] not in ([], ["--flip-test"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        with open(args[0], "rb") as file:
            receipt = file.read()
        key = args[2]
        if os.path.isfile(key):
            with open(key, encoding="utf-8", newline="") as file:
                key = file.read().removesuffix("\n")
        sys.stdout.buffer.write((flip_test if args[3:] else verify)(receipt, key))
        return 0
    except (Refused, OSError) as reason:
        print("REFUSED:", reason)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
