"""Pictures: what Pillow opens, and containers block by block for what is no picture."""
import io, re, struct

from PIL import Image

Image.MAX_IMAGE_PIXELS = None
PNG = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"pHYs", b"acTL", b"fcTL", b"fdAT", b"gAMA", b"sRGB"}
TIFF = {254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 282, 283, 284, 296, 317, 320, 338, 339, 292, 293, 297}


def structure(path, data, kind):
    found = []

    def live(what):
        found.append(("picture", what))

    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height <= 4_000_000:
                picture.load()
    except Exception as error:
        live(f"Pillow can't open it: {error}")
    {"png": png, "jpeg": jpeg, "gif": gif, "bmp": bmp, "tiff": tiff, "webp": webp}[kind](data, live)
    return found


def png(data, live):
    place = 8
    while place + 8 <= len(data):
        size, name = struct.unpack(">I4s", data[place:place + 8])
        if name not in PNG:
            live(f"chunk {name}")
        place += size + 12
        if name == b"IEND":
            break
    if place != len(data):
        live("bytes behind IEND")


def jpeg(data, live):
    place = 2
    while place + 4 <= len(data):
        if data[place] != 0xFF:
            return live("no marker where one must be")
        marker = data[place + 1]
        if marker == 0xD9:
            break
        size = struct.unpack(">H", data[place + 2:place + 4])[0]
        if marker in range(0xE1, 0xF0) and marker != 0xEE or marker == 0xFE or marker == 0xE0 and size != 16:
            live(f"segment {marker:02x} of {size} bytes")
        place += 2 + size
        if marker == 0xDA:
            while place + 1 < len(data) and not (data[place] == 0xFF and data[place + 1] not in (0, *range(0xD0, 0xD8))):
                place += 1
    if place + 2 != len(data):
        live("bytes behind the end")


def gif(data, live):
    flags = data[10]
    place = 13 + (3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def blocks(place):
        while place < len(data) and data[place]:
            place += data[place] + 1
        return place + 1

    while place < len(data):
        what = data[place]
        if what == 0x3B:
            break
        if what == 0x21:
            label = data[place + 1]
            if label not in (0xF9, 0xFF) or label == 0xFF and data[place + 3:place + 14] != b"NETSCAPE2.0":
                live(f"extension {label:02x} {data[place + 3:place + 14]!r}")
            place = blocks(place + 2)
        elif what == 0x2C:
            local = data[place + 9]
            place = blocks(place + 10 + (3 << (local & 7) + 1 if local & 0x80 else 0) + 1)
        else:
            return live(f"block {what:02x}")
    if place + 1 != len(data):
        live("bytes behind the trailer")


def bmp(data, live):
    size, _, offset, header = struct.unpack("<IIII", data[2:18])
    if size != len(data):
        live("length differs from the header's")
    if header not in (40, 108, 124):
        live(f"header of {header} bytes")
    if header == 124 and struct.unpack("<I", data[14 + 56:14 + 60])[0] in (0x4C494E4B, 0x4D424544):
        live("colour profile")


def tiff(data, live):
    order = "<" if data[:2] == b"II" else ">"
    place, seen = struct.unpack(order + "I", data[4:8])[0], set()
    while place and place not in seen and place + 2 <= len(data):
        seen.add(place)
        count = struct.unpack(order + "H", data[place:place + 2])[0]
        for number in range(count):
            tag = struct.unpack(order + "H", data[place + 2 + number * 12:place + 4 + number * 12])[0]
            if tag not in TIFF:
                live(f"tag {tag}")
        place = struct.unpack(order + "I", data[place + 2 + count * 12:place + 6 + count * 12])[0]


def webp(data, live):
    place = 12
    while place + 8 <= len(data):
        name, size = data[place:place + 4], struct.unpack("<I", data[place + 4:place + 8])[0]
        if name not in (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"):
            live(f"chunk {name}")
        place += 8 + size + (size & 1)
    if struct.unpack("<I", data[4:8])[0] + 8 != len(data):
        live("length differs from the header's")


# What exiftool may say about a file that has no metadata: its structure, and what it computes from that.
STRUCTURE = re.compile(
    r"^(SourceFile$|ExifTool:|System:|File:|Composite:|PNG(-pHYs)?:|GIF:|JFIF:(JFIFVersion|ResolutionUnit|XResolution|YResolution|Thumbnail.*)|RIFF:(VP8Version|ImageWidth|ImageHeight|HorizontalScale|VerticalScale|AlphaIsUsed|WebP_Flags)|Adobe:(DCTEncodeVersion|APP14Flags0|APP14Flags1|ColorTransform)|"
    r"(IFD|SubIFD)\d*:(ImageWidth|ImageHeight|BitsPerSample|Compression|PhotometricInterpretation|StripOffsets|SamplesPerPixel|RowsPerStrip|StripByteCounts|XResolution|YResolution|ResolutionUnit|PlanarConfiguration|Predictor|SubfileType|ExtraSamples|SampleFormat|Orientation|FillOrder|ColorMap)$|"
    r"PDF:(PDFVersion|Linearized|PageCount|Producer|PageLayout|PageMode|Encryption|TaggedPDF|Title)|ZIP:|XML:|HTML:(Title|ContentType|Charset|HTTP-equiv.*|Viewport.*)|SVG:(Xmlns|SVGVersion|ImageWidth|ImageHeight|ViewBox.*|PreserveAspectRatio|ID|Title|Font-.*|Text-anchor|Clip-path)|EXE:|Text:|VCard:|ICS:|.*:Error$|.*:Warning$)"
)
LEAKS = re.compile(r"(?i)(creator|author|lastmodifiedby|company|manager|template|gps|serial|owner|comment|hyperlinkbase|software|history|keywords|subject|category)")


def metadata(row):
    """One row of `exiftool -j -G1`."""
    found = []
    for key, value in row.items():
        if key == "PDF:Language" and re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", str(value)):
            continue
        if not STRUCTURE.match(key):
            found.append(("exiftool", f"{key}={str(value)[:60]}"))
        elif key.startswith(("XML:", "ZIP:", "PNG:", "HTML:")) and LEAKS.search(key.split(":")[1]) and str(value).strip() not in ("", "Sekisho", "sekisho"):
            found.append(("exiftool", f"{key}={str(value)[:60]}"))
    return found
