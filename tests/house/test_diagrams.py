"""The picture of the states is the one the tables draw."""

from tests.house import diagrams


def test_the_page_of_states_is_drawn_from_the_tables_as_they_are():
    assert diagrams.PAGE.read_text(encoding="utf-8") == diagrams.page(), "run `make diagrams`"
