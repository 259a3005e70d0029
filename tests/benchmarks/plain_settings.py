"""Our settings with one other URL: the plain view that `bench_checkout` compares with."""

from library_net.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.plain_checkout"
