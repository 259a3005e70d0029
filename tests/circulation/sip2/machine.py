"""A self-service machine as its vendor might have written it; it shares no code with the server."""

import socket
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo

# Lengths of the fixed fields behind the code of each answer.
FIXED = {
    "94": [1],
    "96": [],
    "98": [1, 1, 1, 1, 1, 1, 3, 3, 18, 4],
    "24": [14, 3, 18],
    "26": [14, 3, 18],
    "64": [14, 3, 18, 4, 4, 4, 4, 4, 4],
    "36": [1, 18],
    "12": [1, 1, 1, 1, 18],
    "30": [1, 1, 1, 1, 18],
    "10": [1, 1, 1, 1, 18],
    "18": [2, 2, 2, 18],
    "20": [1, 18],
    "16": [1, 1, 18],
    "66": [1, 4, 4, 18],
    "38": [1, 18],
}


def stamp(moment: datetime | None = None) -> str:
    local = (moment or datetime.now(ZoneInfo("UTC"))).astimezone(ZoneInfo("Asia/Shanghai"))
    return local.strftime("%Y%m%d") + "    " + local.strftime("%H%M%S")


def check_sum(data: bytes) -> str:
    return "%04X" % ((65536 - sum(data) % 65536) % 65536)


@dataclass
class Answer:
    raw: bytes
    code: str
    fixed: list[str]
    fields: dict[str, list[str]]
    sequence: str

    def __getitem__(self, tag: str) -> str:
        return self.fields.get(tag, [""])[0]


def read_answer(raw: bytes, *, encoding: str = "utf-8") -> Answer:
    """Checks what a strict client checks: checksum, lengths, tags."""
    line = raw.strip(b"\r\n")
    sequence = ""
    if line[-6:-4] == b"AZ":
        assert check_sum(line[:-4]).encode() == line[-4:], "bad checksum"
        line = line[:-6]
        if line[-3:-1] == b"AY":
            sequence, line = line[-1:].decode(), line[:-3]
    text = line.decode(encoding)
    code, rest = text[:2], text[2:]
    fixed = []
    for length in FIXED[code]:
        assert len(rest) >= length, f"{code} is too short"
        fixed.append(rest[:length])
        rest = rest[length:]
    fields: dict[str, list[str]] = {}
    if rest:
        assert rest.endswith("|"), text
        for part in rest[:-1].split("|"):
            assert part[:2].isalnum() and part[:2].upper() == part[:2], text
            fields.setdefault(part[:2], []).append(part[2:])
    return Answer(raw=raw, code=code, fixed=fixed, fields=fields, sequence=sequence)


@dataclass
class Machine:
    port: int
    institution: str = "JJ"
    encoding: str = "utf-8"
    checks: bool = True  # error detection: sequence numbers and checksums
    sequence: int = 0
    line: socket.socket | None = field(default=None, repr=False)
    last: bytes = b""
    unread: bytes = b""

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.hang_up()

    def connect(self) -> None:
        self.line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        self.unread = b""

    def hang_up(self) -> None:
        if self.line is not None:
            self.line.close()
        self.line = None

    def frame(self, body: str, *, sequence: int | None = None) -> bytes:
        data = body.encode(self.encoding)
        if not self.checks:
            return data + b"\r"
        if sequence is None:
            sequence, self.sequence = self.sequence, (self.sequence + 1) % 10
        data += b"AY%dAZ" % sequence
        return data + check_sum(data).encode() + b"\r"

    def send(self, frame: bytes) -> None:
        self.last = frame
        self.line.sendall(frame)

    def receive(self) -> Answer:
        while b"\r" not in self.unread:
            more = self.line.recv(4096)
            if not more:
                raise ConnectionError("the server hung up")
            self.unread = (self.unread + more).lstrip(b"\n")
        data, _end, self.unread = self.unread.partition(b"\r")
        return read_answer(data, encoding=self.encoding)

    def say(self, body: str, *, sequence: int | None = None) -> Answer:
        self.send(self.frame(body, sequence=sequence))
        return self.receive()

    def repeat(self) -> Answer:
        self.send(self.last)
        return self.receive()

    def log_in(self, login: str = "machine", password: str = "secret-1") -> Answer:
        return self.say(f"9300CN{login}|CO{password}|CP|")

    def checkout(self, card: str, barcode: str, *, renew="N", no_block="N", at=None, due="", **kw):
        when = stamp(at)
        body = f"11{renew}{no_block}{when}{due or ' ' * 18}"
        body += f"AO{self.institution}|AA{card}|AB{barcode}|AC|{kw.pop('more', '')}"
        return self.say(body, **kw)

    def checkin(self, barcode: str, *, no_block="N", at=None, returned=None, **kw):
        when, back = stamp(at), stamp(returned or at)
        body = f"09{no_block}{when}{back}AP|AO{self.institution}|AB{barcode}|AC|"
        return self.say(body, **kw)

    def reader(self, card: str, *, summary: str = " " * 10, pin: str | None = None):
        body = f"63019{stamp()}{summary}AO{self.institution}|AA{card}|AC|"
        return self.say(body + (f"AD{pin}|" if pin is not None else ""))
