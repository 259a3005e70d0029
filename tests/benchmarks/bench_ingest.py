"""New records through the whole pipeline, on PostgreSQL and on SQLite.

Five slices of the file, each first iterated by pymarc and then imported into the growing catalogue,
so that both contenders see the same minutes of the machine; the ratio is the median of the slices.
Each slice is every fifth record, so that all are alike but for the catalogue they come into.

Before 2026-11-22, 15:30 UTC, the default was 20,000 records: slices of 4,000, each two or three
steps, in which one core waits while the first is read and again until the last can be found. That
is half a second of each slice, whatever its length; a load is not sent in pieces that small.
"""

import contextlib
import os
import statistics
import time
from pathlib import Path

import psutil

from tests.benchmarks.both import alone, on_sqlite
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "records a second through the whole pipeline ÷ pymarc merely iterating the file"
DEFAULT_SIZE = 100_000
UNIT = "records"
DATABASE = "postgresql"
SLICES = 5
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
        "sqlite_memory_growth": sqlite["memory_growth"],
    }


def measure(path: Path, folder: Path, *, size: int) -> dict[str, float]:
    """On whatever database is configured.

    ``growth`` is the last slice's cost divided by the first's, each in units of pymarc's in the
    same minute; ``memory_growth`` compares the peak of all our processes in the last slice with
    that in the second: at 250,000 records, after the fifth 50,000 and after the second.
    ``cpu_ratio`` is pymarc's processor time divided by half of ours, database server and follower
    included: what ``ratio`` could be on two cores that nobody else uses.
    """
    from tests.benchmarks.pipeline import (
        follower_beside,
        import_file,
        iterate_with_pymarc,
        new_member,
        slices,
    )

    agency = new_member("BENCH")
    context = BenchContext(folder=folder)
    ratios, cpu_ratios, ours, peaks, records = [], [], 0.0, [], 0
    with follower_beside():
        for part in slices(path, folder, count=SLICES, size=size):
            started, cpu = time.perf_counter(), time.process_time()
            count = iterate_with_pymarc(part)
            theirs_s, their_cpu = time.perf_counter() - started, time.process_time() - cpu
            cpu = cpu_seconds()
            with context.memory() as peak:
                started = time.perf_counter()
                batch = import_file(part, agency)
                ours_s = time.perf_counter() - started
            assert batch.created == count - batch.repeated, (batch.created, count)
            ratios.append(theirs_s / ours_s)
            cpu_ratios.append(CORES * their_cpu / (cpu_seconds() - cpu))
            peaks.append(peak.mb)
            ours += ours_s
            records += count
    return {
        "ratio": statistics.median(ratios),
        "cpu_ratio": statistics.median(cpu_ratios),
        "per_second": records / ours,
        "growth": ratios[0] / ratios[-1],
        "memory_growth": peaks[-1] / peaks[1],
        "records": records,
    }


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
