"""Office Open XML packages written by hand, so that every part, relationship and type can be wrong on purpose."""
import io, zipfile
from xml.sax.saxutils import escape, quoteattr

R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MS = "http://schemas.microsoft.com/office"
OFFICE = "application/vnd.openxmlformats-officedocument."
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

DEFAULTS = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xml": "application/xml",
    "bin": "application/vnd.openxmlformats-officedocument.oleObject",
    "png": "image/png",
    "jpeg": "image/jpeg",
    "emf": "image/x-emf",
    "wmf": "image/x-wmf",
    "svg": "image/svg+xml",
    "vml": OFFICE + "vmlDrawing",
    "html": "text/html",
    "rtf": "application/rtf",
    "mht": "message/rfc822",
    "docx": OFFICE + "wordprocessingml.document",
    "xlsx": OFFICE + "spreadsheetml.sheet",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "odttf": OFFICE + "obfuscatedFont",
    "fntdata": "application/x-fontdata",
    "data": OFFICE + "model+data",
}

# The smallest whole PNG: one white pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe0def46b80000000049454e44ae426082"
)


def relationships(items):
    """Items are (id, type, target) or (id, type, target, "External"); a short type gets the usual prefix."""
    body = ""
    for id, kind, target, *mode in items:
        kind = kind if "://" in kind else f"{R}/{kind}"
        body += f"<Relationship Id={quoteattr(id)} Type={quoteattr(kind)} Target={quoteattr(target)}" + (' TargetMode="External"' if mode else "") + "/>"
    return f'{HEAD}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{body}</Relationships>'


def raw(value):
    return value.encode("utf-8") if isinstance(value, str) else value


def content_types(parts, overrides, defaults=None):
    """Types of what is there; `overrides` maps part names to types."""
    used = {name.rsplit(".", 1)[-1] for name in parts}
    rows = {**{ext: type for ext, type in DEFAULTS.items() if ext in used or ext in ("rels", "xml")}, **(defaults or {})}
    body = "".join(f'<Default Extension="{ext}" ContentType="{type}"/>' for ext, type in rows.items())
    body += "".join(f'<Override PartName="/{name}" ContentType="{type}"/>' for name, type in overrides.items())
    return f'{HEAD}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">{body}</Types>'


def package(parts, rels, overrides, defaults=None, compression=zipfile.ZIP_DEFLATED):
    """`parts`: name → content, `rels`: owner ("" is the package) → items."""
    parts = dict(parts)
    for owner, items in rels.items():
        folder, _, name = owner.rpartition("/")
        parts[f"{folder}/_rels/{name}.rels" if folder else f"_rels/{name}.rels"] = relationships(items)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as new:
        new.writestr("[Content_Types].xml", content_types(parts, overrides, defaults))
        for name, content in parts.items():
            new.writestr(name, raw(content))
    return out.getvalue()


def repack(data, change=None, add=None, drop=()):
    """The same package with parts changed by a function (name, bytes) → bytes, added or dropped."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for item in old.infolist():
            if item.filename in drop:
                continue
            content = old.read(item)
            new.writestr(item.filename, raw(change(item.filename, content)) if change else content)
        for name, content in (add or {}).items():
            new.writestr(name, raw(content))
    return out.getvalue()


__all__ = ["R", "MS", "OFFICE", "HEAD", "PIXEL", "package", "repack", "relationships", "escape", "quoteattr"]
