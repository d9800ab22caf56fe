"""Compound files (CFB) written from nothing, and what is hidden in them: VBA projects, OLE packages, equations."""
import io, struct

import olefile

FREE, END, FAT, NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def clsid(text):
    a, b, c, d, e = text.strip("{}").split("-")
    return struct.pack("<IHH", int(a, 16), int(b, 16), int(c, 16)) + bytes.fromhex(d + e)


class Node:
    def __init__(self, name, data=None, children=None, clsid=bytes(16)):
        self.name, self.data, self.children, self.clsid = name, data, children, clsid


def tree(content, name="Root Entry", identity=bytes(16)):
    """A nested dict (`{"Macros": {"VBA": {...}}}`) as nodes; the key `__clsid__` gives a storage its class."""
    children = [tree(value, key) if isinstance(value, dict) else Node(key, value) for key, value in content.items() if key != "__clsid__"]
    return Node(name, None, children, content.get("__clsid__", identity))


def write(content, orphan=b"", tail=b""):
    """The file; `orphan` goes into sectors that no stream owns, `tail` behind the last sector."""
    entries = []

    def collect(node):
        node.index = len(entries)
        entries.append(node)
        for child in node.children or []:
            collect(child)

    root = tree(content)
    collect(root)

    def balance(siblings):
        if not siblings:
            return NONE
        middle = len(siblings) // 2
        node = siblings[middle]
        node.left, node.right = balance(siblings[:middle]), balance(siblings[middle + 1:])
        return node.index

    for node in entries:
        order = sorted(node.children or [], key=lambda child: (len(child.name), child.name.upper()))
        node.child = balance(order)
    root.left = root.right = NONE

    chains, sectors, mini = [], [], bytearray()
    minifat = []

    def place(data):
        count = (len(data) + 511) // 512
        if not count:
            return END
        start = len(sectors)
        for number in range(count):
            sectors.append(data[number * 512:(number + 1) * 512].ljust(512, b"\0"))
            chains.append(start + number + 1 if number + 1 < count else END)
        return start

    for node in entries[1:]:
        node.start, node.size = (0, 0) if node.data is None else (END, len(node.data))
        if node.data is None or not node.data:
            continue
        if len(node.data) < 4096:
            node.start = len(minifat)
            count = (len(node.data) + 63) // 64
            minifat.extend([node.start + n + 1 if n + 1 < count else END for n in range(count)])
            mini += node.data.ljust(count * 64, b"\0")
        else:
            node.start = place(node.data)
    root.start, root.size = place(bytes(mini)), len(mini)
    minifat_bytes = b"".join(struct.pack("<I", item) for item in minifat)
    minifat_bytes += b"\xff" * (-len(minifat_bytes) % 512)
    minifat_start = place(minifat_bytes)
    for start in range(0, len(orphan), 512):
        sectors.append(orphan[start:start + 512].ljust(512, b"\0"))
        chains.append(FREE)
    directory = b""
    for node in entries:
        name = node.name.encode("utf-16-le")
        kind = 5 if node is root else (1 if node.data is None else 2)
        directory += name.ljust(64, b"\0") + struct.pack("<HBBIII", len(name) + 2, kind, 1, node.left, node.right, node.child)
        directory += node.clsid + struct.pack("<IQQIQ", 0, 0, 0, node.start, node.size)
    directory += (bytes(68) + b"\xff" * 12 + bytes(48)) * (-len(entries) % 4)
    directory_start = place(directory)
    fat_sectors = 1
    while (len(sectors) + fat_sectors + 127) // 128 > fat_sectors:
        fat_sectors += 1
    fat_start = len(sectors)
    chains += [FAT] * fat_sectors
    fat = b"".join(struct.pack("<I", item) for item in chains).ljust(fat_sectors * 512, b"\xff")
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, fat_sectors, directory_start, 0, 4096, minifat_start, len(minifat_bytes) // 512, END, 0)
    header += b"".join(struct.pack("<I", fat_start + n if n < fat_sectors else FREE) for n in range(109))
    return header + b"".join(sectors) + fat + tail


def read(data):
    """The same nested dict from a file made elsewhere, so that streams can be added and changed."""
    content = {}
    with olefile.OleFileIO(io.BytesIO(data)) as source:
        content["__clsid__"] = clsid(source.root.clsid) if source.root.clsid else bytes(16)
        for path in source.listdir():
            place = content
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place[path[-1]] = source.openstream(path).read()
    return content


def vba_compress(data):
    """The container of [MS-OVBA] 2.4.1 with literal tokens only."""
    out = b"\x01"
    for start in range(0, len(data), 3600):
        chunk = b"".join(b"\0" + data[n:min(n + 8, start + 3600)] for n in range(start, min(start + 3600, len(data)), 8))
        out += struct.pack("<H", (len(chunk) - 1) | 0xB000) + chunk
    return out


