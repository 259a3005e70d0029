"""What a new record costs when the catalogue is full, against when it was empty; both databases.

Five files one after the other, each timed until its last record can be found, so that each bears
the cost of its own records, the index included. (Within one file, see bench_ingest, the index
trails behind in the first stretch and makes up for it in the last.) Every file is a cross-section
of all the records. A few records go ahead: what the processes load once, such as dictionaries, is
no cost of the first file.
"""

import statistics
import time
from pathlib import Path

from tests.benchmarks.both import alone, on_both
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "cost of a record of the last of five files ÷ one of the first"
DEFAULT_SIZE = 250_000
UNIT = "records"
DATABASE = "postgresql"
FILES = 5
AHEAD = 1_000  # records of a load file of 250,000; of a smaller one, as many in proportion


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    path = context.load_file(size)
    return on_both("tests.benchmarks.bench_growth", measure, path, context.folder, size=size)


def measure(path: Path, folder: Path, *, size: int) -> dict[str, float]:
    """On whatever database is configured; ``file_1`` … are seconds in units of pymarc's next to it.

    pymarc merely iterates the same file before and after.
    """
    from tests.benchmarks.pipeline import (
        cross_sections,
        follower_beside,
        import_file,
        iterate_with_pymarc,
        new_member,
    )

    agency = new_member("BENCH")
    ahead = max(FILES, AHEAD * size // DEFAULT_SIZE)
    first, *files = cross_sections(path, folder, parts=FILES, size=size, ahead=ahead)
    costs = []
    with follower_beside():
        import_file(first, agency)
        for file in files:
            before = _seconds(iterate_with_pymarc, file)
            ours = _seconds(import_file, file, agency)
            after = _seconds(iterate_with_pymarc, file)
            costs.append(ours / statistics.mean([before, after]))
    numbered = {f"file_{number}": cost for number, cost in enumerate(costs, start=1)}
    return {"ratio": costs[-1] / costs[0], **numbered}


def _seconds(work, *arguments) -> float:
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


if __name__ == "__main__":
    alone(measure)
