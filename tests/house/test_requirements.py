"""Pins are exact, name no package index, and are what is installed here."""

import re
from importlib.metadata import version

import pytest

from tests.house.tree import ROOT, listing

PIN = re.compile(
    r"^(?P<name>[a-z0-9._-]+)(?:\[[a-z,]+\])?==(?P<version>[0-9][\w.]*)$", re.IGNORECASE
)
FILES = ("requirements.txt", "requirements-dev.txt")


def _lines(name: str) -> list[str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return [line.strip() for line in text.splitlines() if line.strip() and line[0] != "#"]


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_an_exact_pin(name):
    loose = [line for line in _lines(name) if not PIN.match(line) and line != "-r requirements.txt"]

    assert not loose, listing(loose)


@pytest.mark.parametrize("name", FILES)
def test_what_is_installed_is_what_is_pinned(name):
    pins = [found for line in _lines(name) if (found := PIN.match(line))]
    differs = [
        f"{pin['name']}: pinned {pin['version']}, installed {version(pin['name'])}"
        for pin in pins
        if version(pin["name"]) != pin["version"]
    ]

    assert not differs, listing(differs) + "\nRun make lint once: it installs what changed."


def test_the_development_pins_include_the_runtime():
    assert "-r requirements.txt" in _lines("requirements-dev.txt")
