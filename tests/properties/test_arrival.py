"""Whoever sends first, in whatever order and portions: clusters (MA-11) and works (MA-18) agree."""

import random

import hypothesis
import pytest
from hypothesis import strategies as st

from catalog.models import Manifestation, SourceRecord, Work, WorkKey
from library_net.network.models import Agency
from tests.catalog.files import cnmarc
from tests.catalog.members import Sender, clusters
from tests.catalog.translations import translated, works
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


translation = st.builds(
    dict,
    title=st.sampled_from(["红与黑", "红与黑", "赤与黑"]),
    author=st.sampled_from(["司汤达", "斯丹达尔", "史密斯"]),
    name=st.sampled_from(["", "Stendhal", "Smith, Adam", "Smith, John"]),
    nation=st.sampled_from(["", "法"]),
    life=st.sampled_from(["", "1783-1842", "1950-"]),
    original=st.sampled_from(["", "Le rouge et le noir"]),
    year=st.sampled_from([1988, 1993, 2001]),
)


@pytest.mark.django_db(transaction=True)
@hypothesis.settings(max_examples=15)
@hypothesis.given(
    st.lists(st.tuples(st.sampled_from(MEMBERS[:2]), st.integers(1, 4), translation), min_size=3,
             max_size=8),
    st.integers(0, 10**6),
)  # fmt: skip
def test_the_order_of_arrival_does_not_change_the_works(entries, seed):
    world = the_world()
    found = works_of(world, entries)  # with earlier states of records on the way
    last = {(member, number): (member, number, fields) for member, number, fields in entries}
    shuffled = list(last.values())
    random.Random(seed).shuffle(shuffled)

    assert works_of(world, shuffled) == found


def works_of(world, entries):
    for member, number, fields in entries:
        Sender(world, member).send(translated(f"n{number}", **fields))
    found = works()
    for model in (SourceRecord, WorkKey, Manifestation, Work):
        model.objects.all().delete()
    return found


def the_world():
    """The same small network for all examples of a run."""
    if Agency.objects.filter(code="JJ").exists():
        world = World()
        world.agencies = {agency.code: agency for agency in Agency.objects.all()}
        return world
    return World.build()
