"""A library that also sends single changes."""

import pytest


def _member(world, agency):
    from tests.catalog.sync.member import Changer  # models, which pure rules run without

    return Changer(world, agency)


@pytest.fixture
def jinjiang(world):
    return _member(world, "JJ")
