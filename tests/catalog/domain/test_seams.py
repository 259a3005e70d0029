"""Pieces of files: all bytes, cut alike however they arrive, and met again behind an insertion."""

import pytest

from catalog.domain.seams import LEAST, MOST, cut_at_seams
from tests.catalog.files import cnmarc_fields, many, marcxml


def pieces(data, *, at_once=None):
    step = at_once or len(data) or 1
    return list(cut_at_seams(data[at : at + step] for at in range(0, len(data), step)))


def in_xml(count):
    return marcxml(*(cnmarc_fields(f"x{n}", f"书{n}", f"甲{n}") for n in range(count)))


@pytest.mark.parametrize("at_once", [7, 1000, 40_000, 300_000])
def test_the_cuts_do_not_depend_on_how_the_bytes_arrive(at_once):
    data = many(800)

    found = pieces(data, at_once=at_once)

    assert b"".join(found) == data
    assert found == pieces(data)


def test_a_piece_ends_with_a_record():
    found = pieces(many(1500))

    assert len(found) > 3
    assert all(piece.endswith(b"\x1d") for piece in found)
    assert all(len(piece) >= LEAST for piece in found[:-1])


def test_behind_an_insertion_the_pieces_are_those_of_before():
    data = many(3000)
    before = pieces(data)

    after = pieces(many(1, start=9000) + data)

    assert len(before) > 8
    assert len(set(before) - set(after)) <= 3


def test_a_piece_of_marcxml_ends_with_an_element():
    found = pieces(in_xml(600))

    assert len(found) > 2
    assert all(piece.endswith(b"</record>") for piece in found[:-1])


def test_bytes_without_records_are_cut_by_length():
    assert [len(piece) for piece in pieces(b"a" * (2 * MOST + 5))] == [MOST, MOST, 5]
    assert pieces(b"") == []
