"""Office files through oletools and XLMMacroDeobfuscator, and package by package, element by element."""
import contextlib, io, os, re, tempfile, zipfile
from xml.etree import ElementTree

REL = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
CLICKABLE = re.compile(r"(?i)^(https?://[^\\]|mailto:)")
LIVE_NAME = re.compile(
    r"(?i)vbaproject|vbadata|activex|embeddings/|oleobject|customui|webextension|/macrosheets/|dialogsheets?/|externallinks?/|connections\.xml|querytables?/|ctrlprops?/|printersettings|"
    r"(^|/)customxml/|attachedtoolbars|customizations\.xml|keymap|xl/model/|afchunk|altchunk|glossary/|xmlmaps|richdata|volatiledependencies|_xmlsignatures|thumbnail|docprops/custom|\.(exe|bin|vbs|js|hta|cmd|bat|ps1|dll|scr|lnk|"
    r"jar|odttf|fntdata|emf|wmf|rtf|mht|mhtml|html?|svg|wav|mp3|mp4|wmv|avi)$|(^|/)(basic|scripts|dialogs|configurations2|object \d|objectreplacements|thumbnails|versions|database|forms|reports)/|documentsignatures|macrosignatures"
)
LIVE_TYPE = re.compile(r"(?i)vbaproject|macro|activex|oleobject|control|customui|dialogsheet|externallink|msdownload|obfuscatedfont|connections|querytable|attachedtoolbars|keymap|webextension|printersettings|model\+data|javascript|script")
LIVE_REL = re.compile(r"(?i)vbaproject|oleobject|/package$|/control|attachedtemplate|afchunk|subdocument|/frame$|mailmerge|externallink|dialogsheet|macrosheet|connections|querytable|ctrlprop|activex|customui|ui/extensibility|webextension|glossary|/font$|audio|video|media|customxml|keymap|attachedtoolbars|printersettings|xmlmaps|transform|volatile|wordvba")
FIELD = re.compile(r"(?i)\b(DDE|DDEAUTO|INCLUDETEXT|INCLUDEPICTURE|INCLUDE|LINK|IMPORT|MACROBUTTON|DATABASE|AUTOTEXT|AUTOTEXTLIST|GLOSSARY|ASK|FILLIN|RD|ADDIN|PRIVATE|GOTOBUTTON|PRINT|CONTROL|EMBED|MERGEFIELD|NEXT|QUOTE|USERADDRESS|DATA|EQ\s*\\x)\b")
FUNCTION = re.compile(r"(?i)(?<![A-Z0-9_.])(_xlfn\.|_xlws\.|_xludf\.)?(WEBSERVICE|RTD|CALL|REGISTER|REGISTER\.ID|EXEC|IMAGE|HYPERLINK|FILTERXML|DDE|STOCKHISTORY|CUBE[A-Z]+|SQL\.REQUEST|(_xlws\.)?PY|FIELDVALUE|EVIL|EVALUATE|GET\.[A-Z]+|FOPEN|FWRITE[A-Z]*|RUN|HALT|ALERT|FORMULA\.?[A-Z]*|INFO)\s*\(")
OUTSIDE = re.compile(r"(?i)\.xl[a-z]+'?!|\[\d+\]|\[[^\[\]]*(://|\\|\.xl)[^\]]*\]|\\\\|://|\|\s*'|\bcmd\b|mshta|powershell|file:|MSEXCEL\s*\||^\s*'?[a-z]+\|")
FORMULAS = {"f", "definedName", "formula", "formula1", "formula2", "calculatedColumnFormula", "totalsRowFormula", "oddFormula", "sqref-none"}
ATTRIBUTES = {
    "macro": "macro on a shape", "onAction": "onAction", "onLoad": "onLoad", "textlink": None, "FmlaMacro": "FmlaMacro", "embeddedHtml": "embeddedHtml", "refreshOnLoad": "refreshOnLoad", "xlm": "xlm name",
    "vbProcedure": "vbProcedure name", "saveThroughXslt": "xslt", "connectionId": "connection",
}
ELEMENTS = {
    "altChunk", "attachedTemplate", "subDoc", "OLEObject", "oleObj", "oleObject", "oleObjects", "control", "controls", "ocx", "externalReference", "ddeLink", "oleLink", "mailMerge", "dataBinding", "frameset", "webVideoPr", "externalData", "movie",
    "scriptAnchor", "snd", "audioFile", "videoFile", "wavAudioFile", "quickTimeFile", "audioCd", "embedRegular", "embedBold", "embedItalic", "embedBoldItalic", "saveThroughXslt", "attachedSchema", "smartTagType", "docVar", "webPublishItem", "stSnd",
    "svgBlip", "extTarget", "sndTgt", "media", "webExtensionLinked", "customPr", "dbPr", "oleSize", "smartTag", "tags", "custDataLst", "contentPart", "model3d", "embeddedFont",
    # OpenDocument
    "script", "event-listener", "event-listeners", "plugin", "applet", "object-ole", "dde-source", "dde-connection-decl", "dde-link", "table-source", "cell-range-source", "section-source", "execute-macro", "database-display", "floating-frame", "macro-name",
    "font-face-uri", "auto-reload", "form", "button", "database-range-source", "object",
}


