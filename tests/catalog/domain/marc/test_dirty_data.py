"""What really arrives, case by case: all of it imports, or is quarantined with its reason.

Each case is a file with a sound record before and after the dirty one; the neighbours must come
through untouched whatever happens between them.
"""

from decimal import Decimal

import pytest

from catalog.domain.marc.parse import ParsedRecord, SourceProfile, parse
from catalog.domain.marc.problems import BibFlag, Flag
from catalog.domain.marc.read import Quarantined, read_iso2709
from tests.catalog.domain.marc.build import (
    MARC21,
    assemble,
    cnmarc,
    control,
    data,
    iso,
    marc8_record,
    marc21,
    with_leader,
)

HAN = "射雕英雄传"


def coded(charset):
    return data("100", f"$a20050221d2005    em y0chi{charset}      ea"[:40])


def book(*more, title=f"$a{HAN}$f金庸著", **how):
    return iso(cnmarc(*more, title=title), **how)


def import_between_neighbours(dirty, **profile):
    """The outcomes of the dirty bytes; asserts that both neighbours are unharmed."""
    before, after = (iso(cnmarc(control("001", number))) for number in ("BEFORE", "AFTER"))
    outcomes = [
        outcome
        if isinstance(outcome, Quarantined)
        else parse(outcome.data, profile=SourceProfile(**profile))
        for outcome in read_iso2709([before + dirty + after])
    ]
    first, *between, last = outcomes
    assert (first.record.control_number, last.record.control_number) == ("BEFORE", "AFTER")
    return between


def imported(dirty, **profile):
    (found,) = import_between_neighbours(dirty, **profile)
    assert isinstance(found, ParsedRecord), found
    return found


CHARACTERS = {
    "1 GBK, leader/09 blank": book(coded("0110"), encoding="gb18030"),
    "2 UTF-8, 100 says Unicode": book(coded("50  ")),
    "3 UTF-8, 100 says GB": book(coded("0120")),
    "4 GBK, 100 says Unicode": book(coded("50  "), encoding="gb18030"),
    "5 written in GBK, converted to UTF-8": book(encoding="gb18030").decode("gb18030").encode(),
    "9 leader says MARC-8, body is UTF-8": with_leader(
        iso(marc21(control("008", " " * 35 + "chi d"), title=f"$a{HAN}"), dialect=MARC21), 9, " "
    ),
    "10 real MARC-8 with EACC": marc8_record(marc21(title="$a射雕英雄")),
}


@pytest.mark.parametrize("case", list(CHARACTERS))
def test_characters_arrive_whatever_the_record_says_of_them(case):
    """NO-1, NO-19; cases 1 to 5, 9 and 10."""
    found = imported(CHARACTERS[case])

    assert found.record.title.startswith("射雕英雄")


STRUCTURE = {
    "6 length 00000": with_leader(book(), 0, "00000"),
    "6 length wrong": with_leader(book(), 0, "00123"),
    "6 longer than 99,999 bytes": with_leader(
        assemble(
            [("001", b"1"), ("200", f"1 \x1fa{HAN}".encode())]
            + [("300", b"  \x1fa" + b"x" * 9000)] * 12
        ).replace(b"     nam", b"99999nam")[1:],
        0,
        "99999",
    ),
    "7 CRLF after the record": b"\r\n" + book() + b"\r\n",
    "8 short leader": book()[:20] + book()[24:],
    "8 indicators missing": assemble([("001", b"1"), ("200", f"\x1fa{HAN}".encode())]),
    "8 indicator of several bytes": assemble(
        [("001", b"1"), ("200", f"1\u00a0\x1fa{HAN}".encode())]
    ),
    "16 $c before $a": book(data("701", "$c(清)$a金庸$4著", " 0")),
}


@pytest.mark.parametrize("case", list(STRUCTURE))
def test_structure_that_is_wrong_is_mended(case):
    """NO-19; cases 6, 7, 8 and 16."""
    assert imported(STRUCTURE[case]).record.title == HAN


