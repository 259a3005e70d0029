"""The whole check, as CI and `make test` run it: lint, then every test on both databases.

    python -m tests                 everything
    python -m tests --quick         domain rules and a SQLite subset, under two minutes
    python -m tests --lint-only     no tests
    python -m tests -k checkin -x   whatever else is given goes to pytest

Each part runs even if an earlier one failed; the exit code says whether all of them held.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.services import run_to_its_end, services

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SOURCE = ["library_net", "catalog", "circulation", "manage.py"]
# Real browsers and servers want both cores and fixed order; everything else runs two at a time.
ALONE = "browser or server"
TOGETHER = "not browser and not server"
NO_TESTS_COLLECTED = 5  # pytest's exit code
DATABASE_FREE = ["tests/catalog/domain", "tests/circulation/domain", "tests/house"]


@dataclass(slots=True)
class Run:
    """The parts run so far, with their verdicts and times."""

    environment: dict[str, str]
    parts: list[tuple[str, bool, float]] = field(default_factory=list)

    def part(self, name: str, *command: object, accept: tuple[int, ...] = (0,)) -> None:
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        words = [str(word) for word in command]
        code = run_to_its_end(words, environment=self.environment, folder=ROOT)
        self.parts.append((name, code in accept, time.monotonic() - started))

    def pytest(self, name: str, marks: str, *arguments: str, workers: int = 1) -> None:
        command = [sys.executable, "-m", "pytest", "-m", marks, *arguments]
        if workers > 1:
            command += ["-n", str(workers), "--dist", "loadfile"]
        # A part may be empty (a -k that matches in one part only); all parts together may not.
        self.part(name, *command, accept=(0, NO_TESTS_COLLECTED))

    def report(self) -> int:
        print("\n=== Summary")
        for name, held, seconds in self.parts:
            print(f"  {'ok    ' if held else 'FAILED'} {seconds:6.1f} s  {name}")
        return 0 if all(held for _name, held, _seconds in self.parts) else 1


def lint(run: Run) -> None:
    manage = [sys.executable, "manage.py"]
    run.part("Style (ruff check)", BIN / "ruff", "check", "--quiet", ".")
    run.part("Layout (ruff format)", BIN / "ruff", "format", "--check", "--quiet", ".")
    run.part("Types (mypy --strict)", BIN / "mypy", *SOURCE)
    run.part("Import contracts (import-linter)", BIN / "lint-imports")
    run.part("Migrations are complete", *manage, "makemigrations", "--check", "--dry-run")
    run.part("System checks", *manage, "check", "--fail-level", "WARNING")


def quick(run: Run, arguments: list[str]) -> None:
    run.pytest(
        "Quick: everything that needs neither servers nor the large corpus, on SQLite",
        f"{TOGETHER} and not corpus and not slow",
        *arguments,
        workers=2,
    )


def everything(run: Run, arguments: list[str]) -> None:
    run.pytest("SQLite: browser and server tests", ALONE, *arguments)
    run.pytest("SQLite: all other tests", TOGETHER, *arguments, workers=2)
    with services() as running:
        run.environment.update(running.environment())
        run.pytest("PostgreSQL + Redis: server tests", "server and not browser", *arguments)
        # Last, so that the closing line of the largest part is what a reader of the log sees.
        skip = [f"--ignore={folder}" for folder in DATABASE_FREE]
        run.pytest("PostgreSQL: all other tests", TOGETHER, *skip, *arguments, workers=2)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description="Run the whole check.")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--lint-only", action="store_true")
    chosen, arguments = parser.parse_known_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell lets its background jobs ignore Ctrl-C; the servers under test must not inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="library-net-run-") as data_dir:
        run = Run(environment={**os.environ, "LIBRARY_NET_DATA_DIR": data_dir})
        if chosen.lint_only or not (chosen.quick or arguments):
            lint(run)
        if chosen.quick:
            quick(run, arguments)
        elif not chosen.lint_only:
            everything(run, arguments)
    return run.report()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
