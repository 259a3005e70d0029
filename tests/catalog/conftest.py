"""Libraries that send us their records."""

import pytest


def _member(world, agency):
    from tests.catalog.members import Sender  # models, which pure rules run without

    return Sender(world, agency)


@pytest.fixture
def jinjiang(world):
    return _member(world, "JJ")


@pytest.fixture
def ziyang(world):
    return _member(world, "ZY")
