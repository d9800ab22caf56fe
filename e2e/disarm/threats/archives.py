"""ZIP with everything that two readers see differently, and the other archives."""
import bz2, io, lzma, struct, tarfile, zipfile, zlib

from . import either, refused, threat

TEXT = "内容.txt"


def local(name, data, method=0, flags=0x800, crc=None, size=None, packed=None, extra=b"", shown=None):
    """A local header with its data, and what the directory needs of it."""
    raw = name.encode() if isinstance(name, str) else name
    packed = (zlib.compress(data)[2:-4] if method == 8 else data) if packed is None else packed
    crc = zlib.crc32(data) if crc is None else crc
    size = len(data) if size is None else size
    head = struct.pack("<IHHHHHIIIHH", 0x04034B50, 20, flags, method, 0, 0x5D6E, crc, len(packed), size, len(raw), len(extra)) + raw + extra
    entry = (shown.encode() if isinstance(shown, str) else shown) or raw
    return head + packed, (entry, method, flags, crc, len(packed), size)


def directory(entries, comment=b"", start=0, count=None, mode=0, extra=b"", note=b"", base=0):
    """The central directory for (offset, entry) pairs, and the end record."""
    out = b""
    for offset, (name, method, flags, crc, packed, size) in entries:
        out += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0x314, 20, flags, method, 0, 0x5D6E, crc, packed, size, len(name), len(extra), len(note), 0, 0, mode, offset - base) + name + extra + note
    count = len(entries) if count is None else count
    return out + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(out), start - base, len(comment)) + comment


def archive(keep, *members, head=b"", tail=b"", comment=b"", listed=True, **more):
    """The keep member first; members are `local` results. Unlisted ones stand in the file but not in the directory."""
    out, entries = head, []
    for number, (data, entry) in enumerate([local(TEXT, f"案内 {keep}\r\n".encode()), *members]):
        if listed or number == 0:
            entries.append((len(out), entry))
        out += data
    return out + directory(entries, comment, len(out), **more) + tail


def payload(live):
    return f"@echo {live}\r\n".encode()


def zipped(id, ja, build, **more):
    threat("zip", id, ja, build, **more)


NAMES = [
    ("slip", "上の階層へ出る名前（../）", "../../{0}/evil.txt"), ("slip-backslash", "上の階層へ出る名前（..\\）", "..\\..\\{0}\\evil.txt"), ("absolute", "絶対パス", "/etc/{0}.txt"), ("drive", "ドライブ名", "C:\\{0}.txt"), ("unc", "UNC の名前", "\\\\127.0.0.1\\{0}\\a.txt"),
    ("nul", "NUL を含む名前", "a.txt\0{0}.exe"), ("device", "装置名（CON、NUL）", "CON.{0}.txt"), ("stream", "代替データストリーム（a.txt:b）", "a.txt:{0}.exe"), ("trailing", "末尾の点・空白", "{0}.txt . "), ("right-to-left", "表示を逆にする文字（RLO）", "{0}\u202etxt.exe"),
    ("control", "制御文字を含む名前", "{0}\r\n\x1b[31m.txt"), ("long", "長すぎる名前", "{0}" + "あ" * 3000 + ".txt"), ("deep-path", "深すぎるパス", "a/" * 900 + "{0}.txt"), ("confusable", "見えない文字を含む名前", "請求書\u200b{0}.pdf\u3164" + " " * 80 + ".exe"),
]
for id, ja, name in NAMES:
    either("zip", f"name-{id}", ja, lambda live, keep, n=name: archive(keep, local(n.format(live), payload(live))), live="inert")
PROGRAMS = [("exe", lambda live: b"MZ\x90\0" + live.encode() * 9), ("js", lambda live: f"new ActiveXObject('{live}')".encode()), ("vbs", lambda live: f"CreateObject(\"{live}\")".encode()), ("lnk", lambda live: lnk(live)), ("hta", lambda live: f"<script>{live}</script>".encode())]
for id, content in PROGRAMS:
    zipped(f"member-{id}", f"{id} を含む書庫", lambda live, keep, i=id, c=content: archive(keep, local(f"請求書.pdf.{i}", c(live))))
