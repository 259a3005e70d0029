"""A load generator for SIP2, as ``http_load`` is for REST: so many machines, one line each.

    python -m tests.benchmarks.sip2_load   < job.json   > result.json

A job: {"port", "clients", "login", "requests": [text of a frame without its trailer]}. The result:
{"seconds", "times": [each], "wrong": [answers that say no, at most five]}. Log-ins are not timed.
"""

import json
import selectors
import socket
import sys
import time
from collections import deque
from typing import Any

TIMEOUT_S = 120


class Terminal:
    """One line and the answer it waits for."""

    def __init__(self, port: int, login: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.number = 0
        self.started = 0.0
        self.seen = b""
        self.send(login)
        while (answer := self.receive()) is None:
            pass
        assert answer.startswith(b"941"), answer

    def send(self, text: str) -> None:
        self.seen = b""
        self.number = (self.number + 1) % 10
        frame = f"{text}AY{self.number}AZ".encode()
        frame += f"{-sum(frame) & 0xFFFF:04X}\r".encode()
        self.started = time.perf_counter()
        self.line.sendall(frame)

    def receive(self) -> bytes | None:
        self.seen += self.line.recv(65536)
        return self.seen if self.seen.endswith(b"\r") else None


def run(job: dict[str, Any]) -> dict[str, Any]:
    requests = deque(job["requests"])
    terminals = [Terminal(job["port"], job["login"]) for _ in range(job["clients"])]
    waiting = selectors.DefaultSelector()
    for terminal in terminals:
        waiting.register(terminal.line, selectors.EVENT_READ, terminal)
    times: list[float] = []
    wrong: list[str] = []
    begun = time.perf_counter()
    for terminal in terminals:
        terminal.send(requests.popleft())
    busy = len(terminals)
    while busy:
        ready = waiting.select(TIMEOUT_S)
        if not ready:
            raise SystemExit("the server is silent")
        for key, _events in ready:
            terminal = key.data
            answer = terminal.receive()
            if answer is None:
                continue
            times.append(time.perf_counter() - terminal.started)
            if answer[2:3] != b"1" and len(wrong) < 5:
                wrong.append(answer.decode(errors="replace"))
            if requests:
                terminal.send(requests.popleft())
            else:
                busy -= 1
    seconds = time.perf_counter() - begun
    for terminal in terminals:
        terminal.line.close()
    return {"seconds": seconds, "times": times, "wrong": wrong}


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
