"""What a benchmark is given: the load file, rounds run in turn, memory peaks, PostgreSQL, Redis."""

import ast
import contextlib
import gc
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.benchmarks.load import first_records
from tests.services import Services, services

HERE = Path(__file__).resolve().parent
NAMES = (
    *("read", "ingest", "growth", "resync", "reconcile", "match", "search", "freshness", "page"),
    *("checkout", "sip2", "contention", "forecast", "plan", "simulate", "proxy"),
)
# A look at all processes takes 2 ms of the interpreter that is being measured; looking every 20 ms,
# three blocks inside one another took a quarter of a core from it.
MEMORY_SAMPLE_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What a bench module says about itself, read without importing it."""

    name: str
    description: str
    default_size: int
    unit: str
    database: str | None


def built() -> dict[str, Declared]:
    """The benchmarks that exist, in the order of NAMES."""
    return {name: declared(name) for name in NAMES if (HERE / f"bench_{name}.py").exists()}


def declared(name: str) -> Declared:
    tree = ast.parse((HERE / f"bench_{name}.py").read_text(encoding="utf-8"))
    constants: dict[str, object] = {}
    for node in tree.body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign):
            with contextlib.suppress(ValueError, TypeError):
                constants[target.id] = ast.literal_eval(node.value)
    for needed in ("DESCRIPTION", "DEFAULT_SIZE"):
        if needed not in constants:
            raise SystemExit(f"tests/benchmarks/bench_{name}.py lacks {needed} as a literal")
    return Declared(
        name=name,
        description=str(constants["DESCRIPTION"]),
        default_size=int(str(constants["DEFAULT_SIZE"])),
        unit=str(constants.get("UNIT", "")),
        database=constants.get("DATABASE"),
    )


@dataclass(slots=True)
class Peak:
    """Resident memory in MB while a block ran; `grown_mb` leaves out what was there before."""

    mb: float = 0.0
    before_mb: float = 0.0

    @property
    def grown_mb(self) -> float:
        return self.mb - self.before_mb


@dataclass(slots=True, kw_only=True)
class BenchContext:
    """Handed to every `run`; what it opens is closed when the benchmark ends."""

    folder: Path  # empty, on disk, gone afterwards
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _services: Services | None = None

    def load_file(self, records: int) -> Path:
        """The first so many Library of Congress records (250,000 there are) as one file."""
        return first_records(records)

    def services(self) -> Services:
        """PostgreSQL with fsync on, and Redis; started at the first call."""
        if "LIBRARY_NET_DATABASE_URL" in os.environ and "LIBRARY_NET_BROKER_URL" in os.environ:
            return Services(
                database_url=os.environ["LIBRARY_NET_DATABASE_URL"],
                broker_url=os.environ["LIBRARY_NET_BROKER_URL"],
            )
        if self._services is None:
            self._services = self._stack.enter_context(services(durable=True))
        return self._services

    def rounds(
        self,
        contenders: Mapping[str, Callable[[], object]],
        *,
        count: int = 3,
        before: Callable[[], object] = lambda: None,
    ) -> dict[str, list[float]]:
        """Run each contender once a round, the order turning round by round; seconds of each.

        `before` is run ahead of each and not timed. Only ratios inside one round mean anything on
        a shared machine: see `ratio`.
        """
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        names = list(contenders)
        for number in range(count):
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                before()
                gc.collect()
                started = time.perf_counter()
                contenders[name]()
                seconds[name].append(time.perf_counter() - started)
        return seconds

    @staticmethod
    def ratio(seconds: Mapping[str, list[float]], *, slow: str, fast: str) -> float:
        """How many times `fast` is as quick as `slow`: the median over the rounds."""
        pairs = zip(seconds[slow], seconds[fast], strict=True)
        return statistics.median(slow_s / fast_s for slow_s, fast_s in pairs)

    @contextlib.contextmanager
    def memory(self) -> Iterator[Peak]:
        """Sample the resident memory of this process and its children while the block runs."""
        gc.collect()
        me = psutil.Process()
        peak = Peak(mb=_tree_mb(me), before_mb=_tree_mb(me))
        done = threading.Event()

        def sample() -> None:
            while not done.wait(MEMORY_SAMPLE_S):
                peak.mb = max(peak.mb, _tree_mb(me))

        sampler = threading.Thread(target=sample, daemon=True)
        sampler.start()
        try:
            yield peak
        finally:
            done.set()
            sampler.join()
            peak.mb = max(peak.mb, _tree_mb(me))

    def close(self) -> None:
        self._stack.close()


def _tree_mb(process: psutil.Process) -> float:
    """Our own processes only; a database server is not part of what is measured."""
    total = process.memory_info().rss
    for child in process.children(recursive=True):
        with contextlib.suppress(psutil.Error):
            if not child.name().startswith(("postgres", "redis-server", "pgbench")):
                total += child.memory_info().rss
    return total / 1e6


def percentile(values: list[float], percent: float) -> float:
    """Nearest-rank percentile: an observed value, never one in between."""
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[int(rank) - 1]
