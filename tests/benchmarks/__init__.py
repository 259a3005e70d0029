"""Benchmarks: each a ratio of two things run in turn, because no two hours of a machine are alike.

`make bench` runs every `bench_NAME.py` here; `make bench ARGS="NAME --size N"` one. A module says

    DESCRIPTION = "what `ratio` compares"      # one line, printed above the table
    DEFAULT_SIZE = 20_000                      # of whatever is counted; minutes, not hours
    UNIT = "records"                           # optional: what --size counts
    DATABASE = "postgresql"                    # optional: "postgresql" | "sqlite" | None (default)

    def run(*, size: int, context: BenchContext) -> dict[str, float]: ...

with constants as literals: they are read before the module is imported, because a DATABASE must be
in the environment (migrated, with Django set up) before anything imports a model. `run` returns
metric names and numbers; `ratio` is the headline. `seconds` and `peak_mb` are added when missing.
Every benchmark runs in a process of its own, and its data folder and servers vanish with it.
"""
