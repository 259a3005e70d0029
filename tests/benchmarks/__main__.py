"""`python -m tests.benchmarks [NAME …] [--size N]`: run benchmarks, print tables, write JSON.

The parent reads what each module declares, prepares its world and starts it as a child of its own.
"""

import argparse
import contextlib
import importlib
import json
import math
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.harness import BenchContext, Declared, built, declared
from tests.services import run_to_its_end, services

ROOT = Path(__file__).resolve().parents[2]
OUTPUT = ROOT / "build" / "bench"
DOCS = ROOT / "docs" / "benchmarks.md"
MARK = "<!-- written by: make bench ARGS=--write-docs -->"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    known = built()
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(known)}")
    parser.add_argument("--size", type=int, help="instead of each one's default size")
    parser.add_argument("--write-docs", action="store_true", help="note figures in docs/")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        measure(declared(arguments.names[0]), size=arguments.size)
        return 0
    if unknown := [name for name in arguments.names if name not in known]:
        parser.error(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [known[name] for name in arguments.names or known]
    started = time.monotonic()
    failed = [one.name for one in chosen if not start(one, size=arguments.size)]
    if arguments.write_docs:
        write_docs(list(known.values()))
    print(f"\n{len(chosen)} benchmarks in {time.monotonic() - started:.0f} s.", end=" ")
    print(f"Failed: {', '.join(failed)}" if failed else f"Figures: {OUTPUT.relative_to(ROOT)}/")
    return 1 if failed else 0


def start(bench: Declared, *, size: int | None) -> bool:
    """Run one benchmark as a child, with the database it declares."""
    environment = {**os.environ, "LIBRARY_NET_LOG_LEVEL": "WARNING"}
    environment.pop("LIBRARY_NET_DATABASE_URL", None)
    environment.pop("LIBRARY_NET_BROKER_URL", None)
    command = [sys.executable, "-m", "tests.benchmarks", "--child", bench.name]
    command += ["--size", str(size or bench.default_size)]
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="library-net-bench-"))
        environment["LIBRARY_NET_DATA_DIR"] = folder
        if bench.database == "postgresql":
            environment |= stack.enter_context(services(durable=True)).environment()
        return run_to_its_end(command, environment=environment, folder=ROOT) == 0


def measure(bench: Declared, *, size: int) -> None:
    """In the child: set Django up if a database is wanted, run, print, write."""
    if bench.database:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library_net.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
    module = importlib.import_module(f"tests.benchmarks.bench_{bench.name}")
    folder = Path(os.environ["LIBRARY_NET_DATA_DIR"])
    context = BenchContext(folder=folder)
    print(f"\n{bench.name}: {bench.description} ({f'{size:,} {bench.unit}'.strip()})", flush=True)
    started = time.perf_counter()
    try:
        with context.memory() as peak:
            found = dict(module.run(size=size, context=context))
    finally:
        context.close()
    found.setdefault("seconds", time.perf_counter() - started)
    found.setdefault("peak_mb", peak.mb)
    found.setdefault("size", size)
    publish(bench.name, found)


def publish(name: str, found: dict[str, float]) -> None:
    numbers = {key: round(float(value), 6) for key, value in found.items()}
    wrong = [key for key, value in numbers.items() if not math.isfinite(value)]
    if "ratio" not in numbers or wrong:
        raise SystemExit(f"bench_{name} gave no honest figures: ratio missing or {wrong}")
    ordered = {"ratio": numbers.pop("ratio"), **numbers}
    width = max(len(key) for key in ordered)
    for key, value in ordered.items():
        print(f"  {key:<{width}}  {value:>14,.6g}")
    OUTPUT.mkdir(parents=True, exist_ok=True)
    text = json.dumps(ordered, indent=2, allow_nan=False)
    (OUTPUT / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def write_docs(benches: list[Declared]) -> None:
    """Put what build/bench/ holds into the table that closes docs/benchmarks.md."""
    rows = ["| name | what the ratio compares | size | ratio | besides |", "|---|---|---|---|---|"]
    for bench in benches:
        path = OUTPUT / f"{bench.name}.json"
        if path.exists():
            figures = json.loads(path.read_text(encoding="utf-8"))
            ratio, size = figures.pop("ratio"), figures.pop("size", bench.default_size)
            besides = ", ".join(f"{key} {value:,.4g}" for key, value in figures.items())
            count = f"{size:,.0f} {bench.unit}"
            rows.append(
                f"| {bench.name} | {bench.description} | {count} | **{ratio:.3g}** | {besides} |"
            )
    text = DOCS.read_text(encoding="utf-8").partition(MARK)[0]
    DOCS.write_text(f"{text}{MARK}\n\n" + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
