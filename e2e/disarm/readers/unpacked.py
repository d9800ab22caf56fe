"""Every layer of a file: archive members, compound streams, PDF streams and strings, MIME parts, compressed runs."""
import base64, binascii, email, email.policy, gzip, html, io, re, urllib.parse, zipfile, zlib

import olefile
import pikepdf

DEEPEST, LARGEST, TOGETHER = 6, 16 << 20, 64 << 20


def kind(data, name=""):
    head = data[:1024]
    if data[:4] == b"PK\x03\x04" or data[:4] == b"PK\x05\x06":
        return "zip"
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "cfb"
    if b"%PDF-" in head and (data.startswith(b"%PDF-") or not name.lower().endswith((".html", ".htm", ".txt", ".eml"))):
        return "pdf"
    if data[:5] == b"{\\rtf":
        return "rtf"
    if data[:2] == b"\x1f\x8b":
        return "gzip"
    for magic, name_of in ((b"\x89PNG\r\n", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"BM", "bmp"), (b"II*\0", "tiff"), (b"MM\0*", "tiff"), (b"RIFF", "webp")):
        if data.startswith(magic):
            return name_of
    extension = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    if extension in ("eml", "mht", "mhtml") or extension != "txt" and re.match(rb"(?i)(from|to|subject|date|mime-version|received|content-type|message-id)[ \t]*:", head):
        return "mime"
    if re.match(rb"(?is)(\xef\xbb\xbf)?\s*(<\?xml.{0,300})?\s*(<!--.*?-->\s*)*(<!DOCTYPE svg.{0,300})?<svg[\s>]", head):
        return "svg"
    if extension in ("html", "htm") or re.match(rb"(?is)\s*(<!doctype html|<html)", head):
        return "html"
    return extension or "?"


def layers(data, name="", depth=0, budget=None):
    """(path, kind, bytes), the file itself first; bombs are left where the budget ends."""
    # A list of names or headers is text, whatever it begins with.
    what = "?" if re.search(r"!<(headers|names?|comment|strings)[^!]*$", name) else kind(data, name)
    yield name, what, data
    budget = [TOGETHER] if budget is None else budget
    if depth >= DEEPEST:
        return
    inner = _inner(data, what)
    while budget[0] > 0:
        try:
            path, content = next(inner)
        except Exception:  # the end, or a file that is broken from here on
            return
        budget[0] -= len(content)
        if len(content) <= LARGEST:
            yield from layers(content, f"{name}!{path}", depth + 1, budget)


def _inner(data, what):
    if what == "zip":
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            for number, item in enumerate(package.infolist()):
                yield f"<name {number}>", item.filename.encode("utf-8", "surrogateescape") + item.comment + item.extra
                if not item.is_dir() and item.file_size <= LARGEST:
                    try:
                        with package.open(item) as member:
                            content = member.read(LARGEST)
                    except Exception:
                        continue
                    yield item.filename, content
            yield "<comment>", package.comment
    elif what == "cfb":
        with olefile.OleFileIO(io.BytesIO(data)) as compound:
            for path in compound.listdir():
                yield "/".join(path), compound.openstream(path).read()
            yield "<names>", "/".join("/".join(path) for path in compound.listdir()).encode()
    elif what == "gzip":
        yield "<gzip>", zlib.decompressobj(31).decompress(data, LARGEST)
    elif what == "pdf":
        yield from _pdf(data)
    elif what == "mime":
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        for number, part in enumerate(message.walk()):
            yield f"<headers {number}>", "\n".join(f"{key}: {email.header.make_header(email.header.decode_header(value))}" for key, value in part.items() if isinstance(value, str)).encode("utf-8", "replace")
            if not part.is_multipart():
                yield part.get_filename() or f"part{number}", part.get_payload(decode=True) or b""
    elif what == "png":
        for found in re.finditer(rb"(zTXt|iCCP|iTXt)", data):
            for start in range(found.end(), min(found.end() + 90, len(data))):
                if data[start:start + 1] == b"\x78":
                    try:
                        yield "<chunk>", zlib.decompressobj().decompress(data[start:], 1 << 20)
                    except zlib.error:
                        pass


def _pdf(data):
    with pikepdf.open(io.BytesIO(data)) as pdf:
        strings = []

        def collect(item, depth=0):
            if depth > 60:
                return
            if isinstance(item, pikepdf.String):
                strings.append(bytes(item))
                strings.append(str(item).encode("utf-8", "replace"))
            elif isinstance(item, pikepdf.Array):
                for value in item:
                    if not getattr(value, "is_indirect", False):
                        collect(value, depth + 1)
            elif isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
                for key, value in item.items():
                    strings.append(key.encode("utf-8", "replace"))
                    if not getattr(value, "is_indirect", False):
                        collect(value, depth + 1)
            elif isinstance(item, pikepdf.Name):
                strings.append(str(item).encode("utf-8", "replace"))

        for number, item in enumerate(pdf.objects):
            collect(item)
            if isinstance(item, pikepdf.Stream):
                try:
                    yield f"<stream {number + 1}>", item.read_bytes()
                except Exception:
                    yield f"<raw stream {number + 1}>", item.read_raw_bytes()
        collect(pdf.trailer)
        yield "<strings>", b"\n".join(strings)


class Needle:
    """One marker in every writing that a reader could undo."""

    def __init__(self, marker):
        plain = marker.encode()
        shapes = {plain, plain.lower(), marker.encode("utf-16-le"), marker.encode("utf-16-be"), plain.hex().encode(), plain.hex().upper().encode()}
        for shift in range(3):
            coded = base64.b64encode(b"\0" * shift + plain)
            shapes.add(coded[(0, 2, 3)[shift]:len(coded) - 4])
        self.plain, self.shapes = plain, shapes

    def within(self, data):
        if any(shape in data for shape in self.shapes):
            return True
        if len(data) > 2 << 20:
            return False
        # Cut by markup, entities, percent signs, line breaks.
        loose = re.sub(rb"<[^>]*>|[\r\n\0]", b"", data)
        if self.plain in loose:
            return True
        if b"&#" in loose and self.plain.decode() in html.unescape(loose.decode("utf-8", "replace")):
            return True
        return b"%" in loose and self.plain in urllib.parse.unquote_to_bytes(loose)


MARKER = re.compile(rb"(?:SEKISHO|S\0E\0K\0I\0S\0H\0O)")


def markers_left(data, name, needles):
    """Where any of the needles (marker → Needle) still is."""
    found = []
    for path, _, content in layers(data, name):
        for marker, needle in needles.items():
            if needle.within(content):
                found.append((marker, path))
    return found


__all__ = ["kind", "layers", "Needle", "markers_left", "binascii", "gzip"]
