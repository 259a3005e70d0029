"""The cycle collector rests while any block asks for it, and comes back after the last."""

import gc

import pytest

from library_net.collector import collector_held


@pytest.fixture(autouse=True)
def collecting():
    gc.enable()
    yield
    gc.enable()


def test_the_collector_rests_until_the_last_block_has_ended():
    with collector_held():
        with collector_held():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_comes_back_after_an_error():
    with pytest.raises(ValueError, match="broken"), collector_held():
        raise ValueError("broken")
    assert gc.isenabled()


def test_a_collector_somebody_else_had_stopped_stays_stopped():
    gc.disable()
    with collector_held():
        pass
    assert not gc.isenabled()