zipped("member-macro", "マクロ付き文書を含む書庫", lambda live, keep: archive(keep, local("回答.docm", macro(live), 8)))
zipped("member-disguised", "画像と名乗るプログラム", lambda live, keep: archive(keep, local("写真.jpg", b"MZ\x90\0" + live.encode() * 9)))
zipped("symlink", "シンボリックリンク", lambda live, keep: archive(keep, local("link", f"/etc/{live}".encode()), mode=0o120777 << 16))
either("zip", "duplicate-names", "同じ名前が 2 つ", lambda live, keep: archive(keep, local("a.csv", b"1\r\n"), local("a.csv", payload(live))), keep=False)
either("zip", "case-names", "大文字小文字だけが違う名前", lambda live, keep: archive(keep, local("A.bat.txt", b"1"), local("a.BAT.TXT", b"1"), comment=live.encode()))
refused("zip", "two-names", "中央と個別で名前が違う項目", lambda live, keep: archive(keep, local(f"{live}.exe", b"MZ" + payload(live), shown="案内.txt")))
refused("zip", "two-sizes", "中央と個別で大きさが違う項目", lambda live, keep: two_sizes(live, keep))
either("zip", "unlisted", "中央の一覧にない項目", lambda live, keep: archive(keep, local("hidden.txt", payload(live)), listed=False))
either("zip", "concatenated", "2 つつなげた書庫", lambda live, keep: archive(live, local("evil.txt", payload(live))) + archive(keep))
either("zip", "prepended", "先頭にプログラムのある書庫（自己解凍形式）", lambda live, keep: archive(keep, head=b"MZ\x90\0" + live.encode()), keep=False)
either("zip", "appended", "末尾に余分なデータのある書庫", lambda live, keep: archive(keep, tail=b"\0" * 9 + live.encode()))
zipped("comments", "コメント・拡張領域に隠したデータ", lambda live, keep: archive(keep, comment=live.encode(), extra=struct.pack("<HH", 0x6666, len(live)) + live.encode(), note=live.encode()))
either("zip", "wrong-count", "一覧の数の偽り", lambda live, keep: archive(keep, local("a.txt", payload(live)), count=1))
either("zip", "wrong-crc", "CRC の不一致", lambda live, keep: archive(keep, local("a.txt", payload(live), crc=1)))
either("zip", "unicode-path", "Unicode Path 拡張との名前の不一致", lambda live, keep: unicode_path(live, keep))
either("zip", "method-bzip2", "BZip2 圧縮", lambda live, keep: other_method(live, keep, zipfile.ZIP_BZIP2))
either("zip", "method-lzma", "LZMA 圧縮", lambda live, keep: other_method(live, keep, zipfile.ZIP_LZMA))
either("zip", "method-unknown", "未知の圧縮方式", lambda live, keep: archive(keep, local("a.txt", payload(live), method=98)))
either("zip", "zip64-lie", "ZIP64 の偽り", lambda live, keep: archive(keep, local("a.txt", payload(live), size=0xFFFFFFFF, extra=struct.pack("<HHQQ", 1, 16, 1 << 60, 1 << 60))))
refused("zip", "encrypted", "パスワード付き（ZipCrypto）", lambda live, keep: locked(live, keep))
refused("zip", "bomb-flat", "平らな爆弾", lambda live, keep: bomb(live, keep))
refused("zip", "bomb-overlapping", "重なり合う爆弾（Fifield 型）", lambda live, keep: overlapping(live, keep))
refused("zip", "bomb-nested", "入れ子の爆弾（42.zip 型）", lambda live, keep: nested(live, keep))
either("zip", "bomb-declared", "宣言より大きく展開される項目", lambda live, keep: declared(live, keep))
either("zip", "too-deep", "深すぎる入れ子", lambda live, keep: deep(live, keep, 9), keep=False, active=False)
either("zip", "endless", "果てのない入れ子（R.zip 型）", lambda live, keep: archive(keep, local("r.zip", deep(live, keep, 30))), active=False)
refused("zip", "many-members", "多すぎる項目", lambda live, keep: archive(keep, *(local(f"{n}.txt", b"") for n in range(40000)), comment=live.encode()))
zipped("shift-jis-names", "Shift_JIS の名前（ソ、表、髙﨑）", lambda live, keep: archive(keep, local("表示ソフト髙﨑①.txt".encode("cp932"), f"本文 {keep}".encode("cp932"), flags=0), local("run.exe", b"MZ\x90\0" + live.encode() * 9)))
zipped("office-in-archive", "外部テンプレートを参照する文書を含む書庫", lambda live, keep: archive(keep, local("様式.docx", template(live), 8)), live="inert")


def macro(live):
    from .word import MACRO, with_vba
    return with_vba(live, "x", MACRO)


def template(live):
    from .word import document
    from . import url
    return document("x", settings='<w:attachedTemplate r:id="rId1"/>', settings_rels=[("rId1", "attachedTemplate", url(live), "External")])


