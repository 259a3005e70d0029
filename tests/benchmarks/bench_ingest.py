"""New records through the whole pipeline, on PostgreSQL and on SQLite.

One file, as a member sends all it has, into an empty catalogue: from the first byte sent until the
last record can be found. pymarc iterates the same file in the minutes before and after. Every fifth
record comes first, then the fifth after each of these, and so on: so each stretch of a fifth is a
cross-section, and what the last costs more than the first is what a full catalogue costs.

Figures before 2026-11-23 are of the same records in five files, each sent when the last record
of the one before could be found: each file's end and beginning, which one core works at, counted
five times.
"""

import contextlib
import os
import statistics
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.benchmarks.both import alone, on_sqlite
from tests.benchmarks.harness import BenchContext, Peak

DESCRIPTION = "records a second through the whole pipeline ÷ pymarc merely iterating the file"
DEFAULT_SIZE = 100_000
UNIT = "records"
DATABASE = "postgresql"
STRETCHES = 5
CORES = 2


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    path = context.load_file(size)
    with context.memory() as peak:
        found = measure(path, context.folder, size=size)
    sqlite = on_sqlite("tests.benchmarks.bench_ingest", path, size=size)
    return {
        **found,
        "peak_mb": peak.mb,
        "sqlite_ratio": sqlite["ratio"],
        "sqlite_cpu_ratio": sqlite["cpu_ratio"],
        "sqlite_per_second": sqlite["per_second"],
        "sqlite_growth": sqlite["growth"],
        "sqlite_end_s": sqlite["end_s"],
        "sqlite_memory_growth": sqlite["memory_growth"],
    }


def measure(path: Path, folder: Path, *, size: int) -> dict[str, float]:
    """On whatever database is configured.

    ``growth`` is what a record of the last stretch costs divided by one of the first, each in
    units of pymarc's next to it. Receiving the file and writing the last part of the index, which
    is of all stretches, belong to neither; that the index keeps up is to be seen in ``end_s``, the
    seconds from the last record saved to the last that can be found.
    ``memory_growth`` compares the peak of all our processes in the last stretch with that in the
    second: at 250,000 records, after all of them and after 100,000. ``cpu_ratio`` is pymarc's
    processor time divided by half of ours, database server and follower included: what ``ratio``
    could be on two cores that nobody else uses.
    """
    from tests.benchmarks.pipeline import crosswise, follower_beside, import_file, new_member

    agency = new_member("BENCH")
    context = BenchContext(folder=folder)
    whole = crosswise(path, folder, parts=STRETCHES, size=size)
    with follower_beside():
        before, cpu = _pymarc(whole), cpu_seconds()
        with context.memory() as peak:
            stretches = Stretches(peak, length=size // STRETCHES)
            started = time.perf_counter()
            batch = import_file(whole, agency, each_step=stretches.note)
            ended = time.perf_counter()
            ours = Spent(ended - started, cpu_seconds() - cpu)
        after = _pymarc(whole)
    assert batch.created == size - batch.repeated, (batch.created, size)
    costs, peaks = stretches.costs(), stretches.peaks
    return {
        "ratio": statistics.mean([before.seconds, after.seconds]) / ours.seconds,
        "cpu_ratio": CORES * statistics.mean([before.cpu, after.cpu]) / ours.cpu,
        "per_second": size / ours.seconds,
        "growth": (costs[-1] / after.seconds) / (costs[0] / before.seconds),
        "end_s": ended - stretches.last,
        "memory_growth": peaks[-1] / peaks[1],
        "records": size,
    }


class Spent(NamedTuple):
    seconds: float
    cpu: float


def _pymarc(path: Path) -> Spent:
    from tests.benchmarks.pipeline import iterate_with_pymarc

    started, cpu = time.perf_counter(), time.process_time()
    iterate_with_pymarc(path)
    return Spent(time.perf_counter() - started, time.process_time() - cpu)


class Stretches:
    """When each stretch of an import ended, and the memory it took at most."""

    def __init__(self, peak: Peak, *, length: int) -> None:
        self._peak = peak
        self._length = length
        self._ends: list[tuple[int, float]] = []  # (records done, at that moment)
        self.peaks: list[float] = []  # MB

    def note(self, records: int) -> None:
        if records < len(self._ends) * self._length:
            return
        if self._ends:
            self.peaks.append(self._peak.mb)
            self._peak.mb = 0.0
        self._ends.append((records, time.perf_counter()))

    @property
    def last(self) -> float:
        """The moment the last stretch ended."""
        return self._ends[-1][1]

    def costs(self) -> list[float]:
        """Seconds a record, of each stretch."""
        return [(end[1] - start[1]) / (end[0] - start[0]) for start, end in pairwise(self._ends)]


def cpu_seconds() -> float:
    """Processor time of this process and all its parent started: follower, database server."""
    total = 0.0
    for process in psutil.Process(os.getppid()).children(recursive=True):
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            total += times.user + times.system
    return total


if __name__ == "__main__":
    alone(measure)
