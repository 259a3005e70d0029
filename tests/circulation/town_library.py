"""A town library's own system, down until it is started, and our adapter for it."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import requests

from circulation.ledgers import Outcome, Telling, register, unregister
from circulation.ledgers.queued import QueuedLedger

KIND = "townlib"


@dataclass
class TownLibrary:
    """Its books: who has which copy. The same message id changes them once."""

    port: int = 0
    heard: list[dict[str, Any]] = field(default_factory=list)
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    cuts: int = 0  # so many answers are lost after the books were changed
    refuses: set[str] = field(default_factory=set)  # barcodes it does not know

    def __post_init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    @property
    def calls(self) -> list[tuple[str, str]]:
        return [(entry["call"], entry["status"]) for entry in self.done.values()]

    @contextmanager
    def up(self) -> Iterator[None]:
        town = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                town.heard.append(body)
                if body["barcode"] in town.refuses:
                    self._say(422)
                    return
                town.done.setdefault(self.headers["Idempotency-Key"], body)
                if town.cuts:
                    town.cuts -= 1
                    self.close_connection = True
                    return  # the line breaks before the answer
                self._say(200)

            def _say(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class TownLedger(QueuedLedger):
    """All that an adapter adds: one way to tell one thing."""

    def __init__(self, port: int) -> None:
        super().__init__(KIND)
        self._url = f"http://127.0.0.1:{port}/copies"

    def deliver(self, telling: Telling) -> tuple[Outcome, str]:
        body = {
            "call": telling.call,
            "barcode": telling.barcode,
            "status": telling.status,
            "branch": telling.branch,
            "at": telling.happened_at.isoformat(),
        }
        headers = {"Idempotency-Key": telling.message_id}
        try:
            answer = requests.post(self._url, json=body, headers=headers, timeout=5)
        except requests.RequestException as error:
            return Outcome.NOT_NOW, type(error).__name__
        if answer.ok:
            return Outcome.TAKEN, ""
        is_final = 400 <= answer.status_code < 500
        return (Outcome.REFUSED if is_final else Outcome.NOT_NOW), f"HTTP {answer.status_code}"


@contextmanager
def connected() -> Iterator[TownLibrary]:
    """The adapter is registered as any other; the system behind it is down."""
    town = TownLibrary()
    register(KIND, TownLedger(town.port))
    try:
        yield town
    finally:
        unregister(KIND)
