#!/usr/bin/env python3
"""Makes one file for every threat that the disarm engine knows of. `make_threats.py FOLDER [ID…]`

Every payload is inert and calls back to 127.0.0.1. FOLDER/manifest.jsonl tells, a line a file: threat, markers, and what
must become of it. Needs pikepdf, Pillow and oletools (PyPI); nothing is downloaded.
"""
import json, pathlib, sys

from threats import REGISTER
from threats import archives, document, excel, mail, pictures, slides, texts, word  # noqa: F401  each module registers its threats when it is read


def make(folder, only=()):
    folder = pathlib.Path(folder)
    (folder / "in").mkdir(parents=True, exist_ok=True)
    rows = []
    for threat in REGISTER:
        if only and not any(word in f"{threat.format}-{threat.id}" for word in only):
            continue
        live, keep = threat.markers
        data = threat.build(live, keep)
        place = folder / "in" / f"{threat.number:03d}"
        place.mkdir(exist_ok=True)
        (place / threat.file).write_bytes(data)
        rows.append({"file": f"{threat.number:03d}/{threat.file}", "format": threat.format, "id": threat.id, "threat": threat.ja, "live": live, "keep": keep if threat.keep else None, "live_must_be": threat.live, "expected": threat.expected, "active": threat.active})
    (folder / "manifest.jsonl").write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return rows


if __name__ == "__main__":
    print(f"{len(make(sys.argv[1], sys.argv[2:]))} files")
