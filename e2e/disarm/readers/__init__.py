"""Outside readers: each takes a file and says what in it is still live. None shares code with the engine."""
import re

from . import office, pages, pictures, texts, unpacked


def examine(path, data, deep=True):
    """Every reader that knows the file, on the file and on what is packed in it: [(layer, reader, finding)]."""
    found = []
    for layer, kind, content in unpacked.layers(data, path):
        # Parts of office packages and PDF streams are looked at as wholes; members of archives and mails as files.
        if layer != path and not re.fullmatch(r".*![^<][^!]*", layer):
            continue
        if layer != path and inside_package(data, layer, path) and kind not in ("cfb", "rtf", "pdf", "png", "jpeg", "gif", "bmp", "tiff", "webp", "svg", "zip"):
            continue
        name = layer.rpartition("!")[2].rpartition("/")[2]
        for reader, what in _one(name, kind, content):
            found.append((layer, reader, what))
    return found


def inside_package(data, layer, path):
    return unpacked.kind(data) in ("cfb", "pdf") or unpacked.kind(data) == "zip" and (b"[Content_Types].xml" in data or data[30:38] == b"mimetype")


def _one(name, kind, data):
    found = []
    if kind in ("zip", "cfb"):
        found += office.olevba(name, data) + office.oleobj(name, data) + office.msodde(name, data)
    if kind == "zip":
        package = office.package(name, data)
        found += package
        if b"xl/" in data:
            found += office.xlm(name, data)
        if b"[Content_Types].xml" not in data and data[30:38] != b"mimetype":
            found += texts.archive(name, data)
    elif kind == "cfb":
        found.append(("kind", "a compound file"))
    elif kind == "rtf":
        found += office.rtfobj(name, data) + office.msodde(name, data) + texts.rich(name, data)
    elif kind == "pdf":
        found += pages.pikepdf_walk(name, data)
    elif kind in ("png", "jpeg", "gif", "bmp", "tiff", "webp"):
        found += pictures.structure(name, data, kind)
    elif kind == "svg":
        found += texts.drawing(name, data)
    elif kind == "html":
        found += texts.page(name, data)
    elif kind == "mime":
        found += texts.letter(name, data)
    elif kind in ("csv", "tsv"):
        found += texts.table(name, data) + office.msodde(name, data)
    elif kind in ("ics", "vcf"):
        found += texts.calendar(name, data)
    elif kind == "txt":
        found += texts.plain(name, data)
    elif kind == "gzip" or data[:2] == b"MZ":
        found.append(("kind", kind))
    return found
