"""Frames and messages, without a database: what the standard and published vectors say."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from circulation.protocols.sip2.framing import Framer, TooLong, checksum, close_frame, open_frame
from circulation.protocols.sip2.layouts import LAYOUTS
from circulation.protocols.sip2.messages import Message, ProtocolError, build, clean, parse

VALUES = st.text(max_size=40).map(clean)
TAGS = st.from_regex(r"[A-Z]{2}", fullmatch=True).filter(lambda tag: tag not in ("AY", "AZ"))


def test_published_frames_have_the_published_checksums():
    assert open_frame(b"9900302.00AY1AZFCA5").is_sound
    assert open_frame(b"9300CNscclient|COclientpwd|CPX|AY0AZF32E").is_sound
    assert close_frame(b"97", sequence="") == b"97\r"
    assert checksum(b"97AZ") == "FEF5"
    assert checksum(b"96AZ") == "FEF6"


def test_one_flipped_bit_is_noticed():
    frame = b"9300CNscclient|COclientpwd|CPX|AY0AZF32E"
    for place in range(len(frame) - 12):
        broken = bytearray(frame)
        broken[place] ^= 1
        assert not open_frame(bytes(broken)).is_sound


def test_a_character_whose_second_byte_is_the_bar_does_not_break_its_field():
    title = next(
        text
        for point in range(0x4E00, 0x9FA5)
        if chr(point).encode("gb18030")[-1:] == b"|" and (text := chr(point) * 3)
    )
    frame = build(Message(code="18", fixed=_blank("18"), fields=(("AB", "1"), ("AJ", title))))

    sent = frame.encode("gb18030")

    assert sent.count(b"|") > 2
    assert parse(sent.decode("gb18030")).get("AJ") == title


def test_the_checksum_counts_bytes_so_the_encoding_comes_first():
    body = "101YNN20261122    101500AOJJ|AB1|AQJJ-MAIN|AJ三体|"

    assert checksum(body.encode() + b"AY1AZ") != checksum(body.encode("gb18030") + b"AY1AZ")
    for encoding in ("utf-8", "gb18030"):
        assert open_frame(close_frame(body.encode(encoding), sequence="1").rstrip()).is_sound


def test_frames_come_out_whole_however_the_bytes_arrive():
    stream = b"\n9900302.00AY1AZFCA5\r\n97AZFEF5\r\x00\r\n99\r"
    for size in range(1, len(stream)):
        framer = Framer()
        pieces = [stream[i : i + size] for i in range(0, len(stream), size)]
        frames = [frame for piece in pieces for frame in framer.feed(piece)]
        assert frames == [b"9900302.00AY1AZFCA5", b"97AZFEF5", b"99"]


def test_a_frame_without_end_is_cut_off_and_told_once():
    framer = Framer(limit=100)

    found = [frame for _ in range(50) for frame in framer.feed(b"x" * 30)]
    after = framer.feed(b"tail\r99\r")

    assert len(found) == 1
    assert isinstance(found[0], TooLong)
    assert after == [b"99"]


def test_a_missing_date_is_not_read_from_the_fields_behind_it():
    message = parse("65AOJJ|AACARD-1|ADx|")

    assert message.fixed["date"].isspace()
    assert (message.get("AO"), message.get("AA")) == ("JJ", "CARD-1")


@given(
    code=st.sampled_from(sorted(LAYOUTS)),
    fields=st.lists(st.tuples(TAGS, VALUES), max_size=8),
    data=st.data(),
)
def test_what_is_built_is_parsed_again(code, fields, data):
    fixed = {
        name: data.draw(st.text("0123456789 ", min_size=width, max_size=width))
        for name, width in LAYOUTS[code]
    }
    message = Message(code=code, fixed=fixed, fields=tuple(fields))
    if code == "17" or any(tag[:1].isdigit() for tag, _value in fields):
        return

    assert parse(build(message)) == message


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_but_a_protocol_error(data):
    for frame in Framer().feed(data + b"\r"):
        if isinstance(frame, TooLong):
            continue
        with contextlib.suppress(ProtocolError):
            parse(open_frame(frame).body.decode("gb18030", errors="replace"))


def _blank(code):
    return {name: " " * width for name, width in LAYOUTS[code]}
