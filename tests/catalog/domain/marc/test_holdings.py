"""Rule NO-18: copies, in whichever field a library writes them."""

from decimal import Decimal

import pytest

from catalog.domain.items import ItemFacts
from catalog.domain.marc.holdings import expand_range
from catalog.domain.marc.parse import SourceProfile
from catalog.domain.marc.problems import Flag
from catalog.domain.records import Price
from tests.catalog.domain.marc.build import (
    CNMARC,
    MARC21,
    UNIMARC,
    cnmarc,
    data,
    iso,
    marc21,
    parsed,
)


def read(*fields, holdings="auto", dialect=CNMARC):
    build = marc21 if dialect is MARC21 else cnmarc
    return parsed(iso(build(*fields), dialect=dialect), holdings=holdings)


def barcodes(found):
    return [item.barcode for item in found.items]


CASES = {
    "905": (
        CNMARC,
        data("905", "$aXIAOSHU$b0012345$cA区$dI712.45$e21$v2$r25.00元"),
        ItemFacts(
            barcode="0012345", branch_code="XIAOSHU", location="A区", call_number="I712.45/21",
            volume="2", price=Price(text="25.00元", amount=Decimal("25.00"), currency="CNY"),
        ),
    ),
    "906": (
        CNMARC,
        data("906", "$a211260$b1683011$dF124$e26"),
        ItemFacts(barcode="1683011", branch_code="211260", call_number="F124/26"),
    ),
    "985": (
        CNMARC,
        data("985", "$a30001$b总馆$sI247/3"),
        ItemFacts(barcode="30001", branch_code="总馆", call_number="I247/3"),
    ),
    "995": (
        UNIMARC,
        data("995", "$bOWN$cBR1$f77001$k843 CAM$rLIVR$uabîmé"),
        ItemFacts(
            barcode="77001", branch_code="BR1", call_number="843 CAM", material="LIVR",
            note="abîmé",
        ),
    ),
    "952": (
        MARC21,
        data("952", "$aCPL$bMPL$cGEN$oE 3$p39999$t1$yBK$hv. 2"),
        ItemFacts(
            barcode="39999", branch_code="CPL", location="GEN", call_number="E 3", copy="1",
            material="BK", volume="v. 2",
        ),
    ),
    "852": (
        MARC21,
        data("852", "$aOrg$bMain$cStacks$hPS3557$i.A5$p31111$t2$zworn"),
        ItemFacts(
            barcode="31111", branch_code="Main", location="Stacks", call_number="PS3557 .A5",
            copy="2", note="worn",
        ),
    ),
    "949": (
        MARC21,
        data("949", "$aFIC DOE$wLC$i30007$lSTACKS$mHUNT$tBOOK"),
        ItemFacts(
            barcode="30007", branch_code="HUNT", location="STACKS", call_number="FIC DOE",
            material="BOOK",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("holdings", ["named", "auto"])
@pytest.mark.parametrize("profile", list(CASES))
def test_each_profile_reads_its_field(profile, holdings):
    """NO-18: named by the member, and found without being named."""
    dialect, field, expected = CASES[profile]

    found = read(field, dialect=dialect, holdings=profile if holdings == "named" else "auto")

    (item,) = found.items
    assert item == expected
    assert not found.flags


def test_profile_none_reads_no_copies():
    assert read(data("905", "$b0012345"), holdings="none").items == ()


def test_an_unknown_profile_is_refused_when_it_is_made():
    with pytest.raises(ValueError, match="906b"):
        SourceProfile(holdings="906b")


def test_many_barcodes_in_one_905_share_the_rest():
    """NO-18."""
    found = read(data("905", "$aXS$b001$b002$b003$dI247$e3"))

    assert barcodes(found) == ["001", "002", "003"]
    assert {(i.branch_code, i.call_number) for i in found.items} == {("XS", "I247/3")}


def test_barcodes_and_volumes_in_turn_go_together():
    """NO-18."""
    found = read(data("905", "$aXS$b001$v上$b002$v下$dI247$e3"))

    assert [(i.barcode, i.volume, i.call_number) for i in found.items] == [
        ("001", "上", "I247/3"),
        ("002", "下", "I247/3"),
    ]


def test_copies_run_together_in_one_985():
    """NO-18."""
    written = "$a30001$b总馆$dCNY25.00$h0001$a30002$b东区$dCNY26.00$h0002"

    found = read(data("985", written), holdings="985")

    assert [(i.barcode, i.branch_code, str(i.price.amount)) for i in found.items] == [
        ("30001", "总馆", "25.00"),
        ("30002", "东区", "26.00"),
    ]


def test_several_barcodes_in_one_subfield():
    """NO-18."""
    assert barcodes(read(data("905", "$b001,002；003 004"))) == ["001", "002", "003", "004"]


@pytest.mark.parametrize(
    ("written", "expanded"),
    [
        ("20295403-5408", [str(n) for n in range(20295403, 20295409)]),
        ("1683011-3", ["1683011", "1683012", "1683013"]),
        ("0010208-10", ["0010208", "0010209", "0010210"]),
        ("A00998-A01001", ["A00998", "A00999", "A01000", "A01001"]),
        ("001~003", ["001", "002", "003"]),
        ("1234-5678", ["1234-5678"]),  # a number with a dash, not 4,445 copies
        ("978-7-5448", ["978-7-5448"]),
        ("200-100", ["200-100"]),
        ("T1-22", ["T1-22"]),
        ("", []),
    ],
)
def test_a_range_of_barcodes_is_every_barcode_in_it(written, expanded):
    """NO-18."""
    assert expand_range(written) == expanded


def test_a_range_is_flagged():
    """NO-18."""
    found = read(data("905", "$b20295403-5408"))

    assert len(found.items) == 6
    assert Flag.BARCODE_RANGE in found.flags


def test_one_barcode_twice_in_a_record_is_one_copy():
    """NO-18."""
    found = read(data("905", "$b001$cA"), data("905", "$b001$cB"))

    assert [(i.barcode, i.location) for i in found.items] == [("001", "A")]
    assert Flag.BARCODE_REPEATED in found.flags


def test_a_copy_without_barcode_is_flagged_not_invented():
    """NO-18."""
    found = read(data("905", "$aXS$dI247$e3"))

    assert found.items == ()
    assert Flag.ITEM_WITHOUT_BARCODE in found.flags


def test_905_f_is_a_call_number_only_if_it_looks_like_one():
    """NO-18."""
    assert read(data("905", "$b001$fI247.5/3")).items[0].call_number == "I247.5/3"
    assert read(data("905", "$b001$f3")).items[0].call_number == ""


def test_the_place_of_852_goes_to_its_copies_in_876():
    """NO-18: linked by $8."""
    found = read(
        data("852", "$81$bMain$hPS1"), data("852", "$82$bEast$hPS2"),
        data("876", "$81.1$p111"), data("876", "$82.1$p222$tc. 2"),
        dialect=MARC21,
    )  # fmt: skip

    assert [(i.barcode, i.branch_code, i.call_number, i.copy) for i in found.items] == [
        ("111", "Main", "PS1", ""),
        ("222", "East", "PS2", "c. 2"),
    ]