def olevba(path, data):
    from oletools.mraptor import MacroRaptor
    from oletools.olevba import TYPE_TEXT, VBA_Parser
    found = []
    try:
        parser = VBA_Parser(path, data=data)
    except Exception:
        return found
    try:
        if parser.type == TYPE_TEXT:
            return found
        if parser.detect_vba_macros():
            found.append(("olevba", "VBA macros"))
            code = "\n".join(str(code) for _, _, _, code in parser.extract_macros())
            raptor = MacroRaptor(code)
            raptor.scan()
            if raptor.suspicious:
                found.append(("mraptor", raptor.get_flags()))
        if getattr(parser, "detect_xlm_macros", None) and parser.detect_xlm_macros():
            found.append(("olevba", "XLM macros"))
        if getattr(parser, "template_injection_found", False):
            found.append(("olevba", "template injection"))
    except Exception as error:
        if "encrypt" in str(error).lower():
            found.append(("olevba", "encrypted"))
    finally:
        parser.close()
    return found


def oleobj(path, data):
    """With a copy in a folder of its own: the tool saves what it finds beside the file."""
    from oletools import oleobj as tool
    out = io.StringIO()
    with tempfile.TemporaryDirectory() as folder:
        copy = os.path.join(folder, "file" + os.path.splitext(path)[1])
        with open(copy, "wb") as writer:
            writer.write(data)
        with contextlib.redirect_stdout(out):
            try:
                tool.process_file(copy, None, folder)
            except (Exception, SystemExit):
                pass
    found = []
    for line in out.getvalue().splitlines():
        match = re.match(r"Found relationship '(.*?)' with external link (.*)", line)
        if match and not (match[1].lower() == "hyperlink" and CLICKABLE.match(match[2])):
            found.append(("oleobj", f"{match[1]} {match[2][:80]}"))
        if line.startswith(("Found customUI", "extract file embedded", "Potential exploit")):
            found.append(("oleobj", line[:120]))
    return found


def msodde(path, data):
    from oletools import msodde as tool
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        copy = os.path.join(folder, "file" + os.path.splitext(path)[1])
        with open(copy, "wb") as writer:
            writer.write(data)
        try:
            text = tool.process_maybe_encrypted(copy, field_filter_mode=tool.FIELD_FILTER_BLACKLIST)
        except (Exception, SystemExit):
            return []
    links = [line for line in text.splitlines() if line.strip() and not re.match(r"(?i)\s*HYPERLINK\s+(\\l\s+\S+\s*)?(\"(https?:|mailto:)|\\l)", line)]
    return [("msodde", line.strip()[:120]) for line in links]


def rtfobj(path, data):
    from oletools.rtfobj import RtfObjParser
    try:
        parser = RtfObjParser(data)
        parser.parse()
        return [("rtfobj", f"{item.format_id} {item.class_name!r}") for item in parser.objects]
    except Exception:
        return []


def xlm(path, data):
    from XLMMacroDeobfuscator.xlsm_wrapper import XLSMWrapper
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        copy = os.path.join(folder, "file.xlsm")
        with open(copy, "wb") as writer:
            writer.write(data)
        try:
            book = XLSMWrapper(copy)
            found = [("XLMMacroDeobfuscator", f"macro sheet {name}") for name in book.get_macrosheets()]
            for label in ("auto_open", "auto_close", "auto_activate"):
                found += [("XLMMacroDeobfuscator", f"{name} {target}") for name, target in book.get_defined_name(label, full_match=False)]
            return found
        except Exception:
            return []


