"""The whole site in one process: web server, Celery worker, beat and index follower as threads.

Used by ``manage.py demo`` and ``manage.py run_embedded``. Rows are the truth about jobs, so a
killed process goes on where it was at the next start (`recover_after_restart`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

from celery.beat import Scheduler, Service
from celery.worker import WorkController
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from waitress import wasyncore
from waitress.server import create_server

from catalog.search.follow import follow_until
from library_net.celery import app
from library_net.jobs.tasks import recover_after_restart

log = logging.getLogger(__name__)
READY_TIMEOUT_S = 15
STOP_TIMEOUT_S = 10
WEB_THREADS = 8
MAX_REQUEST_BODY = 2**31


class _Worker(WorkController):  # type: ignore[misc, unused-ignore] # celery-types lack its base
    """Celery's worker, telling when it listens."""

    def __init__(self, ready: Callable[[], None], **options: Any) -> None:
        self._ready = ready
        super().__init__(**options)

    def on_consumer_ready(self, consumer: Any) -> None:  # noqa: ARG002 - Celery's signature
        self._ready()


class EmbeddedSite:
    """``with EmbeddedSite(port=0) as site: site.serve()``; port 0 picks a free one."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 8000) -> None:
        self.server: Any = create_server(
            get_wsgi_application(),
            host=host,
            port=port,
            threads=WEB_THREADS,
            ident="library-net",
            max_request_body_size=MAX_REQUEST_BODY,
        )
        self.host, self.port = host, int(self.server.effective_port)
        self._threads: list[threading.Thread] = []
        self._stopping = threading.Event()
        self._worker: _Worker | None = None
        self._beat: Service | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def start(self) -> None:
        """Start every thread but the web server's own loop."""
        app.finalize()
        app.set_default()
        self._start_worker()
        recover_after_restart()
        self._beat = Service(app, scheduler_cls=Scheduler, max_interval=1)
        self._run("beat", self._beat.start, True)
        # In its own thread, because the worker may be busy for long.
        follow = partial(follow_until, self._stopping, index_path=settings.SEARCH_INDEX_PATH)
        self._run("index-follower", follow)

    def _start_worker(self) -> None:
        ready = threading.Event()
        # solo: SQLite has one writer anyway, and one thread keeps task order easy to reason about.
        self._worker = _Worker(
            ready.set,
            app=app,
            pool="solo",
            concurrency=1,
            hostname="embedded@local",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self._run("worker", self._worker.start)
        if not ready.wait(READY_TIMEOUT_S):
            message = "the embedded Celery worker did not start"
            raise RuntimeError(message)

    def _run(self, name: str, target: Callable[..., Any], *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def serve(self) -> None:
        """Answer requests until KeyboardInterrupt or ``stop``."""
        self.server.run()

    def serve_in_background(self) -> None:
        self._run("web", self.server.run)

    def stop(self) -> None:
        """Let running requests and the running task finish, then end every thread."""
        self._stopping.set()
        if self._beat is not None:
            self._beat.stop()
        if self._worker is not None:
            self._worker.stop(in_sighandler=False)
        self.server.task_dispatcher.shutdown()
        self.server.close()
        # A browser keeps its connection open for minutes; the server's loop would wait for it.
        wasyncore.close_all(self.server._map, ignore_all=True)  # noqa: SLF001 - no public way
        for thread in self._threads:
            thread.join(STOP_TIMEOUT_S)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()
