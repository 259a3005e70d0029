"""Everything a site keeps or says, to look for a needle in; and the disguises a needle may wear."""

import base64
import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import redis

from tests.site import SQLITE_FILE, Site


def disguises(number: str) -> dict[str, bytes]:
    """The number in clear and in the forms that hide it from a search but from nobody else."""
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    clear = number.encode()
    forms = {
        "clear": clear,
        "small": number.lower().encode(),
        "reversed": clear[::-1],
        "full width": wide.encode(),
        "full width, escaped": wide.encode("unicode_escape"),
        "UTF-16": number.encode("utf-16-le"),
        "UTF-16 BE": number.encode("utf-16-be"),
        "GB18030 wide": wide.encode("gb18030"),
        "hex": clear.hex().encode(),
        "HEX": clear.hex().upper().encode(),
        "base32": base64.b32encode(clear)[:24],
        **{
            name: hashlib.new(name, clear).hexdigest().encode()
            for name in ("md5", "sha1", "sha256")
        },
        **{
            f"{name} bytes": hashlib.new(name, clear).digest() for name in ("md5", "sha1", "sha256")
        },
    }
    for shift in range(3):  # base64 of a text with the number anywhere in it
        padded = base64.b64encode(b"\0" * shift + clear)
        forms[f"base64 +{shift}"] = padded[4 if shift else 0 : -4]
    return forms


class Haystack:
    """Pieces of bytes, each with the name of where it came from."""

    def __init__(self) -> None:
        self.pieces: list[tuple[str, bytes]] = []
        self._seen: set[bytes] = set()

    def add(self, name: str, piece: bytes) -> None:
        """Once, however often the same bytes come along."""
        digest = hashlib.sha256(piece).digest()
        if digest not in self._seen:
            self._seen.add(digest)
            self.pieces.append((name, piece))

    def find(self, number: str) -> list[str]:
        forms = disguises(number).items()
        return [
            f"{form} of {number[:3]}… in {name}"
            for name, piece in self.pieces
            for form, needle in forms
            if needle in piece
        ]

    @property
    def size(self) -> int:
        return sum(len(piece) for _name, piece in self.pieces)


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file: SQLite and its WAL, the search index, logs, schedules, whatever else there is."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with suppress(FileNotFoundError, PermissionError):
                yield f"file {path.relative_to(folder)}", path.read_bytes()


def tables(site: Site) -> Iterator[tuple[str, bytes]]:
    """Every row of every table, as a dump would print it, and binary columns as they are."""
    if site.is_embedded:
        yield from _sqlite_tables(site.data_dir / SQLITE_FILE)
        return
    with psycopg.connect(site.environment["LIBRARY_NET_DATABASE_URL"]) as connection:
        names = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        for (name,) in names:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            yield f"table {name}", _flat(rows)
        where = connection.execute("SHOW data_directory").fetchone()[0]
    # Dead rows, the write-ahead log and the server's own log are kept too.
    yield from files(Path(where))


def _sqlite_tables(path: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(path)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (name,) in names:
            yield f"table {name}", _flat(connection.execute(f'SELECT * FROM "{name}"').fetchall())


def _flat(rows: list[tuple]) -> bytes:
    return b"\n".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for row in rows
        for value in row
    )


def redis_values(url: str) -> Iterator[tuple[str, bytes]]:
    """Every key with its value, of every database of the server."""
    for number in range(16):
        client = redis.Redis.from_url(url.rsplit("/", 1)[0] + f"/{number}")
        for key in client.scan_iter():
            kind = client.type(key)
            if kind == b"string":
                value = client.get(key)
            elif kind == b"list":
                value = client.lrange(key, 0, -1)
            elif kind == b"hash":
                value = client.hgetall(key)
            elif kind == b"set":
                value = client.smembers(key)
            else:
                value = client.zrange(key, 0, -1)
            yield f"redis {number}", key + b"\n" + repr(value).encode()


class Monitor:
    """What is said to Redis while it is said: task arguments are gone a moment later."""

    def __init__(self, url: str) -> None:
        self.said: list[str] = []
        self._client = redis.Redis.from_url(url)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._client.monitor() as monitor, suppress(redis.ConnectionError, ValueError):
            while not self._over.is_set():
                self.said.append(str(monitor.next_command()["command"]))

    def stop(self) -> bytes:
        self._over.set()
        self._client.ping()
        self._thread.join(5)
        return "\n".join(self.said).encode()