def vba_project(live, procedure="AutoOpen", module="Module1"):
    """The streams of a VBA project whose only module would start a program."""
    source = (
        f'Attribute VB_Name = "{module}"\r\nSub {procedure}()\r\n'
        f'  CreateObject("WScript.Shell").Run "cmd /c echo {live}"\r\nEnd Sub\r\n'
        f'Sub Workbook_Open()\r\n  Shell "cmd /c echo {live}"\r\nEnd Sub\r\n'
    ).encode("cp932")

    def record(id, data=b""):
        return struct.pack("<HI", id, len(data)) + data

    name = module.encode()
    wide = module.encode("utf-16-le")
    u32 = lambda value: struct.pack("<I", value)
    u16 = lambda value: struct.pack("<H", value)
    folder = record(1, u32(1)) + record(2, u32(0x411)) + record(0x14, u32(0x411)) + record(3, u16(932)) + record(4, b"VBAProject")
    folder += record(5) + record(0x40) + record(6) + record(0x3D) + record(7, u32(0)) + record(8, u32(0))
    folder += struct.pack("<HIIH", 9, 4, 1, 1) + record(0xC) + record(0x3C)
    folder += record(0xF, u16(1)) + record(0x13, u16(0xFFFF))
    folder += record(0x19, name) + record(0x47, wide) + record(0x1A, name) + record(0x32, wide) + record(0x1C) + record(0x48)
    folder += record(0x31, u32(0)) + record(0x1E, u32(0)) + record(0x2C, u16(0xFFFF)) + record(0x21) + record(0x2B) + record(0x10)
    project = (
        'ID="{00000000-0000-0000-0000-000000000000}"\r\n' f'Module={module}\r\nName="VBAProject"\r\nHelpContextID="0"\r\nDescription="{live}"\r\n'
        'VersionCompatible32="393222000"\r\n\r\n[Host Extender Info]\r\n&H00000001={3832D640-CF90-11CF-8E43-00A0C911005A};VBE;&H00000000\r\n\r\n'
    ).encode()
    return {
        "VBA": {"_VBA_PROJECT": b"\xcc\x61\xff\xff\0\0\0", "dir": vba_compress(folder), module: vba_compress(source)},
        "PROJECT": project,
        "PROJECTwm": name + b"\0" + wide + b"\0\0\0\0",
    }


def vba_bin(live, procedure="AutoOpen"):
    return write(vba_project(live, procedure))


def ole10native(live, label="readme.cmd"):
    """A packaged file, as the Packager writes it."""
    label, path, data = label.encode(), rf"C:\{live}\run.cmd".encode(), f"@echo {live}\r\n".encode()
    body = struct.pack("<H", 2) + label + b"\0" + path + b"\0" + struct.pack("<HHI", 0, 3, len(path) + 1) + path + b"\0"
    body += struct.pack("<I", len(data)) + data + struct.pack("<H", 0)
    return struct.pack("<I", len(body)) + body


PACKAGE = clsid("0003000C-0000-0000-C000-000000000046")
EQUATION = clsid("0002CE02-0000-0000-C000-000000000046")
STDOLELINK = clsid("00000300-0000-0000-C000-000000000046")
COMPOBJ = b"\x01\0\xfe\xff\x03\x0a\0\0\xff\xff\xff\xff" + PACKAGE + struct.pack("<I", 12) + b"OLE Package\0" + struct.pack("<I", 0) + struct.pack("<I", 8) + b"Package\0" + struct.pack("<I", 0x71B239F4) + bytes(12)


def ole_package(live):
    return write({"__clsid__": PACKAGE, "\x01Ole10Native": ole10native(live), "\x01CompObj": COMPOBJ})


def equation(live):
    """Equation Native with an overlong font name, the shape of CVE-2017-11882."""
    mtef = b"\x03\x01\x01\x03\x0a\x0a\x01\x08\x5a\x5a" + f"cmd /c echo {live}".encode().ljust(60, b"A") + b"\0"
    native = struct.pack("<HIHIIIII", 28, 0x20000, 0xC1B0, len(mtef), 0, 0, 0, 0) + mtef
    return {"__clsid__": EQUATION, "Equation Native": native, "\x01CompObj": COMPOBJ, "\x01Ole": bytes(20)}


def ole_link(live, target):
    """An OLE link whose moniker points elsewhere (the shape of CVE-2017-0199)."""
    moniker = clsid("79EAC9E0-BAF9-11CE-8C82-00AA004BA90B")
    address = target.encode("utf-16-le") + b"\0\0"
    body = struct.pack("<IIII", 0x02000001, 1, 0, 0) + struct.pack("<I", 20 + len(address)) + moniker + struct.pack("<I", len(address)) + address
    return write({"__clsid__": STDOLELINK, "\x01Ole": body, "\x03ObjInfo": bytes(6), "LinkInfo": live.encode()})


def properties(fields, section="{F29F85E0-4FF9-1068-AB91-08002B27B3D9}"):
    """A property set stream: {id: text}."""
    values, table = b"", b""
    fields = {1: None, **fields}
    offset = 8 + 8 * len(fields)
    for id, text in fields.items():
        if text is None:
            value = struct.pack("<IHH", 2, 932, 0)
        else:
            raw = text.encode("cp932") + b"\0"
            value = struct.pack("<II", 0x1E, len(raw)) + raw
            value += b"\0" * (-len(value) % 4)
        table += struct.pack("<II", id, offset + len(values))
        values += value
    body = struct.pack("<II", 8 + len(table) + len(values), len(fields)) + table + values
    return struct.pack("<HHI", 0xFFFE, 0, 0x20005) + bytes(16) + struct.pack("<I", 1) + clsid(section.strip("{}")) + struct.pack("<I", 48) + body
