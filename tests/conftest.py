"""Fixtures every test may ask for; helpers with a life of their own live beside this file.

`world.py` makes a tiny network, `site.py` starts the real site, `services.py` PostgreSQL and Redis.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from django.conf import settings

from tests.site import Site

ROOT = Path(__file__).resolve().parent.parent
SHARED_MARC = ROOT.parent / "shared" / "data" / "marc"

# Same examples on every machine and run: a red test must be red again when someone looks.
hypothesis.settings.register_profile(
    "house",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[
        hypothesis.HealthCheck.too_slow,
        hypothesis.HealthCheck.function_scoped_fixture,
    ],
)
hypothesis.settings.register_profile(
    "deep", hypothesis.settings.get_profile("house"), max_examples=2000, derandomize=False
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))


def pytest_configure(config: pytest.Config) -> None:
    """Give this process a data folder of its own: two runs at once must not meet in a file."""
    folder = Path(tempfile.mkdtemp(prefix="library-net-test-"))
    config.stash[_DATA_DIR] = folder
    if not settings.configured:  # -p no:django: pure rules only
        return
    settings.DATA_DIR = folder
    settings.SEARCH_INDEX_PATH = folder / "search"
    settings.STATIC_ROOT = folder / "static"
    settings.STATIC_ROOT.mkdir()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        # A file, not memory: threads in a test need several real connections.
        database["TEST"] = {**database.get("TEST", {}), "NAME": str(folder / "test.sqlite3")}


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_DATA_DIR], ignore_errors=True)


_DATA_DIR = pytest.StashKey[Path]()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """PostgreSQL drops no database that somebody still has a line to."""
    yield
    from library_net.lines import close_shared

    close_shared()


@pytest.fixture
def world():
    """A tiny network with readers; a test says itself that it wants a database."""
    from tests.world import World  # models, which pure rules run without

    return World.build()


@pytest.fixture(scope="session")
def marc_corpus() -> Path:
    """The folder of 183 real MARC files that lies beside a checkout, never inside it."""
    if not SHARED_MARC.is_dir():
        pytest.skip("no real MARC records here: ../shared/data/marc does not exist")
    return SHARED_MARC


@pytest.fixture(scope="session")
def lc_file() -> Path:
    """250,000 Library of Congress records; only if a benchmark has fetched them already."""
    from tests.benchmarks.load import LOAD_FILE

    if not LOAD_FILE.exists():
        pytest.skip("the load file is not here; `make bench` fetches it")
    return LOAD_FILE


@pytest.fixture(scope="session")
def blank_site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site that never runs: its migrated, empty database is copied for those that do."""
    blank = Site(data_dir=tmp_path_factory.mktemp("blank"))
    blank.prepare()
    return blank


@pytest.fixture
def site(tmp_path: Path, blank_site: Site) -> Iterator[Site]:
    """A running site of our own, as real processes, on an empty database.

    On SQLite it is the embedded one; with a database and a broker in the environment it is the
    production shape: web server, worker, beat and index follower, each a process.
    """
    running = Site(data_dir=tmp_path / "site")
    running.prepare(like=blank_site)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def demo_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The sample world after its main job, running embedded; shared, so look and add, no more."""
    if "LIBRARY_NET_DATABASE_URL" in os.environ:
        pytest.skip("the demo runs embedded; it is tested in the SQLite part")
    shown = Site(data_dir=tmp_path_factory.mktemp("demo"), embedded=True)
    shown.manage("demo", "--headless")
    shown.start()
    yield shown
    shown.stop()
