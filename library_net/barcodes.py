"""Barcodes drawn as inline SVG: Code 128 by our own encoder, QR by segno; no file, no script."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import segno
from django.utils.safestring import SafeString

# ISO/IEC 15417: widths of bars and spaces of each symbol value, then the stop pattern.
_WIDTHS: Final = re.findall(
    r"\d+",
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112",
)
_START_B, _START_C, _STOP = 104, 105, 106
_TO_B, _TO_C = 100, 99
_CHECK_MODULUS: Final = 103
_FIRST, _LAST = 32, 126  # what set B can say: printable ASCII
_WORTH_CHANGING: Final = 4  # so many digits in a row are shorter in set C
_QUIET_BARS: Final = 10  # modules left blank on either side (ISO/IEC 15417 §4.4)
_QUIET_QR: Final = 4  # ISO/IEC 18004 §6.3.8
_BAR_HEIGHT: Final = 50


def code_128(text: str) -> SafeString:
    """A Code 128 symbol. Raises ``ValueError`` for what is not printable ASCII.

    >>> code_128("B0000001").startswith("<svg")
    True
    """
    if not text or any(not _FIRST <= ord(letter) <= _LAST for letter in text):
        raise ValueError(text)
    widths = "".join(_WIDTHS[value] for value in _with_check(_values(text)))
    row = [place % 2 == 0 for place, width in enumerate(widths) for _ in range(int(width))]
    return _svg([row], quiet=_QUIET_BARS, height=_BAR_HEIGHT, label=text)


def qr(text: str) -> SafeString:
    """A QR symbol that may lose 15 % of its face (level M) and is still read."""
    symbol = segno.make(text, error="m", micro=False)
    rows = [[bool(module) for module in row] for row in symbol.matrix]
    return _svg(rows, quiet=_QUIET_QR, height=len(rows), label=text)


def _values(text: str) -> Iterable[int]:
    """Symbol values with their code sets: pairs of digits in set C where that is shorter."""
    place, in_c = 0, False
    while place < len(text):
        digits = _digits_from(text, place)
        wants_c = digits >= (2 if in_c else _WORTH_CHANGING)
        if wants_c and not in_c and digits % 2 and place:
            wants_c = False  # one digit in set B first, then the pairs come out even
        if place == 0:
            yield _START_C if wants_c else _START_B
        elif wants_c != in_c:
            yield _TO_C if wants_c else _TO_B
        in_c = wants_c
        yield int(text[place : place + 2]) if in_c else ord(text[place]) - _FIRST
        place += 2 if in_c else 1


def _digits_from(text: str, place: int) -> int:
    end = place
    while end < len(text) and text[end].isdigit():
        end += 1
    return end - place


def _with_check(values: Iterable[int]) -> list[int]:
    symbols = list(values)
    check = symbols[0] + sum(place * value for place, value in enumerate(symbols[1:], start=1))
    return [*symbols, check % _CHECK_MODULUS, _STOP]


def _svg(rows: Sequence[Sequence[bool]], *, quiet: int, height: int, label: str) -> SafeString:
    """Dark runs as one path on white; ``label`` is what a screen reader says."""
    width = len(rows[0])
    step = height // len(rows)
    path = "".join(
        f"M{quiet + start} {quiet + number * step}h{end - start}v{step}h-{end - start}z"
        for number, row in enumerate(rows)
        for start, end in _runs(row)
    )
    across, down = width + 2 * quiet, height + 2 * quiet
    said = label.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return SafeString(
        f'<svg xmlns="http://www.w3.org/2000/svg" class="barcode" viewBox="0 0 {across} {down}" '
        f'role="img" aria-label="{said}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{across}v{down}h-{across}z"/><path d="{path}"/></svg>'
    )


def _runs(row: Sequence[bool]) -> Iterable[tuple[int, int]]:
    """Where dark begins and ends."""
    start: int | None = None
    for place, is_dark in enumerate((*row, False)):
        if is_dark and start is None:
            start = place
        elif not is_dark and start is not None:
            yield start, place
            start = None
