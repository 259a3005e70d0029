"""A settlement's lines as a spreadsheet opens them: UTF-8 with a mark, CRLF."""

from __future__ import annotations

import csv
import io
from typing import Final

from circulation.readers.settlements import SettlementView

COLUMNS: Final = ("date", "kind", "owner", "collector", "patron", "loan", "amount")


def settlement_csv(row: SettlementView) -> bytes:
    out = io.StringIO()
    lines = csv.writer(out)
    lines.writerow(COLUMNS)
    for line in row.lines:
        values = (getattr(line, name) for name in COLUMNS)
        lines.writerow(["" if value is None else str(value) for value in values])
    return out.getvalue().encode("utf-8-sig")