def lnk(live):
    return bytes.fromhex("4c0000000114020000000000c000000000000046") + struct.pack("<I", 0x80) + bytes(52) + live.encode("utf-16-le")


def two_sizes(live, keep):
    data, (name, method, flags, crc, packed, size) = local("a.txt", payload(live))
    first, entry = local(TEXT, keep.encode())
    out = first + data
    return out + directory([(0, entry), (len(first), (name, method, flags, crc, packed, size - 5))], start=len(out))


def unicode_path(live, keep):
    name = f"{live}.exe".encode()
    extra = struct.pack("<HHBI", 0x7075, 5 + len(name), 1, zlib.crc32(b"a.txt")) + name
    return archive(keep, local("a.txt", b"1", extra=extra))


def other_method(live, keep, method):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        new.writestr(TEXT, keep)
        new.writestr("run.exe", b"MZ\x90\0" + payload(live), method)
    return out.getvalue()


def locked(live, keep, password=b"himitsu"):
    """The traditional cipher, as the password mails of offices use it."""
    table = [0] * 256
    for number in range(256):
        value = number
        for _ in range(8):
            value = value >> 1 ^ (0xEDB88320 if value & 1 else 0)
        table[number] = value
    step = lambda crc, byte: crc >> 8 ^ table[(crc ^ byte) & 255]
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = step(keys[0], byte)
        keys[1] = (keys[1] + (keys[0] & 255)) * 134775813 + 1 & 0xFFFFFFFF
        keys[2] = step(keys[2], keys[1] >> 24)

    for byte in password:
        update(byte)
    data = f"本文 {keep} {live}".encode("cp932")
    crc, out = zlib.crc32(data), b""
    for byte in bytes(11) + bytes([crc >> 24]) + data:
        mask = keys[2] | 2
        out += bytes([byte ^ (mask * (mask ^ 1) >> 8 & 255)])
        update(byte)
    member = local("見積書.txt".encode("cp932"), data, flags=1, packed=out)
    return member[0] + directory([(0, member[1])], start=len(member[0]))


def zeros(size):
    worker, out, crc = zlib.compressobj(9, zlib.DEFLATED, -15), b"", 0
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        out += worker.compress(block)
        crc = zlib.crc32(block, crc)
    return out + worker.flush(), crc


def bomb(live, keep, count=40):
    packed, crc = zeros(64 << 20)
    return archive(keep, *(local(f"{n}.txt", b"", 8, crc=crc, size=64 << 20, packed=packed) for n in range(count)), comment=live.encode())


def overlapping(live, keep, count=200):
    """Every directory entry points at the same local data."""
    packed, crc = zeros(16 << 20)
    first, entry = local(TEXT, keep.encode())
    data, body = local("a.txt", b"", 8, crc=crc, size=16 << 20, packed=packed)
    entries = [(0, entry)] + [(len(first), (b"a%d.txt" % n if n else b"a.txt", *body[1:])) for n in range(count)]
    return first + data + directory(entries, live.encode(), len(first + data))


def nested(live, keep):
    packed, crc = zeros(64 << 20)
    inner = archive(live, *(local(f"{n}.txt", b"", 8, crc=crc, size=64 << 20, packed=packed) for n in range(16)))
    return archive(keep, *(local(f"{n}.zip", inner, 8) for n in range(16)))


def declared(live, keep):
    packed, crc = zeros(64 << 20)
    return archive(keep, local("a.txt", b"", 8, crc=crc, size=10, packed=packed), comment=live.encode())


def deep(live, keep, levels):
    data = archive(keep, local("a.txt", payload(live)))
    for level in range(levels):
        data = archive(keep, local(f"{level}.zip", data, 8))
    return data


# Other archives. Each holds a text that may stay and a program that must not.
MEMBERS = lambda live, keep: [(TEXT, f"案内 {keep}\r\n".encode()), ("run.exe", b"MZ\x90\0" + payload(live))]


