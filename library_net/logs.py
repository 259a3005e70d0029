"""Log lines without people's numbers, whoever wrote them.

A number can stand in an address somebody mistyped or in the message of a library's exception, so
the line as a whole is masked, its traceback included.
"""

from __future__ import annotations

import logging
import re
from typing import Final

from library_net import vault

# Resident IDs of 18 and 15 digits, also without the last character; then mobile phones. ``\d`` is
# any decimal digit, full-width ones too.
_DAY: Final = r"(?:[0０][1-9１-９]|[1１][0-2０-２])(?:[0-2０-２]\d|[3３][01０１])"
_RESIDENT_ID: Final = rf"\d{{6}}(?:[12１２]\d)?\d\d{_DAY}\d{{3}}[\dXxＸｘ]?"
_PHONE: Final = r"[1１][3-9３-９]\d{9}"
NUMBER: Final = re.compile(rf"(?<!\d)(?:{_RESIDENT_ID}|{_PHONE})(?!\d)")


def without_numbers(text: str) -> str:
    """The same text, what could be a person's number masked.

    >>> without_numbers("Not Found: /patrons/510199199001010015/")
    'Not Found: /patrons/510199********0015/'
    """
    return NUMBER.sub(lambda found: vault.mask(found.group()), text)


class MaskingFormatter(logging.Formatter):
    """Formats as usual, then masks."""

    def format(self, record: logging.LogRecord) -> str:
        return without_numbers(super().format(record))
