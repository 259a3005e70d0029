"""Printed codes are read back by a decoder that shares no code with what draws them."""

import re

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from library_net.barcodes import code_128, qr

SCALE = 4
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v(\d+)h-\d+z")
SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)"')


def picture(svg):
    """The grey picture a printer would make of the path."""
    width, height = map(int, SIZE.search(svg).groups())
    image = np.full((height * SCALE, width * SCALE), 255, dtype=np.uint8)
    for x, y, across, down in (map(int, run) for run in RUN.findall(svg.split("<path d=")[1])):
        image[y * SCALE : (y + down) * SCALE, x * SCALE : (x + across) * SCALE] = 0
    return image


def read(svg):
    found = zxingcpp.read_barcodes(picture(svg))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    "text", ["B0000001", "01234567", "5101040012345", "CRATE-07", "X1", "A12345B6789012c", "12"]
)
def test_a_barcode_is_read_as_it_was_meant(text):
    found = read(code_128(text))

    assert (found.text, "128" in str(found.format)) == (text, True)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=24))
def test_any_printable_barcode_is_read_back(text):
    assert read(code_128(text)).text == text


def test_pairs_of_digits_take_half_the_room():
    def width(text):
        return int(SIZE.search(code_128(text)).group(1))

    assert width("12345678") < width("ABCDEFGH")


@pytest.mark.parametrize("text", ["", "三体", "a\nb"])
def test_what_code_128_cannot_say_is_refused(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        code_128(text)


@pytest.mark.parametrize("text", ["CRATE-07", "周转箱 7 号", "https://library.example/works/w1"])
def test_a_qr_code_is_read_as_it_was_meant(text):
    assert read(qr(text)).text == text


def test_a_label_cannot_break_out_of_the_picture():
    assert 'aria-label="&lt;&quot;"' in code_128('<"')
