"""Libraries whose software lends and takes back over REST, and a desk where money changes hands."""

import pytest


def _member(world, agency):
    from tests.circulation.calls import Member  # models, which pure rules run without

    return Member(world, agency)


@pytest.fixture
def jinjiang(world):
    return _member(world, "JJ")


@pytest.fixture
def ziyang(world):
    return _member(world, "ZY")


@pytest.fixture
def desk(world):
    from tests.circulation.bookkeeping import Desk  # models, as above

    return Desk(world)
