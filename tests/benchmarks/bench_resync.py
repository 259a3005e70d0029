"""A member's unchanged file sent again, what a nightly sync mostly is; on both databases."""

from pathlib import Path

from tests.benchmarks.both import alone, on_both
from tests.benchmarks.harness import BenchContext

DESCRIPTION = "records a second of an unchanged file sent again ÷ pymarc merely iterating the file"
DEFAULT_SIZE = 20_000
UNIT = "records"
DATABASE = "postgresql"
ROUNDS = 5


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    path = context.load_file(size)
    return on_both("tests.benchmarks.bench_resync", measure, path, context.folder, size=size)


def measure(path: Path, folder: Path, *, size: int) -> dict[str, float]:
    """On whatever database is configured; ``stored_mb`` is what the files take, sent six times."""
    from django.db.models import Sum
    from django.db.models.functions import Length

    from catalog.models import Change, KeptBytes
    from tests.benchmarks.pipeline import (
        follower_beside,
        import_file,
        iterate_with_pymarc,
        new_member,
    )

    context = BenchContext(folder=folder)
    with follower_beside():
        agency = new_member("BENCH")
        first = import_file(path, agency)
        fed = Change.objects.count()

        def send_again() -> None:
            batch = import_file(path, agency)
            assert batch.unchanged + batch.repeated == batch.records == first.records

        seconds = context.rounds(
            {"pymarc": lambda: iterate_with_pymarc(path), "resync": send_again}, count=ROUNDS
        )
    assert Change.objects.count() == fed, "an unchanged record touched the feed"
    stored = KeptBytes.objects.aggregate(total=Sum(Length("data")))["total"]
    return {
        "ratio": context.ratio(seconds, slow="pymarc", fast="resync"),
        "per_second": first.records / min(seconds["resync"]),
        "records": first.records,
        "stored_mb": stored / 1e6,
    }


if __name__ == "__main__":
    alone(measure)