def package(path, data):
    """Names, types, relationships, elements, attributes, fields and formulas of an OOXML or ODF package."""
    found = []

    def live(what):
        found.append(("package", what[:160]))

    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = archive.namelist()
    except Exception as error:
        return [("package", f"unreadable: {error}")]
    office = "[Content_Types].xml" in names or "mimetype" in names
    if not office:
        return found
    if len({name.lower() for name in names}) != len(names):
        live("two parts with one name")
    for item in archive.infolist():
        name = item.filename
        if LIVE_NAME.search(name):
            live(f"part {name}")
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            live(f"name {name}")
        if item.comment or item.extra:
            live(f"extra field or comment at {name}")
        if item.file_size > 32 << 20:
            live(f"{name} of {item.file_size} bytes")
            continue
        try:
            content = archive.read(item)
        except Exception as error:
            live(f"{name}: {error}")
            continue
        if content[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" or content[:2] == b"MZ":
            live(f"compound file or program in {name}")
        if not re.search(r"(?i)\.(xml|rels|vml|rdf)$", name):
            continue
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            live(f"DOCTYPE in {name}")
        if name.endswith((".xml", ".rels", ".rdf")) and re.search(rb"<\?(?!xml\s)", content):
            live(f"processing instruction in {name}")
        if b"<!--" in content:
            live(f"comment in {name}")
        try:
            root = ElementTree.fromstring(content)
        except Exception as error:
            live(f"{name} is no XML: {error}")
            continue
        if name == "[Content_Types].xml":
            for row in root:
                if LIVE_TYPE.search(row.get("ContentType", "")):
                    live(f"type {row.get('ContentType')}")
        elif name.endswith(".rels"):
            for row in root.iter(REL):
                kind, target = row.get("Type", ""), row.get("Target", "")
                if row.get("TargetMode", "").lower() == "external":
                    if not (kind.endswith("/hyperlink") and CLICKABLE.match(target)):
                        live(f"external {kind.rsplit('/', 1)[-1]} {target}")
                elif LIVE_REL.search(kind):
                    live(f"relationship {kind}")
        else:
            _elements(name, root, live)
    return found


def reaches(formula):
    """Texts in quotes count only where a function makes a reference of them."""
    bare = re.sub(r'"(?:[^"]|"")*"', '""', formula)
    return FUNCTION.search(bare) or OUTSIDE.search(bare) or re.search(r"(?i)INDIRECT", bare) and OUTSIDE.search(formula)


def _elements(name, root, live):
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        space, _, tag = element.tag[1:].rpartition("}") if element.tag.startswith("{") else ("", "", element.tag)
        if tag in ELEMENTS and not (tag == "object" and "openoffice" not in space and "oasis" not in space) and not (tag == "media" and "oasis" in space):
            if not (tag == "form" and "drawing" in space) and not (tag == "legacyDrawing" and "comment" in name):
                live(f"element {tag} in {name}")
        if tag in FORMULAS and element.text:
            text = element.text
            if reaches(text):
                live(f"formula {text[:80]} in {name}")
            if tag == "definedName" and re.match(r"(?i)(_xlnm\.)?auto_?(open|close|activate|deactivate)", element.get("name", "")):
                live(f"name {element.get('name')} in {name}")
        for key, value in element.attrib.items():
            local = key.rpartition("}")[2]
            if ATTRIBUTES.get(local) and value not in ("", "0", "false"):
                live(f"{ATTRIBUTES[local]} in {name}")
            if local == "action" and value.startswith("ppaction:") and not re.match(r"ppaction://(hlinksldjump|hlinkshowjump|noaction|media)", value):
                live(f"action {value} in {name}")
            if local == "link" and "officeDocument/2006/relationships" in key:
                live(f"linked picture in {name}")
            if local == "href" and "xlink" in key and not (CLICKABLE.match(value) or value.startswith(("#", "Pictures/", "./Pictures/", "media/"))):
                live(f"href {value[:60]} in {name}")
            if local in ("href", "src") and "xlink" not in key and re.match(r"(?i)(https?|file|javascript|vbscript|data|mhtml):|\\\\", value) and not CLICKABLE.match(value):
                live(f"{local} {value[:60]} in {name}")
            if local == "formula" and reaches(value):
                live(f"formula {value[:80]} in {name}")
            if re.search(r"(?i)^\s*(javascript|vbscript|vnd\.sun\.star|ms-msdt|search-ms|mhtml|file):", value):
                live(f"{local}={value[:60]} in {name}")
    if root.tag.startswith(W):
        _fields(name, root, live)


def _fields(name, root, live):
    """Field instructions, joined over runs and paragraphs."""
    stack = []
    for element in root.iter():
        if element.tag == W + "fldSimple" and FIELD.search(element.get(W + "instr", "")):
            live(f"field {element.get(W + 'instr')[:60]} in {name}")
        elif element.tag == W + "fldChar":
            kind = element.get(W + "fldCharType")
            if kind == "begin":
                stack.append("")
            elif kind == "end" and stack:
                text = stack.pop()
                if FIELD.search(re.sub(r'^\s*HYPERLINK\s+"https?://[^"]*"', "", text)) or re.search(r"(?i)HYPERLINK\s+\"?(file|javascript|vbscript|\\\\|ms-|mhtml)", text):
                    live(f"field {text.strip()[:60]} in {name}")
                if stack:
                    stack[-1] += text
        elif element.tag in (W + "instrText", W + "delInstrText"):
            if stack:
                stack[-1] += element.text or ""
            elif FIELD.search(element.text or ""):
                live(f"stray instruction {element.text[:60]} in {name}")
    for text in stack:
        if FIELD.search(text):
            live(f"unclosed field {text.strip()[:60]} in {name}")
