"""A load generator in a process of its own: so many clients, each with one connection kept open.

One thread and a selector, because a client that needs more of the machine than the server under
test measures itself. Each client sends its next request when it has the answer to the last.

    python -m tests.benchmarks.http_load   < job.json   > result.json

A job: {"port", "path", "clients", "status", "headers": {…}, "requests": [[body, key], …]}. The
result: {"seconds", "times": [each], "wrong": [answers of another status, at most five]}.
"""

import json
import selectors
import socket
import sys
import time
from collections import deque
from typing import Any

TIMEOUT_S = 120


class Client:
    """One connection and the answer it waits for."""

    def __init__(self, port: int) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.started = 0.0
        self.seen = b""

    def send(self, request: bytes) -> None:
        self.seen = b""
        self.started = time.perf_counter()
        self.line.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Status and body, once they are here."""
        self.seen += self.line.recv(65536)
        head, end, body = self.seen.partition(b"\r\n\r\n")
        if not end:
            return None
        at = head.lower().index(b"content-length:") + 15
        length = int(head[at:].split(b"\r\n", 1)[0])
        return (int(head[9:12]), body) if len(body) >= length else None


def run(job: dict[str, Any]) -> dict[str, Any]:
    requests = deque(_requests(job))
    clients = [Client(job["port"]) for _ in range(min(job["clients"], len(requests)))]
    waiting = selectors.DefaultSelector()
    for client in clients:
        waiting.register(client.line, selectors.EVENT_READ, client)
    times: list[float] = []
    wrong: list[str] = []
    begun = time.perf_counter()
    for client in clients:
        client.send(requests.popleft())
    busy = len(clients)
    while busy:
        ready = waiting.select(TIMEOUT_S)
        if not ready:
            raise SystemExit("the server is silent")
        for key, _events in ready:
            client = key.data
            answer = client.receive()
            if answer is None:
                continue
            times.append(time.perf_counter() - client.started)
            if answer[0] != job["status"] and len(wrong) < 5:
                wrong.append(f"{answer[0]} {answer[1].decode(errors='replace')}")
            if requests:
                client.send(requests.popleft())
            else:
                busy -= 1
    seconds = time.perf_counter() - begun
    for client in clients:
        client.line.close()
    return {"seconds": seconds, "times": times, "wrong": wrong}


def _requests(job: dict[str, Any]) -> list[bytes]:
    lines = [f"POST {job['path']} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    lines += [f"{name}: {value}" for name, value in job["headers"].items()]
    head = "\r\n".join(lines)
    return [
        f"{head}\r\nIdempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
        for body, key in ((json.dumps(body), key) for body, key in job["requests"])
    ]


if __name__ == "__main__":
    json.dump(run(json.load(sys.stdin)), sys.stdout)
