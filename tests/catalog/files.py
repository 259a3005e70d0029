"""Own-made MARC files for tests: records in one line each, in any dialect and encoding."""

from catalog.domain.marc.write import LeaderFlags, write_iso2709, write_marcxml
from catalog.domain.records import MarcFormat

CNMARC, MARC21 = MarcFormat.CNMARC, MarcFormat.MARC21


def cnmarc_fields(
    number, title, author="", *, isbn="", publisher="", year=None, pages=None, volume="",
    edition="", pinyin="", items=(),
):  # fmt: skip
    """``items`` are (barcode, branch, call number)."""
    fields = [("001", "", [("", number)])] if number else []
    if isbn:
        fields.append(("010", "  ", [("a", isbn)]))
    coded = f"20260101d{year or 2000}    em y0chiy50      ea"
    fields.append(("100", "  ", [("a", coded)]))
    fields.append(("101", "0 ", [("a", "chi")]))
    fields.append(("102", "  ", [("a", "CN")]))
    main = [("a", title)]
    main += [("9", pinyin)] if pinyin else []
    main += [("h", volume)] if volume else []
    main += [("f", f"{author}著")] if author else []
    fields.append(("200", "1 ", main))
    if edition:
        fields.append(("205", "  ", [("a", edition)]))
    imprint = [("a", "北京")]
    imprint += [("c", publisher)] if publisher else []
    imprint += [("d", str(year))] if year else []
    fields.append(("210", "  ", imprint))
    if pages:
        fields.append(("215", "  ", [("a", f"{pages}页")]))
    if author:
        fields.append(("701", " 0", [("a", author), ("4", "著")]))
    for barcode, branch, call in items:
        fields.append(("905", "  ", [("a", branch), ("b", barcode), ("s", call)]))
    return fields


def marc21_fields(
    number, title, author="", *, isbn="", publisher="", year=None, pages=None, han=(), items=(),
):  # fmt: skip
    """``han`` are (title, author, publisher) for 880 fields beside the romanised ones."""
    fields = [("001", "", [("", number)])] if number else []
    coded = f"260101s{year or 2000}    cc            000 0 chi d"
    fields.append(("008", "", [("", coded)]))
    if isbn:
        fields.append(("020", "  ", [("a", isbn)]))
    link = [("6", "880-01")] if han else []
    if author:
        fields.append(("100", "1 ", [*([("6", "880-02")] if han else []), ("a", author)]))
    fields.append(("245", "10", [*link, ("a", title)]))
    imprint = [("6", "880-03")] if han else []
    imprint += [("a", "Beijing :"), ("b", publisher), ("c", str(year or ""))]
    fields.append(("260", "  ", imprint))
    if pages:
        fields.append(("300", "  ", [("a", f"{pages} p.")]))
    if han:
        fields.append(("880", "10", [("6", "245-01/$1"), ("a", han[0])]))
        fields.append(("880", "1 ", [("6", "100-02/$1"), ("a", han[1])]))
        fields.append(
            ("880", "  ", [("6", "260-03/$1"), ("a", "北京 :"), ("b", han[2]), ("c", str(year))])
        )
    for barcode, branch, call in items:
        fields.append(("952", "  ", [("p", barcode), ("a", branch), ("b", branch), ("o", call)]))
    return fields


def cnmarc(*args, encoding="utf-8", status="n", **named):
    return write_iso2709(
        cnmarc_fields(*args, **named),
        format=CNMARC,
        encoding=encoding,
        leader_flags=LeaderFlags(status=status),
    )


def unusable(number, title):
    """A record of its right length whose number can be read, but not its fields."""
    data = cnmarc(number, title)
    at = data.rindex(b"\x1e", 0, -2)  # the last field but one loses its end
    return data[:at] + b" " + data[at + 1 :]


def authority(number, name):
    """What full exports often hold besides: a record of a person."""
    fields = [("001", "", [("", number)]), ("200", " 1", [("a", name)])]
    data = write_iso2709(fields, format=CNMARC)
    return data[:6] + b"x" + data[7:]


def marc21(*args, encoding="utf-8", status="n", **named):
    return write_iso2709(
        marc21_fields(*args, **named),
        format=MARC21,
        encoding=encoding,
        leader_flags=LeaderFlags(status=status),
    )


def marcxml(*records, dialect=CNMARC):
    return write_marcxml(records, format=dialect)


def many(count, *, start=0, version="", copies=0, branch="JJ-MAIN", prefix="N"):
    """A file of distinct invented books, the same whenever it is made."""
    return b"".join(
        cnmarc(
            f"{prefix}{number:06d}",
            f"城市档案之{_han(number)}{version}",
            f"作者{_han(number % 97)}",
            publisher="蓉城出版社",
            year=1980 + number % 40,
            pages=100 + number % 300,
            items=[
                (f"{prefix}{number:06d}{copy}", branch, f"K29/{number}") for copy in range(copies)
            ],
        )
        for number in range(start, start + count)
    )


_HAN = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥东南西北春夏秋冬风花雪月山水云雨江河湖海"


def _han(number):
    """A number as a word that no volume or year could be read out of."""
    digits = []
    while True:
        number, digit = divmod(number, len(_HAN))
        digits.append(_HAN[digit])
        if not number:
            return "".join(reversed(digits))
