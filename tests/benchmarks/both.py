"""A benchmark on PostgreSQL that measures the same on SQLite, in a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

Measure = Callable[..., Mapping[str, float]]


def on_sqlite(module: str, path: Path, *, size: int) -> dict[str, float]:
    """What the module's ``alone`` prints; a process, because settings are read once."""
    environment = dict(os.environ)
    environment.pop("LIBRARY_NET_DATABASE_URL", None)
    environment.pop("LIBRARY_NET_BROKER_URL", None)
    with tempfile.TemporaryDirectory(prefix="library-net-bench-") as folder:
        environment["LIBRARY_NET_DATA_DIR"] = folder
        done = subprocess.run(
            [sys.executable, "-m", module, path, str(size)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def on_both(
    module: str, measure: Measure, path: Path, folder: Path, *, size: int
) -> dict[str, float]:
    """What ``measure`` of the module finds here, and on SQLite."""
    found = measure(path, folder, size=size)
    sqlite = on_sqlite(module, path, size=size)
    return {**found, **{f"sqlite_{key}": value for key, value in sqlite.items()}}


def alone(measure: Measure) -> None:
    """Run ``measure(path, folder, size=…)`` on the configured database and print what it found."""
    import django
    from django.core.management import call_command

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library_net.settings")
    django.setup()
    call_command("migrate", verbosity=0)
    folder = Path(os.environ["LIBRARY_NET_DATA_DIR"])
    print(json.dumps(measure(Path(sys.argv[1]), folder, size=int(sys.argv[2]))))
