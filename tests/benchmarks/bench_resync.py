"""A member's unchanged file sent again: what a nightly sync mostly is."""

from tests.benchmarks.harness import BenchContext

DESCRIPTION = "records a second of an unchanged file sent again ÷ pymarc merely iterating the file"
DEFAULT_SIZE = 20_000
UNIT = "records"
DATABASE = "postgresql"


def run(*, size: int, context: BenchContext) -> dict[str, float]:
    from catalog.models import Change
    from tests.benchmarks.pipeline import (
        follower_beside,
        import_file,
        iterate_with_pymarc,
        new_member,
    )

    with follower_beside():
        path = context.load_file(size)
        agency = new_member("BENCH")
        first = import_file(path, agency)
        fed = Change.objects.count()

        def send_again() -> None:
            batch = import_file(path, agency)
            assert batch.unchanged + batch.repeated == batch.records == first.records

        seconds = context.rounds(
            {"pymarc": lambda: iterate_with_pymarc(path), "resync": send_again}, count=5
        )
    assert Change.objects.count() == fed, "an unchanged record touched the feed"
    best = min(seconds["resync"])
    return {
        "ratio": context.ratio(seconds, slow="pymarc", fast="resync"),
        "per_second": first.records / best,
        "records": first.records,
    }
