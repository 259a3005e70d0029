"""Shelf order, vectors of domain.md §7."""

import random

import pytest

from catalog.domain.callnumber import call_number_key, looks_like_call_number, main_class

SHELF = """G250/7, G250-53/1, G250.7/1, G259.2=3/1, I210:J/1, I210.97-49/1, I242.4/1, I247/5,
I247.5/2, I247.5/12, I247.57/3044, I247.57/3044:2, I247.57/N2338, I247.57/Y975, K928.9(271)/1,
K928.971.1/1, O4/2, O4-33/1, O40/1, TP311.13/1, TP312/9, TP312/10, TP312.8PY/3, TP312PY/2"""


def test_a_shuffled_shelf_comes_back_in_order():
    shelf = [number.strip() for number in SHELF.split(",")]
    shuffled = random.Random(7).sample(shelf, len(shelf))
    assert sorted(shuffled, key=call_number_key) == shelf


def test_a_library_may_order_the_signs_its_own_way():
    numbers = ["O4:7/1", "O4-33/1"]
    assert sorted(numbers, key=lambda n: call_number_key(n, symbols=":-")) == numbers


@pytest.mark.parametrize("written", ["{阅览} i247.5/12", "Ｉ２４７．５／１２", " I247.5 / 12 "])
def test_spelling_does_not_move_a_book(written):
    assert call_number_key(written) == call_number_key("I247.5/12")


def test_no_call_number_has_no_key():
    assert call_number_key(" ") == ""


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [("I247.57/3044", True), ("tp312", True), ("sdyxz", False), ("1984", False), ("三体", False)],
)
def test_the_shape_of_a_call_number_is_recognised(typed, is_one):
    assert looks_like_call_number(typed) is is_one


@pytest.mark.parametrize(
    ("number", "letters"),
    [("I247.57", "I"), ("TP311", "TP"), ("K928.9(271)", "K"), ("21.2", ""), ("ILAS", "")],
)
def test_the_main_class_is_the_letter_readers_know(number, letters):
    assert main_class(number) == letters
