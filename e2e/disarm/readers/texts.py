"""Texts, tables, HTML, SVG, mail and calendars as a plain reader sees them."""
import csv, email, email.policy, io, re, zipfile
from html.parser import HTMLParser
from xml.etree import ElementTree

CLICKABLE = re.compile(r"(?i)^\s*(https?://[^\\]|mailto:|tel:|#|cid:)")
FALSE_DISPLAY = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2028\u2029\u2060-\u2064\ufeff\U000e0000-\U000e007f]")
NUMBER = re.compile(r"^[+\-＋－]?[\d,.０-９]+%?$|^[+\-][\d\- ()]+$")


def plain(path, data):
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("cp932")
        except UnicodeDecodeError:
            return [("text", "neither UTF-8 nor CP932")]
    found = FALSE_DISPLAY.search(text)
    return [("text", f"U+{ord(found[0]):04X}")] if found else []


def table(path, data):
    found = plain(path, data)
    text = data.decode("utf-8-sig", "replace")
    if text[:2] == "ID":
        found.append(("csv", "SYLK"))
    csv.field_size_limit(1 << 30)
    for delimiter in ",;\t":
        if delimiter != "," and not path.endswith((".tsv", ".txt")) and delimiter not in text.split("\n", 1)[0]:
            continue
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            for cell in row:
                # A reader with another separator sees other cells; those begin behind a comma or a quote.
                bare = cell.lstrip(" \u3000\"")
                if bare[:1] in "=+-@＝＋－＠\t\r\0" and bare and not NUMBER.match(bare.rstrip()):
                    found.append(("csv", f"cell {cell[:40]!r} by {delimiter!r}"))
    return found[:5]


