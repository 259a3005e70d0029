"""Reading the network file."""

import pytest

from library_net.errors import LibraryError
from library_net.network.importer import load_network
from library_net.network.models import Agency, Branch, Route

pytestmark = pytest.mark.django_db

HEADER = "code,name_zh,name_en,lat,lon,parent,kind,gb2260,population_2020"
CENTER = "CN-510100-1-C,中心馆,Centre,30.66,104.06,,center,510100,20000"
# The district comes before its parent's other children, the machine before its agency.
MACHINE = "CN-510104-1-D1,自助馆,Machine,30.66,104.07,CN-510104-1-D,selfservice,510104,0"
DISTRICT = "CN-510104-1-D,区馆,District,30.66,104.08,CN-510100-1-C,district,510104,900"


def test_the_file_becomes_a_tree_of_agencies_and_branches_in_any_row_order():
    load_network([HEADER, MACHINE, DISTRICT, CENTER])

    district = Agency.objects.get(code="CN-510104-1-D")
    assert district.parent == Agency.objects.get(code="CN-510100-1-C")
    assert set(district.branches.values_list("code", "kind")) == {
        ("CN-510104-1-D", "main"),
        ("CN-510104-1-D1", "selfservice"),
    }
    assert Route.objects.filter(origin__code="CN-510104-1-D1").count() == 1


def test_reading_it_again_changes_nothing_and_keeps_what_a_librarian_set():
    load_network([HEADER, CENTER, DISTRICT])
    Branch.objects.filter(code="CN-510104-1-D").update(shelf_capacity=77)
    Agency.objects.filter(code="CN-510104-1-D").update(return_policy="float")

    outcome = load_network([HEADER, CENTER, DISTRICT.replace("区馆", "新区馆")])

    assert (outcome.agencies, outcome.branches, outcome.routes) == (0, 0, 0)
    branch = Branch.objects.get(code="CN-510104-1-D")
    assert (branch.name_zh, branch.shelf_capacity) == ("新区馆", 77)
    assert Agency.objects.get(code="CN-510104-1-D").return_policy == "float"


def test_a_bad_row_is_named_and_the_rest_is_read():
    outcome = load_network(
        [
            HEADER,
            CENTER,
            "X,无经纬,,north,104,,district,510104,0",
            "Y,不明类型,,30,104,,castle,510104,0",
            "Z,孤儿,,30,104,NOWHERE,district,510104,0",
        ]
    )

    assert [(line, code) for line, code, _params in outcome.errors] == [
        (3, "network_coordinates_bad"),
        (4, "network_row_bad"),
        (5, "network_parent_unknown"),
    ]
    assert Agency.objects.count() == 1


def test_a_file_without_the_needed_columns_is_refused_by_name():
    with pytest.raises(LibraryError) as refusal:
        load_network(["code,name_zh", "A,甲"])

    assert refusal.value.code == "network_columns_missing"
    assert "gb2260" in refusal.value.params["columns"]
