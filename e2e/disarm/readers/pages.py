"""PDF through pikepdf: every object, every key, every link."""
import io, re

import pikepdf

LIVE = {
    "/JS", "/JavaScript", "/Launch", "/OpenAction", "/AA", "/EmbeddedFile", "/EmbeddedFiles", "/EF", "/AF", "/RichMedia", "/RichMediaContent", "/XFA", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE", "/Thread", "/Movie", "/Sound",
    "/Rendition", "/Hide", "/SetOCGState", "/Trans3D", "/GoTo3DView", "/RichMediaExecute", "/Collection", "/FFilter", "/FDecodeParms", "/PS", "/OPI", "/Encrypt", "/AcroForm", "/Sig", "/ByteRange", "/Requirements", "/SpiderInfo", "/Perms", "/Legal", "/Win", "/Mac", "/Unix",
    "/PieceInfo", "/Metadata", "/Screen", "/3D", "/FileAttachment", "/Filespec", "/Alternates", "/Ref", "/PrivateData", "/Renditions", "/IDS", "/URLS", "/JavaScriptActions", "/Jobs", "/XObjectRef", "/DSS", "/Extensions", "/NeedsRendering", "/A85URL", "/RC", "/Popup", "/Watermark", "/Redact",
}
# Keys that mean something only as a dictionary's key, and those of which a value may be a name as well.
NOT_IN_STREAMS = {"/F"}
CLICKABLE = re.compile(rb"(?i)^(https?://[^\\]|mailto:)")
TYPES_OF_F = {"/Annot", None}


def pikepdf_walk(path, data):
    found = []

    def live(what):
        found.append(("pikepdf", what[:140]))

    try:
        pdf = pikepdf.open(io.BytesIO(data))
    except pikepdf.PasswordError:
        return [("pikepdf", "encrypted")]
    except Exception as error:
        return [("pikepdf", f"unreadable: {error}")]
    with pdf:
        if pdf.is_encrypted:
            live("encrypted")
        seen = set()

        def look(item, where, depth=0):
            if depth > 60:
                return
            if isinstance(item, (pikepdf.Dictionary, pikepdf.Stream)):
                for key, value in item.items():
                    # /OC and font dictionaries have keys of their own; resource names are anybody's choice.
                    if key in LIVE and not resource(where):
                        live(f"{key} in {where}")
                    if key in ("/S", "/Type", "/Subtype") and isinstance(value, pikepdf.Name) and str(value) in LIVE | {"/URI"} and str(value) not in ("/URI",):
                        live(f"{key} {value} in {where}")
                    if key == "/URI" and isinstance(value, pikepdf.String) and not CLICKABLE.match(bytes(value)):
                        live(f"link {bytes(value)[:60]!r}")
                    if key == "/F" and isinstance(item, pikepdf.Stream):
                        live(f"external stream in {where}")
                    if key == "/FS" and not isinstance(value, pikepdf.Object):
                        live(f"/FS in {where}")
                    if key == "/Base" and "/URI" in where:
                        live("base URI")
                    if not getattr(value, "is_indirect", False):
                        look(value, f"{where}{key}", depth + 1)
            elif isinstance(item, pikepdf.Array):
                for value in item:
                    if not getattr(value, "is_indirect", False):
                        look(value, where, depth + 1)

        def resource(where):
            return re.search(r"/(XObject|Font|ExtGState|ColorSpace|Pattern|Shading|Properties|CharProcs)$", where) is not None

        for number, item in enumerate(pdf.objects):
            if number not in seen:
                look(item, f"object {number + 1}")
        for key in pdf.trailer.keys():
            if key not in ("/Root", "/Size", "/ID", "/Info", "/Type", "/W", "/Index", "/Filter", "/Length", "/DecodeParms"):
                live(f"{key} in the trailer")
        if "/Info" in pdf.trailer:
            for key, value in pdf.trailer.Info.items():
                if key not in ("/Producer", "/Title"):
                    live(f"Info {key}")
    tail = data[data.rfind(b"%%EOF") + 5:].strip()
    if tail:
        live(f"{len(tail)} bytes behind %%EOF")
    if data.count(b"%%EOF") > 1:
        live("more than one version")
    if not data.startswith(b"%PDF-"):
        live("bytes before %PDF-")
    return found
