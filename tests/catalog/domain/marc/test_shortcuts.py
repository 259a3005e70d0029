"""What is read by a shorter way, against the long way every record may go."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from catalog.domain import profile
from catalog.domain.marc import prepare, values
from catalog.domain.marc.extract import MarcFields
from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.values import clean, parse_extent, strip_isbd
from catalog.domain.pinyin import pinyin_key
from catalog.domain.records import Material, TitleKind
from tests.catalog.domain.marc.build import data, iso, marc21

PROFILE = SourceProfile()
_BLANKS = " \u00a0\u3000\u200b\ufeff\x98\x9c\n\t\x00"


@given(st.text(alphabet=f"ab.é中/:;=,{_BLANKS}", max_size=12))
def test_a_statement_is_cleaned_where_it_needs_to_be(text):
    assert strip_isbd(text) == strip_isbd(clean(text))


@given(st.from_regex(values._ONLY_PAGES, fullmatch=True))
@example("xii, 99999 p.")
def test_pages_alone_are_counted_as_in_a_longer_statement(text):
    assert parse_extent(text) == parse_extent(f" {text}") != (None, None)


@given(st.text(alphabet=",-?. 0193a()（）[]［］〔〕【】\n", max_size=14))
@example("Smith, 1900- .")
@example("Smith, 1900?-1950?.")
def test_dates_are_looked_for_in_every_name_that_ends_with_some(text):
    name = clean(text).strip(values._NAME_EDGES)
    if values._DATES.search(name):
        assert name.rstrip(" .")[-1:] in values._DATE_ENDS


@given(st.text(alphabet="abjvwyzÉéßæйω中著·12 _-'", max_size=16))
def test_a_sound_is_heard_alike_in_any_letters(text):
    spoken = pinyin_key(text)
    letters = spoken.translate(str.maketrans({"y": "i", "j": "i", "w": "v"}))
    assert profile._heard(spoken) == re.sub(r"([^\W\d])(?=\1)", "", letters)


@given(st.text(alphabet="\x1f 1#aé", max_size=6))
def test_indicators_are_mended_only_where_they_need_it(part):
    fields = MarcFields(" " * 24, ["500"], [part], "utf-8", [])
    is_sound = part[2:3] == "\x1f" and part[0] != "\x1f"
    found, has_subfields, _ = part.partition("\x1f")
    assert fields.by_tag["500"][0][0] == (part[:2] if is_sound else f"{found:<2}"[:2])
    assert bool(fields.flags) == (not is_sound and (len(found) != 2 or not has_subfields))


@pytest.mark.parametrize("count", [1, 2, prepare.HANDFUL, 2 * prepare.HANDFUL + 1])
def test_many_records_are_read_as_each_alone(count):
    sent = [iso(marc21(data("650", f"$aSubject {i}"))) for i in range(count)]
    sent[count // 2] = sent[count // 2][:5] + b"d" + sent[count // 2][6:]  # a deletion
    step = prepare.prepare_step(
        b"".join(sent), is_rest=True, offset=0, position=1, limit=count + 1, profile=PROFILE
    )
    alone = [prepare.prepare(one, profile=PROFILE) for one in sent]
    assert step.found == [one.plain for one in alone]
    assert [one.is_deleted for one in step.found].count(True) == 1


def test_a_defect_of_ours_costs_only_the_record_it_shows_in():
    sound = iso(marc21())
    nothing = None  # stands for bytes that make us fail: none are known
    found = prepare._sent([sound, nothing, sound], PROFILE)
    assert [one is None for one in found] == [False, True, False]


def test_a_member_is_found_where_its_text_is():
    assert {Material.BOOK: 1}["book"] == {"main": 1}[TitleKind.MAIN] == 1
