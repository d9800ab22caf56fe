"""The register of threats: what each file is, what must not survive, what must.

A threat is built from two markers. `live` sits inside the dangerous thing and must be gone; `keep` sits in the visible
text and must stay. Payloads are inert and call back to 127.0.0.1 only.
"""
import dataclasses
from typing import Callable

HOST = "127.0.0.1"
REGISTER: list["Threat"] = []


@dataclasses.dataclass
class Threat:
    format: str
    id: str
    ja: str
    build: Callable[[str, str], bytes]
    # "rebuilt", "refused" or "either".
    expected: str
    # "gone": the live marker is nowhere. "inert": it may stay as plain text. "reported": it may stay if the report names it.
    live: str
    # Whether the keep marker must be in the text of the output.
    keep: bool
    # Whether the second reader must refuse the original.
    active: bool
    # The whole name where it is part of the threat.
    name: str | None
    number: int = 0

    @property
    def file(self):
        return self.name or (f"{self.format}-{self.id}.{self.format}" if self.format != "blocked" else f"blocked.{self.id}")

    @property
    def markers(self):
        return f"SEKISHO-LIVE-{self.number:03d}", f"SEKISHO-KEEP-{self.number:03d}"


def threat(format, id, ja, build, expected="rebuilt", live="gone", keep=True, active=True, name=None):
    entry = Threat(format, id, ja, build, expected, live, keep, active, name, len(REGISTER) + 1)
    REGISTER.append(entry)


def refused(format, id, ja, build, name=None):
    threat(format, id, ja, build, expected="refused", name=name)


def either(format, id, ja, build, **more):
    """What may be refused as well as rebuilt, as long as nothing live is left."""
    threat(format, id, ja, build, expected="either", **more)


def url(live, path="x"):
    return f"http://{HOST}/{live}/{path}"


def unc(live):
    return rf"\\{HOST}\{live}\x"
