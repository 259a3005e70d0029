"""The site as real processes, the way people run it; tests reach it over HTTP and manage.py.

site = Site(data_dir=folder)      # embedded, or production when the environment names servers
site.prepare()
site.start()
requests.get(site.url + "/api/v1/…")
site.kill()                       # kill -9, as a power cut would
site.start()                      # and it carries on
site.stop()
"""

import contextlib
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import redis
import requests
from celery import Celery

from tests.services import die_with_parent, free_port

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30
SQLITE_FILE = "library.sqlite3"
WORKER_OPTIONS = ["--concurrency", "1", "--loglevel", "warning", "--without-gossip"]
_REDIS_NUMBERS = itertools.cycle(range(1, 16))  # Redis has 16; 0 is the wrapper's own


class Site:
    """One site: its data folder, its database, its processes."""

    def __init__(self, *, data_dir: Path, embedded: bool = False) -> None:
        self.data_dir = data_dir
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {
            **os.environ,
            "LIBRARY_NET_DATA_DIR": str(data_dir),
            "LIBRARY_NET_LOG_LEVEL": "WARNING",
        }
        if embedded:
            self.environment.pop("LIBRARY_NET_DATABASE_URL", None)
            self.environment.pop("LIBRARY_NET_BROKER_URL", None)
        self.is_embedded = "LIBRARY_NET_BROKER_URL" not in self.environment
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def prepare(self, *, like: "Site | None" = None) -> None:
        """Make a migrated database: a copy of another site's, which must not run, or a new one."""
        if not self.is_embedded:
            self._new_database(template=like.database_name if like else "template0")
        elif like is not None:
            shutil.copy(like.data_dir / SQLITE_FILE, self.data_dir / SQLITE_FILE)
        if like is None:
            self.manage("migrate", "--verbosity=0")

    @property
    def database_name(self) -> str:
        return urlsplit(self.environment["LIBRARY_NET_DATABASE_URL"]).path.strip("/")

    def manage(self, *arguments: str, timeout_s: float = 280) -> str:
        """Run a management command to its end and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, f"manage.py {arguments}:\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def python(self, code: str) -> str:
        """Run a few lines inside Django, against this site's database."""
        return self.manage("shell", "--no-imports", "-v0", "-c", code)

    def start(self) -> None:
        if self.is_embedded:
            self._spawn("web", sys.executable, "manage.py", "run_embedded", "--port", self.port)
        else:
            self._start_production()
        self._wait_until_it_answers()

    def stop(self, *, how: signal.Signals = signal.SIGTERM) -> dict[str, int]:
        """Stop every process as a person would; return their exit codes."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(how)
        codes = {}
        for name, process in self.processes.items():
            try:
                codes[name] = process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                codes[name] = process.wait()
        self.processes.clear()
        return codes

    def kill(self) -> None:
        """`kill -9` to everything at once; nothing gets to say goodbye."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.processes.clear()

    def log(self) -> str:
        """What the processes printed, for a failing test to show."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-4000:]}"
            for path in sorted(self.data_dir.glob("*.log"))
        )

    def _start_production(self) -> None:
        python, celery = sys.executable, str(BIN / "celery")
        self._spawn(
            "web",
            *(str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", self.port, "--workers", "1", "--blocking-threads", "8"),
            *("--log-level", "warning"),
            "library_net.wsgi:application",
        )
        self._spawn("worker", celery, "-A", "library_net", "worker", *WORKER_OPTIONS)
        schedule = self.data_dir / "schedule"
        self._spawn("beat", celery, "-A", "library_net", "beat", "-s", schedule, "-l", "warning")
        self._spawn("follower", python, "manage.py", "follow_index")

    def _spawn(self, name: str, *command: object) -> None:
        with (self.data_dir / f"{name}.log").open("wb") as output:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in command],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one C call
            )

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            if dead:
                break
            with contextlib.suppress(requests.ConnectionError):
                requests.get(self.url + "/", timeout=10)
                if self._everything_listens():
                    return
            time.sleep(0.1)
        self.kill()
        raise AssertionError(f"the site did not start:\n{self.log()}")

    def _everything_listens(self) -> bool:
        """A web server that answers is no proof that worker and beat beside it do already."""
        if self.is_embedded:
            return True
        # Beat opens its schedule when its signal handlers are in place.
        beats = any(self.data_dir.glob("schedule*"))
        with Celery(broker=self.environment["LIBRARY_NET_BROKER_URL"], set_as_current=False) as app:
            return beats and bool(app.control.ping(timeout=0.5))

    def _new_database(self, *, template: str) -> None:
        url = urlsplit(self.environment["LIBRARY_NET_DATABASE_URL"])
        name = f"site_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(urlunsplit(url), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        self.environment["LIBRARY_NET_DATABASE_URL"] = urlunsplit(url._replace(path=f"/{name}"))
        # Sites share one Redis; an emptied database number each keeps their queues apart.
        broker = urlsplit(self.environment["LIBRARY_NET_BROKER_URL"])
        own = urlunsplit(broker._replace(path=f"/{next(_REDIS_NUMBERS)}"))
        redis.Redis.from_url(own).flushdb()
        self.environment["LIBRARY_NET_BROKER_URL"] = own
