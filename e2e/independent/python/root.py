#!/usr/bin/env python3
"""Prints the base64 Merkle root (RFC 6962) of the entries on standard input, one in hexadecimal a line, as the
PyPI package `pymerkle` computes it."""

import base64
import sys

from pymerkle import InmemoryTree

tree = InmemoryTree(algorithm="sha256")
for line in sys.stdin:
    tree.append_entry(bytes.fromhex(line.strip()))
if tree.get_size() == 0:
    sys.exit("root: no entries")
print(base64.b64encode(tree.get_root()).decode())