class Page(HTMLParser):
    """Tags, attributes and addresses that do something by themselves."""

    DROP = {"script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "textarea", "select", "base", "link", "portal", "svg", "math", "template", "noscript", "xml", "video", "audio", "source", "track", "marquee", "bgsound", "noembed", "noframes", "plaintext", "xmp", "canvas", "param", "layer", "ilayer", "isindex", "keygen", "dialog", "slot", "map", "area"}

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found, self.style = [], False
        self.feed(text)
        self.close()

    def live(self, what):
        self.found.append(("html", what[:120]))

    def handle_starttag(self, tag, attributes):
        if tag in self.DROP or ":" in tag:
            self.live(f"<{tag}>")
        values = {key: value or "" for key, value in attributes}
        if tag == "meta" and not ("charset" in values or values.get("http-equiv", "").lower() == "content-type" or values.get("name", "").lower() in ("viewport", "generator", "color-scheme")):
            if not (values.get("http-equiv", "").lower() == "content-security-policy"):
                self.live(f"<meta {values}>")
        self.style = tag == "style"
        for key, value in values.items():
            if key.startswith("on") or key in ("srcdoc", "formaction", "ping", "background", "dynsrc", "lowsrc", "srcset", "action", "manifest", "longdesc", "profile", "usemap", "is", "datasrc", "poster", "codebase", "classid"):
                self.live(f"{key}={value}")
            if key == "href" and not CLICKABLE.match(value):
                self.live(f"href={value}")
            if key in ("src", "xlink:href") and not re.match(r"(?i)^(cid:|data:image/(png|jpeg|gif);base64,)", value):
                self.live(f"{key}={value}")
            if key == "style":
                self.css(value)

    def css(self, text):
        if re.search(r"(?i)url\s*\(|expression|behavio|@import|-moz-binding|\\[0-9a-f]|javascript:|image-set|position\s*:\s*fixed", text):
            self.live(f"style {text[:60]}")

    def handle_data(self, data):
        if self.style:
            self.css(data)

    def handle_endtag(self, tag):
        self.style = False

    def handle_comment(self, data):
        self.live(f"<!--{data[:40]}")

    def handle_pi(self, data):
        self.live(f"<?{data[:40]}")

    def unknown_decl(self, data):
        self.live(f"<![{data[:40]}")


def page(path, data):
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return [("html", "not UTF-8")]
    hidden = FALSE_DISPLAY.search(text)
    return Page(text).found[:8] + ([("html", f"U+{ord(hidden[0]):04X}")] if hidden else [])


def drawing(path, data):
    found = []
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or re.search(rb"<\?(?!xml\s)", data):
        found.append(("svg", "DOCTYPE or processing instruction"))
    try:
        root = ElementTree.fromstring(data)
    except Exception as error:
        return [*found, ("svg", f"no XML: {error}")]
    for element in root.iter():
        tag = element.tag.rpartition("}")[2] if isinstance(element.tag, str) else "?"
        if tag in ("script", "foreignObject", "handler", "listener", "iframe", "object", "embed", "a", "set", "animate", "animateTransform", "animateMotion", "animateColor", "audio", "video", "metadata", "cursor", "font-face-uri", "prefetch", "tbreak", "msl"):
            found.append(("svg", f"<{tag}>"))
        for key, value in element.attrib.items():
            local = key.rpartition("}")[2]
            if local.startswith("on") or local in ("base",):
                found.append(("svg", local))
            if local in ("href", "src") and not re.match(r"(?i)^(#|data:image/(png|jpeg|gif);base64,)", value):
                found.append(("svg", f"{local}={value[:60]}"))
            if re.search(r"(?i)url\(\s*['\"]?(?!#)|@import|javascript:", value):
                found.append(("svg", f"{local}={value[:60]}"))
        if tag == "style" and re.search(r"(?i)@import|url\(\s*['\"]?(?!#)|@font-face", element.text or ""):
            found.append(("svg", "style reaches outside"))
    return found[:8]


HEADERS = {
    "from", "to", "cc", "date", "subject", "message-id", "in-reply-to", "references", "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id", "reply-to", "sender", "x-sekisho", "bcc", "content-language",
}


def letter(path, data):
    found = []
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    for part in message.walk():
        for key in part.keys():
            if key.lower() not in HEADERS:
                found.append(("mail", f"header {key}"))
        kind = part.get_content_type()
        if kind in ("message/external-body", "message/partial", "application/ms-tnef", "application/pkcs7-mime", "application/x-pkcs7-mime", "text/x-amp-html", "application/javascript", "application/hta", "text/javascript"):
            found.append(("mail", kind))
        if part.defects:
            found.append(("mail", f"defect {part.defects[0]!r}"))
        if not part.is_multipart() and re.search(r"(?i)\.(exe|js|vbs|hta|cmd|bat|ps1|scr|lnk|docm|xlsm|pptm|iso|one|jar|chm|url|wsf|msi)$", (part.get_filename() or "").strip()):
            found.append(("mail", f"attachment {part.get_filename()}"))
    if len(message.keys()) != len({key.lower() for key in message.keys()}):
        found.append(("mail", "a header twice"))
    if message.preamble and message.preamble.strip() and "MIME" not in message.preamble or message.epilogue and message.epilogue.strip():
        found.append(("mail", "text outside the parts"))
    return found[:8]


def calendar(path, data):
    text = re.sub(r"\r?\n[ \t]", "", data.decode("utf-8", "replace"))
    found = plain(path, data)
    for line in text.splitlines():
        name = re.split(r"[:;]", line, maxsplit=1)[0].upper().rpartition(".")[2]
        if name.startswith("X-") or name in ("ATTACH", "PHOTO", "KEY", "SOUND", "LOGO", "AGENT", "SOURCE", "CONFERENCE", "IMAGE", "STYLED-DESCRIPTION", "STRUCTURED-DATA", "CALURI", "FBURL", "CALADRURI", "MEMBER", "RELATED", "CLIENTPIDMAP", "XML"):
            found.append(("calendar", line[:60]))
        if name == "ACTION" and not line.upper().endswith("DISPLAY"):
            found.append(("calendar", line[:60]))
        if name == "URL" and not re.match(r"(?i)url[^:]*:https?://", line):
            found.append(("calendar", line[:60]))
        if re.search(r"(?i)altrep=|file:|\\\\\\\\|javascript:", line):
            found.append(("calendar", line[:60]))
    return found


def archive(path, data):
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        names = package.namelist()
        if len({name.lower() for name in names}) != len(names):
            found.append(("archive", "two members with one name"))
        for item in package.infolist():
            name = item.filename
            if name.startswith("/") or ".." in re.split(r"[/\\]", name) or "\\" in name or ":" in name or FALSE_DISPLAY.search(name) or re.search(r"(?i)(^|/)(con|nul|prn|aux|com\d|lpt\d)(\.|$)", name) or name.rstrip(" .") != name or max(len(step.encode("utf-8", "replace")) for step in name.split("/")) > 255 or len(name) > 1024:
                found.append(("archive", f"name {name!r}"))
            if re.search(r"(?i)\.(exe|js|vbs|hta|cmd|bat|ps1|scr|lnk|docm|xlsm|pptm|iso|one|jar|chm|url|wsf|msi|dll)$", name):
                found.append(("archive", f"member {name!r}"))
            if item.extra or item.comment or item.flag_bits & 1 or item.compress_type not in (0, 8) or (item.external_attr >> 16) & 0o170000 not in (0, 0o100000, 0o040000):
                found.append(("archive", f"extra, comment, encryption, method or kind of {name!r}"))
        if package.comment:
            found.append(("archive", "comment"))
    if not data.startswith(b"PK"):
        found.append(("archive", "bytes before the first member"))
    return found


def rich(path, data):
    """RTF: words that fetch, carry or run."""
    text = re.sub(rb"\s+", b" ", data)
    words = set(re.findall(rb"\\([a-z]+)", text))
    live = words & {b"object", b"objdata", b"objupdate", b"objautlink", b"objlink", b"objocx", b"objclass", b"template", b"datastore", b"datafield", b"htmltag", b"xmlopen", b"userprops", b"info", b"author", b"generator", b"bin", b"field", b"fldinst", b"pntext-none", b"themedata", b"oleclsid", b"wmetafile", b"emfblip", b"passwordhash", b"mailmerge", b"filetbl", b"subdocument", b"nextfile"}
    if b"fldinst" in live:
        instructions = re.findall(rb"\\fldinst([^}]*)", text)
        if all(re.match(rb"\s*\{?\s*(HYPERLINK \"(https?:|mailto:)|PAGE|NUMPAGES|DATE|TIME|SEQ|REF|PAGEREF|TOC)", item) for item in instructions):
            live -= {b"field", b"fldinst"}
    tail = data.rstrip(b"\r\n \0")
    return [("rtf", word.decode()) for word in live] + ([] if tail.endswith(b"}") else [("rtf", "bytes behind the end")])