def tar(live, keep, *more, format=tarfile.PAX_FORMAT, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as new:
        for name, data in MEMBERS(live, keep):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            new.addfile(info, io.BytesIO(data))
        for change in more:
            info = tarfile.TarInfo(f"{live}.txt")
            change(info)
            new.addfile(info)
    return out.getvalue()


def lzh(live, keep):
    """Level 1 headers and stored data (-lh0-), names in Shift_JIS, one of them climbing."""
    out = b""
    for name, data in [*MEMBERS(live, keep), (f"..\\..\\{live}.txt", payload(live))]:
        raw = name.encode("cp932")
        crc = 0
        for byte in data:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
        body = b"-lh0-" + struct.pack("<IIHHBB", len(data), len(data), 0x6000, 0x5D6E, 0x20, 1) + bytes([len(raw)]) + raw + struct.pack("<HcH", crc, b"M", 0)
        out += bytes([len(body), sum(body) & 255]) + body + data
    return out + b"\0"


def seven(live, keep):
    """Stored streams (Copy), one header, no compression."""
    members = MEMBERS(live, keep)
    number = lambda value: bytes([value]) if value < 0x80 else bytes([0x80 | value >> 8, value & 255])
    packed = b"".join(data for _, data in members)
    sizes = b"".join(number(len(data)) for _, data in members)
    names = b"\0" + b"".join(name.encode("utf-16-le") + b"\0\0" for name, _ in members)
    folder = b"\x01\x01\x00"
    streams = b"\x06\0" + number(len(members)) + b"\x09" + sizes + b"\0"
    streams += b"\x07\x0b" + number(len(members)) + b"\0" + folder * len(members) + b"\x0c" + sizes + b"\0"
    streams += b"\x08\x0a\x01" + b"".join(struct.pack("<I", zlib.crc32(data)) for _, data in members) + b"\0"
    header = b"\x01\x04" + streams + b"\0\x05" + number(len(members)) + b"\x11" + number(len(names)) + names + b"\0\0"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    return b"7z\xbc\xaf\x27\x1c\0\4" + struct.pack("<I", zlib.crc32(start)) + start + packed + header


def set_link(kind, target):
    def change(info):
        info.type, info.linkname = kind, target
    return change


def named(name):
    def change(info):
        info.name = name
    return change


threat("tar", "program", "プログラムを含む tar", lambda live, keep: tar(live, keep))
for id, ja, change in (
    ("symlink", "シンボリックリンクを含む tar", set_link(tarfile.SYMTYPE, "/etc/passwd")), ("hardlink", "ハードリンクを含む tar", set_link(tarfile.LNKTYPE, "../../x")), ("device", "装置ファイルを含む tar", set_link(tarfile.CHRTYPE, "")), ("fifo", "名前付きパイプを含む tar", set_link(tarfile.FIFOTYPE, "")),
    ("traversal", "上の階層へ出る名前の tar", named("../../evil.txt")), ("absolute", "絶対パスの tar", named("/etc/evil.txt")),
):
    either("tar", id, ja, lambda live, keep, c=change: tar(live, keep, c), live="inert")
threat("tgz", "program", "プログラムを含む tar.gz", lambda live, keep: tar(live, keep, mode="w:gz"), name="archive.tar.gz")
threat("gz", "hidden-name", "名前・コメント欄にデータを隠した gzip（続き物）", lambda live, keep: b"\x1f\x8b\x08\x18\0\0\0\0\0\3" + f"../../{live}.txt".encode() + b"\0" + live.encode() + b"\0" + zlib.compress(keep.encode())[2:-4] + struct.pack("<II", zlib.crc32(keep.encode()), len(keep)) , name="text.txt.gz", live="inert")
refused("gz", "bomb", "gzip 爆弾", lambda live, keep: gzip_bomb(), name="bomb.txt.gz")
either("bz2", "program", "bzip2 のプログラム", lambda live, keep: bz2.compress(b"MZ\x90\0" + payload(live)), keep=False, active=False, name="run.exe.bz2")
either("xz", "program", "xz のプログラム", lambda live, keep: lzma.compress(b"MZ\x90\0" + payload(live)), keep=False, active=False, name="run.exe.xz")
threat("lzh", "program", "プログラムを含む LZH（Shift_JIS の名前、上の階層へ出る名前）", lzh, live="inert")
threat("7z", "program", "プログラムを含む 7z", seven)
either("rar", "program", "RAR", lambda live, keep: b"Rar!\x1a\x07\x01\0" + live.encode() * 3, keep=False)
either("cab", "program", "CAB", lambda live, keep: b"MSCF" + bytes(32) + live.encode() * 9, keep=False)
either("iso", "program", "ISO イメージ", lambda live, keep: bytes(32768) + b"\x01CD001\x01" + live.encode() * 40 + bytes(2048), keep=False)
either("vhd", "program", "VHD イメージ", lambda live, keep: b"conectix" + bytes(504) + live.encode() * 9, keep=False)
either("arj", "program", "ARJ", lambda live, keep: b"\x60\xea\x1e\0" + bytes(30) + live.encode(), keep=False)
either("ace", "program", "ACE", lambda live, keep: bytes(7) + b"**ACE**" + live.encode() * 9, keep=False)


def gzip_bomb():
    packed, crc = zeros(1536 << 20)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\3" + packed + struct.pack("<II", crc, 1536 << 20)
