"""Rules NO-4 to NO-7: numbers and prices as cataloguers write them."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.domain.identifiers import isbn13, parse_isbn, parse_issn, parse_price, parse_ubsn
from catalog.domain.records import IdentifierKind


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("7-5339-1845-2", "9787533918453"),
        ("7-5053-9013-9", "9787505390133"),
        ("7501329826", "9787501329823"),
        ("978-7-5448-5414-6", "9787544854146"),
        ("978 7 5448 5414 6", "9787544854146"),
        ("ISBN 7-5339-1845-2", "9787533918453"),
        ("ISBN-13：978-7-5448-5414-6", "9787544854146"),
        ("７－５３３９－１８４５－２", "9787533918453"),  # full width
        ("7—5339—1845—2", "9787533918453"),  # the dash of a Chinese keyboard
        ("306406152", "9780306406157"),  # SBN of nine digits
        ("0-8044-2957-X", "9780804429573"),
        ("080442957x", "9780804429573"),
    ],
)
def test_an_isbn_is_known_however_it_is_written(written, value):
    """NO-4."""
    found = parse_isbn(written)

    assert (found.kind, found.value, found.is_valid) == (IdentifierKind.ISBN, value, True)


@pytest.mark.parametrize(
    ("written", "qualifier"),
    [
        ("7-5339-1845-2(平装)", "平装"),
        ("7-5339-1845-2 （精装）", "精装"),
        ("978-7-5448-5414-6：第1卷", "第1卷"),
        ("0812917561 (pbk.) :", "pbk"),
        ("平装7-5339-1845-2", "平装"),
    ],
)
def test_words_around_an_isbn_become_its_qualifier(written, qualifier):
    """NO-4."""
    found = parse_isbn(written)

    assert found.is_valid
    assert found.qualifier == qualifier


@pytest.mark.parametrize("written", ["7-5013-3951-5", "7-5013-395", "97875448541467", "12345"])
def test_a_wrong_isbn_is_kept_as_found_and_marked(written):
    """NO-4."""
    found = parse_isbn(written)

    assert (found.value, found.is_valid) == (written, False)


def test_music_and_serial_numbers_in_the_isbn_field_are_told_apart():
    """NO-4: 979-0 is an ISMN, EAN 977 an ISSN."""
    assert parse_isbn("979-0-2600-0043-8").kind == IdentifierKind.OTHER
    assert parse_isbn("9770009733006").kind == IdentifierKind.ISSN
    assert parse_isbn("9770009733006").value == "00097330"


@given(st.integers(0, 10**9 - 1), st.sampled_from(["", "-", " "]))
def test_an_isbn_10_and_its_isbn_13_are_one_number(number, dash):
    """NO-4: for any nine digits."""
    nine = f"{number:09d}"
    check = -sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11
    ten = nine + ("X" if check == 10 else str(check))
    written = dash.join((ten[0], ten[1:5], ten[5:9], ten[9]))

    found = parse_isbn(written)

    assert found.is_valid
    assert found.value == isbn13(ten)
    assert parse_isbn(found.value) == found


@given(st.text(max_size=40))
def test_any_text_gives_an_identifier_and_a_price(text):
    """NO-4, NO-7: nothing that stands in a field stops a record."""
    assert parse_isbn(text).kind
    assert parse_price(text).text == " ".join(text.split())


@pytest.mark.parametrize(
    ("written", "value", "is_valid"),
    [
        ("0009-7330", "00097330", True),
        ("00097330", "00097330", True),
        ("1524-4571 (Online)", "15244571", True),
        ("2049-3630", "20493630", True),
        ("2049-3631", "2049-3631", False),
        ("０００９－７３３０", "00097330", True),
    ],
)
def test_an_issn_is_eight_characters_without_a_dash(written, value, is_valid):
    """NO-5."""
    found = parse_issn(written)

    assert (found.kind, found.value, found.is_valid) == (IdentifierKind.ISSN, value, is_valid)


@pytest.mark.parametrize(
    "written", ["10019·2265", "10019•2265", "10019.2265", "10019．2265", "统一书号：10019·2265"]
)
def test_a_unified_book_number_is_never_taken_for_an_isbn(written):
    """NO-6."""
    found = parse_isbn(written)

    assert found == parse_ubsn(written)
    assert (found.kind, found.value, found.is_valid) == (IdentifierKind.UBSN, "10019·2265", True)


def test_an_isbn_is_not_a_unified_book_number():
    """NO-6."""
    assert parse_ubsn("7-5339-1845-2") is None


@pytest.mark.parametrize(
    ("written", "amount", "currency", "set_of", "note", "is_assumed"),
    [
        ("CNY79.00 (含光盘)", "79.00", "CNY", None, "含光盘", False),
        ("0.38元", "0.38", "CNY", None, "", False),
        ("￥25", "25", "CNY", None, "", False),
        ("17", "17", "CNY", None, "", True),
        ("0.17", "0.17", "CNY", None, "", True),
        ("CNY158.00(全2册)", "158.00", "CNY", 2, "全2册", False),
        ("￥66.00（全三册）", "66.00", "CNY", 3, "全三册", False),
        ("CNY18.00 (上下册)", "18.00", "CNY", 2, "上下册", False),
        ("HKD88", "88", "HKD", None, "", False),
        ("TWD280", "280", "TWD", None, "", False),
        ("NT$280", "280", "TWD", None, "", False),
        ("$9.95", "9.95", "USD", None, "", False),
        ("2800円", "2800", "JPY", None, "", False),
        ("CNY1,280.00", "1280.00", "CNY", None, "", False),
        ("kr. 92,00", "92.00", "", None, "", False),
    ],
)
def test_a_price_is_an_amount_a_currency_and_what_it_is_for(
    written, amount, currency, set_of, note, is_assumed
):
    """NO-7."""
    found = parse_price(written)

    assert found.amount == Decimal(amount)
    assert (found.currency, found.set_of, found.note) == (currency, set_of, note)
    assert found.is_assumed is is_assumed
    assert found.text == written


@pytest.mark.parametrize("written", ["非卖品", "赠送", "[不详]"])
def test_what_was_never_sold_has_no_amount(written):
    """NO-7."""
    found = parse_price(written)

    assert (found.amount, found.currency, found.is_assumed) == (None, "", False)
    assert found.text == written
