"""Other people's servers, as far as we need them: on 127.0.0.1, answering what a test says."""

from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, urlsplit


class Asked:
    def __init__(self, handler, body):
        self.headers = dict(handler.headers)
        self.arguments = dict(parse_qsl(urlsplit(handler.path).query))
        self.path = handler.path
        self.body = body


@contextmanager
def server(answer):
    """Yields the address; ``answer(asked)`` gives a status, or (status, headers, body)."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            size = int(self.headers.get("Content-Length") or 0)
            found = answer(Asked(self, self.rfile.read(size)))
            status, headers, body = (found, {}, b"") if isinstance(found, int) else found
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815 - http.server's name

        def log_message(self, *_args):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}/"
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


@contextmanager
def nobody():
    """An address where nobody listens."""
    with server(lambda _asked: 200) as url:
        pass
    yield url


class Repository:
    """An OAI-PMH repository whose list comes in pages of ``size``; ``asked`` keeps the requests."""

    HEAD = '<?xml version="1.0" encoding="UTF-8"?><OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/">'

    def __init__(self, *, size=2):
        self.records = {}  # identifier: (datestamp, MARCXML or None)
        self.size = size
        self.asked = []
        self.interfere = lambda _asked: None
        self.spent_tokens = set()

    def put(self, identifier, datestamp, record):
        self.records[identifier] = (datestamp, record)

    def __call__(self, asked):
        self.asked.append(asked.arguments)
        if (answer := self.interfere(asked.arguments)) is not None:
            return answer
        return 200, {"Content-Type": "text/xml"}, self._list(asked.arguments).encode()

    def _list(self, arguments):
        begin, _, start = arguments.get("resumptionToken", "").partition("|")
        begin, start = begin or arguments.get("from", ""), int(start or 0)
        rows = sorted((stamp, name) for name, (stamp, _) in self.records.items() if stamp >= begin)
        if not rows:
            return f'{self.HEAD}<error code="noRecordsMatch">nothing</error></OAI-PMH>'
        body = "".join(self._row(name) for _, name in rows[start : start + self.size])
        following = f"{begin}|{start + self.size}" if start + self.size < len(rows) else ""
        token = f"<resumptionToken>{following}</resumptionToken>"
        return f"{self.HEAD}<ListRecords>{body}{token}</ListRecords></OAI-PMH>"

    def _row(self, name):
        stamp, record = self.records[name]
        status = ' status="deleted"' if record is None else ""
        head = f"<identifier>{name}</identifier><datestamp>{stamp}</datestamp>"
        metadata = f"<metadata>{record}</metadata>" if record else ""
        return f"<record><header{status}>{head}</header>{metadata}</record>"


def refusal(code):
    text = f'{Repository.HEAD}<error code="{code}">no</error></OAI-PMH>'
    return 200, {"Content-Type": "text/xml"}, text.encode()