def test_11_a_number_field_without_number_keeps_its_price():
    """NO-4, NO-7."""
    found = imported(book(data("010", "$b平$d0.17")))

    assert found.record.identifiers == ()
    assert found.record.prices[0].amount == Decimal("0.17")
    assert BibFlag.IDENTIFIER_EMPTY in found.record.flags


HOLDINGS = {
    "12 many $b in one 905": (data("905", "$aX$b001$b002$b003"), "905", 3),
    "13 copies run together in one 985": (data("985", "$a1$bX$d9$h7$a2$bY$d8$h6"), "985", 2),
    "14 a range of barcodes": (data("905", "$aX$b20295403-5408"), "auto", 6),
}


@pytest.mark.parametrize("case", list(HOLDINGS))
def test_copies_are_found_in_local_fields(case):
    """NO-18; cases 12 to 14."""
    field, holdings, count = HOLDINGS[case]

    found = imported(book(field), holdings=holdings)

    assert len({item.barcode for item in found.items}) == count


def test_15_a_class_that_is_not_clc_is_not_taken_for_one():
    """NO-16."""
    assert imported(book(data("690", "$a21.2"))).record.classes[0].scheme == "other"


@pytest.mark.parametrize(
    "written",
    ["７－５３３９－１８４５－２", "ISBN 7-5339-1845-2", "7-5339-1845-2(平装)", "753391845-2"],
)
def test_17_isbns_in_every_dress(written):
    """NO-4."""
    assert imported(book(data("010", f"$a{written}"))).record.isbns() == ("9787533918453",)


def test_17_an_sbn_of_nine_digits_is_an_isbn():
    """NO-4."""
    assert imported(book(data("010", "$a306406152"))).record.isbns() == ("9780306406157",)


@pytest.mark.parametrize(
    ("written", "amount", "currency", "set_of"),
    [
        ("0.38元", "0.38", "CNY", None),
        ("￥25", "25", "CNY", None),
        ("25.00", "25.00", "CNY", None),
        ("0.17", "0.17", "CNY", None),
        ("CNY158.00(全2册)", "158.00", "CNY", 2),
        ("CNY79.00 (含光盘)", "79.00", "CNY", None),
        ("HKD88", "88", "HKD", None),
        ("TWD280", "280", "TWD", None),
        ("非卖品", None, "", None),
    ],
)
def test_18_prices_in_every_dress(written, amount, currency, set_of):
    """NO-7."""
    (price,) = imported(book(data("010", f"$a7-5339-1845-2$d{written}"))).record.prices

    assert price.text == written
    assert price.amount == (None if amount is None else Decimal(amount))
    assert (price.currency, price.set_of) == (currency, set_of)


PAIRED = [
    ("245", "10", [("6", "880-01"), ("a", "She diao ying xiong zhuan")]),
    ("880", "10", [("6", "245-01/$1"), ("a", "射雕英雄传")]),
]
TURNED = [
    ("245", "10", [("6", "880-01"), ("a", "射雕英雄传")]),
    ("880", "10", [("6", "245-01/(B"), ("a", "She diao ying xiong zhuan")]),
]


@pytest.mark.parametrize("fields", [PAIRED, TURNED], ids=["pinyin with Han", "Han with pinyin"])
def test_880_pairs_give_one_title_whichever_way_round_they_are(fields):
    """NO-11; domain.md §3c."""
    found = imported(iso(marc21(*fields, without="245"), dialect=MARC21)).record

    assert found.title == "射雕英雄传"
    assert found.titles[0].pinyin.lower() == "she diao ying xiong zhuan"


def test_19_characters_an_export_could_not_write():
    """NO-20."""
    assert BibFlag.CHARACTERS_UNENCODED in imported(book(title="$a朱〓基$f某")).record.flags


def test_20_references_left_by_an_export_through_html():
    """NO-2."""
    found = imported(book(title="$a&#23556;雕英雄传 &amp; 其他"))

    assert found.record.title == f"{HAN} & 其他"
    assert Flag.ENTITIES_UNESCAPED in found.flags


def test_21_titles_that_were_garbled_before_they_came():
    """NO-20."""
    garbled = "射雕英雄传奇".encode().decode("gb18030", "ignore")

    assert BibFlag.MOJIBAKE in imported(book(title=f"$a{garbled}")).record.flags
