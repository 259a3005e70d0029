"""Private PostgreSQL and Redis for tests and benchmarks, gone without a trace afterwards.

From a shell, any command gets both through the environment:

    python -m tests.services -- python -m pytest tests/stories
    python -m tests.services --durable -- python -m tests.benchmarks checkout

Tests run with fsync off: the cluster lives for one run, and a power cut may eat it. `--durable`
leaves PostgreSQL as it ships, for figures that mean anything. Both listen on 127.0.0.1 only.
"""

import argparse
import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 40
STOP_TIMEOUT_S = 20
_PR_SET_PDEATHSIG = 1  # linux/prctl.h: the kernel signals the child when its parent dies


class ServiceMissingError(RuntimeError):
    """A program the tests start is not installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    database_url: str
    broker_url: str

    def environment(self) -> dict[str, str]:
        return {
            "LIBRARY_NET_DATABASE_URL": self.database_url,
            "LIBRARY_NET_BROKER_URL": self.broker_url,
        }


@contextlib.contextmanager
def services(*, durable: bool = False) -> Iterator[Services]:
    with postgresql(durable=durable) as database_url, redis() as broker_url:
        yield Services(database_url=database_url, broker_url=broker_url)


@contextlib.contextmanager
def postgresql(*, durable: bool = False) -> Iterator[str]:
    """Yield the URL of a fresh cluster; root runs it as someone else, as PostgreSQL insists."""
    initdb, postgres = find_program("initdb"), find_program("postgres")
    user = _ordinary_user()
    with _folder(owner=user) as folder:
        data = folder / "data"
        command = [initdb, "-D", data, "-U", "library", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(
            [*command, "--locale=C.UTF-8"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **user.popen(),
        )
        port = free_port()
        options = ["listen_addresses=127.0.0.1", f"unix_socket_directories={folder}"]
        options += ["max_connections=300", "shared_buffers=256MB", "log_min_messages=fatal"]
        # As compose.yaml has it.
        options += ["max_wal_size=4GB", "checkpoint_timeout=15min"]
        if not durable:
            options += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
            # A test's rows are often never committed: autovacuum would note its tables as empty in
            # mid-test, and the planner then walks whole indexes for each of thousands of rows.
            options += ["autovacuum=off"]
        flags = [flag for option in options for flag in ("-c", option)]
        log = folder / "log"
        with _running(
            [postgres, "-D", data, "-p", str(port), *flags],
            folder=folder,
            log=log,
            user=user,
            stop_signal=signal.SIGINT,  # "fast": open sessions are ended, data is written
        ) as server:
            _wait(server, port, log=log)
            url = f"postgres://library@127.0.0.1:{port}/library"
            _create_database(port)
            yield url


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Yield the URL of a fresh Redis that keeps nothing on disk."""
    program = find_program("redis-server")
    user = _ordinary_user()
    with _folder(owner=user) as folder:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command += ["--appendonly", "no", "--dir", str(folder)]
        log = folder / "log"
        with _running(
            command, folder=folder, log=log, user=user, stop_signal=signal.SIGTERM
        ) as server:
            _wait(server, port, log=log)
            yield f"redis://127.0.0.1:{port}/0"


def run_to_its_end(command: list[str], *, environment: dict[str, str], folder: Path | None) -> int:
    """Like `subprocess.call`, but Ctrl-C or SIGTERM leaves the child time to tidy up."""
    with subprocess.Popen(command, env=environment, cwd=folder) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the terminal has told the child as well
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(STOP_TIMEOUT_S)
            raise
        finally:
            if child.poll() is None:
                child.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class _User:
    """Whom a server runs as; empty when we are an ordinary user already."""

    name: str = ""

    def popen(self) -> dict[str, object]:
        if not self.name:
            return {}
        return {"user": self.name, "group": pwd.getpwnam(self.name).pw_gid, "extra_groups": []}


def _ordinary_user() -> _User:
    if os.geteuid() != 0:
        return _User()
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            pwd.getpwnam(name)
            return _User(name=name)
    raise ServiceMissingError("No ordinary user to run PostgreSQL as; create a user named nobody.")


def find_program(name: str) -> str:
    """Where a server program is; Debian keeps PostgreSQL's outside PATH, one folder a version."""
    if found := shutil.which(name):
        return found
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    if newest is None:
        raise ServiceMissingError(f"{name} is not installed; `make packages` installs it.")
    return str(newest)


@contextlib.contextmanager
def _folder(*, owner: _User) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="library-net-"))
    try:
        if owner.name:
            shutil.chown(folder, user=owner.name)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _running(
    command: list[object], *, folder: Path, log: Path, user: _User, stop_signal: signal.Signals
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in its own session (Ctrl-C reaches us, not it) and stop it on the way out."""
    with log.open("wb") as output:
        server = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(stop_signal),  # noqa: PLW1509 - one C call, no locks
            **user.popen(),
        )
    try:
        yield server
    finally:
        server.send_signal(stop_signal)
        try:
            server.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def die_with_parent(how: signal.Signals) -> Callable[[], object] | None:
    """For `preexec_fn`: Linux stops the child should this process die without doing so itself."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, how)


def _wait(server: subprocess.Popen[bytes], port: int, *, log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.args[0]} did not start:\n{log.read_text(errors='replace')}")


def _create_database(port: int) -> None:
    import psycopg

    deadline = time.monotonic() + START_TIMEOUT_S
    while True:  # the port opens a moment before the server takes connections
        try:
            with psycopg.connect(
                host="127.0.0.1", port=port, user="library", dbname="postgres", autocommit=True
            ) as connection:
                connection.execute("CREATE DATABASE library")
                return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.services", description="Run a command with PostgreSQL and Redis."
    )
    parser.add_argument("--durable", action="store_true", help="keep PostgreSQL's fsync on")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        parser.error("name a command to run after --")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with services(durable=arguments.durable) as running:
        try:
            environment = {**os.environ, **running.environment()}
            return run_to_its_end(command, environment=environment, folder=None)
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
