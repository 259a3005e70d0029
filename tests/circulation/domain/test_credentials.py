"""ID-: the numbers on cards and documents. Published or invented numbers only."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from circulation.domain.credentials import (
    Credential,
    CredentialIssue,
    CredentialKind,
    CredentialNote,
    CredentialProblem,
    age_on,
    check_character,
    guess_kinds,
    mask_credential,
    mask_document,
    mask_name,
    normalise,
    parse_credential,
)

TODAY = date(2026, 11, 22)
SAMPLE = "510199199001010015"  # 510199 is assigned to no county


def resident(text: str):
    return parse_credential(kind=CredentialKind.RESIDENT_ID, text=text, today=TODAY)


@pytest.mark.parametrize(
    "number",
    [
        "51010419900307231X",
        "510185202002150024",
        "512081198501010036",
        "810000199001010019",
        "830000198808080017",
        "911510198001010019",
        SAMPLE,
    ],
)
def test_a_right_number_is_accepted(number):
    """ID-2, ID-4."""
    assert resident(number).value == number


@pytest.mark.parametrize(
    "typed",
    [
        "51010419900307231x",
        "５１０１０４１９９００３０７２３１Ｘ",
        " 510104 19900307 231X\r\n",
        "510104900307231",
    ],
)
def test_however_it_is_typed_it_is_one_person(typed):
    """ID-1, ID-3."""
    assert resident(typed).value == "51010419900307231X"


def test_a_first_generation_number_is_upgraded_and_says_so():
    """ID-3."""
    assert CredentialNote.LEGACY_15 in resident("510104900307231").notes


@pytest.mark.parametrize(
    ("number", "issue"),
    [
        ("", CredentialIssue.EMPTY),
        ("51010419900307231", CredentialIssue.WRONG_FORM),
        ("51010419900307231Y", CredentialIssue.WRONG_FORM),
        ("010104199003072311", CredentialIssue.WRONG_FORM),
        ("510199199002300018", CredentialIssue.IMPOSSIBLE_DATE),
        ("510185203013010013", CredentialIssue.IMPOSSIBLE_DATE),
        ("510104199003072311", CredentialIssue.WRONG_CHECK_DIGIT),
        ("510199202611230012", CredentialIssue.FUTURE_DATE),
        ("510199190501010012", CredentialIssue.TOO_OLD),
    ],
)
def test_a_wrong_number_is_told_what_is_wrong(number, issue):
    """ID-2."""
    assert resident(number) == CredentialProblem(kind=CredentialKind.RESIDENT_ID, issue=issue)


@pytest.mark.parametrize(
    ("number", "notes"),
    [
        (SAMPLE, (CredentialNote.UNKNOWN_REGION,)),
        ("512081198501010036", ()),  # Jianyang before 2016: a retired code, a living reader
        ("810000199001010019", (CredentialNote.RESIDENCE_PERMIT,)),
        ("911510198001010019", (CredentialNote.FOREIGN_RESIDENT,)),
    ],
)
def test_where_a_number_was_given_is_noted_never_refused(number, notes):
    """ID-4, ID-5."""
    assert resident(number).notes == notes


def test_the_birth_date_is_read_from_the_number():
    assert resident(SAMPLE).born_on == date(1990, 1, 1)


@given(
    region=st.integers(110000, 659999),
    born=st.dates(date(1910, 1, 1), TODAY),
    sequence=st.integers(0, 999),
)
def test_every_number_with_a_real_date_and_its_check_character_is_accepted(region, born, sequence):
    """ID-2: rejecting a right number is worse than accepting a wrong one."""
    first_17 = f"{region}{born:%Y%m%d}{sequence:03}"
    number = first_17 + check_character(first_17)

    assert isinstance(resident(number), Credential)


@given(position=st.integers(0, 16), digit=st.sampled_from("0123456789"))
def test_one_mistyped_digit_is_always_noticed(position, digit):
    """ID-2: MOD 11-2 finds every single error."""
    typed = SAMPLE[:position] + digit + SAMPLE[position + 1 :]

    assert isinstance(resident(typed), CredentialProblem) == (typed != SAMPLE)


@given(st.text(max_size=40))
def test_no_text_however_odd_is_a_crash(text):
    """ID-6."""
    for kind in CredentialKind:
        found = parse_credential(kind=kind, text=text, today=TODAY)
        assert isinstance(found, Credential | CredentialProblem)
    assert normalise(normalise(text)) == normalise(text)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (CredentialKind.SOCIAL_SECURITY, "A12345678", "A1"),
        (CredentialKind.READER_CARD, "jj-00012", "中"),
        (CredentialKind.PASSPORT, "E12345678", "E-1"),
        (CredentialKind.HK_MACAO_PERMIT, "H1234567800", "X12345678"),
        (CredentialKind.TAIWAN_PERMIT, "12345678", "1234567"),
        (CredentialKind.FOREIGN_RESIDENT, "USA123456789012", "US1234567890123"),
    ],
)
def test_each_kind_of_card_has_its_own_form(kind, good, bad):
    """ID-6."""
    accepted = parse_credential(kind=kind, text=good, today=TODAY)
    refused = parse_credential(kind=kind, text=bad, today=TODAY)

    assert accepted.value == good.upper()
    assert refused.issue == CredentialIssue.WRONG_FORM


@pytest.mark.parametrize("number", [SAMPLE, SAMPLE[:15], "51019919900101001x", "r0000000001"])
def test_a_reader_card_cannot_look_like_another_number_of_a_person(number):
    """ID-11."""
    refused = parse_credential(kind=CredentialKind.READER_CARD, text=number, today=TODAY)

    assert refused.issue == CredentialIssue.RESERVED_FORM


@pytest.mark.parametrize(
    "number", [SAMPLE, SAMPLE[:17], SAMPLE[:15], "５１０１９９ １９９００１０１００１ｘ"]
)
def test_an_id_number_scanned_for_a_book_is_masked_and_a_barcode_is_not(number):
    """ID-12."""
    assert "19900101" not in normalise(mask_document(number))
    assert mask_document("01234567890123") == "01234567890123"
    assert mask_document("Zy-0001") == "Zy-0001"


def test_a_number_is_shown_masked():
    """ID-7."""
    assert mask_credential(SAMPLE) == "510199********0015"
    assert mask_credential("A12345678") == "******678"
    assert mask_credential("123") == "***"
    assert mask_name("欧阳小雪") == "欧***"
    assert mask_name("") == ""


def test_a_scan_is_tried_as_every_card_it_could_be():
    """ID-8."""
    assert guess_kinds(SAMPLE)[0] == CredentialKind.RESIDENT_ID
    assert guess_kinds("CARD-P000001") == (CredentialKind.READER_CARD,)
    assert set(guess_kinds("12345678")) >= {
        CredentialKind.READER_CARD,
        CredentialKind.TAIWAN_PERMIT,
        CredentialKind.SOCIAL_SECURITY,
    }
    assert guess_kinds("《三体》") == ()


def test_an_age_is_completed_years():
    assert age_on(date(2012, 11, 23), day=TODAY) == 13
    assert age_on(date(2012, 11, 22), day=TODAY) == 14
