"""Whoever sends first, in whatever order and portions: the clusters are the same (MA-11)."""

import random

import hypothesis
import pytest
from hypothesis import strategies as st

from catalog.models import SourceRecord
from library_net.network.models import Agency
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender, clusters
from tests.world import World

MEMBERS = ("JJ", "ZY", "MY", "CD")
ISBNS = ("9787506365437", "9787544253994", "")
record = st.builds(
    dict,
    title=st.sampled_from(["活着", "活著", "活着（上册）", "活着：增订本", "兄弟"]),
    author=st.sampled_from(["余华", "余華", "于华", ""]),
    isbn=st.sampled_from(ISBNS),
    publisher=st.sampled_from(["作家出版社", "作家", "南海出版公司"]),
    year=st.sampled_from([2012, 2013]),
    pages=st.sampled_from([None, 191, 193, 320]),
    edition=st.sampled_from(["", "第2版"]),
)
entry = st.tuples(st.sampled_from(MEMBERS), st.integers(1, 3), record)


def arrive(world, entries):
    """Each is a batch of its own, read to the end; one record may be sent several times."""
    for member, number, fields in entries:
        named = {name: value for name, value in fields.items() if name not in ("title", "author")}
        data = cnmarc(f"n{number}", fields["title"], fields["author"], **named)
        Sender(world, member).send(data)


@pytest.mark.django_db(transaction=True)
@hypothesis.settings(max_examples=12)
@hypothesis.given(st.lists(entry, min_size=3, max_size=7), st.integers(0, 10**6))
def test_the_order_of_arrival_does_not_change_the_clusters(entries, seed):
    last = {(member, number): (member, number, fields) for member, number, fields in entries}
    world = the_world()
    arrive(world, entries)  # with earlier states of records on the way
    found = clusters()

    shuffled = list(last.values())
    random.Random(seed).shuffle(shuffled)
    SourceRecord.objects.all().delete()
    arrive(world, shuffled)  # only what stands in the end, in any order

    assert clusters() == found
    SourceRecord.objects.all().delete()


def the_world():
    """The same small network for all examples of a run."""
    if Agency.objects.filter(code="JJ").exists():
        world = World()
        world.agencies = {agency.code: agency for agency in Agency.objects.all()}
        return world
    return World.build()
