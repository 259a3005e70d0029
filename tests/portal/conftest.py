"""Readers at the portal's own door: signed in through the form, pages read as people read them."""

import re
from html import unescape

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.search.follow import rebuild
from catalog.search.index import shared_index
from circulation.actions.checkout import checkout
from circulation.actions.operations import Intent
from library_net.accounts.models import User
from library_net.accounts.scope import Scope
from tests.world import World

PASSWORD = "reads-every-evening"


@pytest.fixture(autouse=True)
def fresh_cache():
    """Counts and failed tries of one test are nothing to the next."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def world(db):
    return World.build()


@pytest.fixture
def reader(world):
    """雪 with a log-in; her browser is `reader.client` after `sign_in`."""
    patron = world.patrons["雪"]
    patron.user = User.objects.create_user(patron.number, password=PASSWORD, name=patron.name)
    patron.save()
    return patron


@pytest.fixture
def signed_in(reader):
    client = Client()
    answer = sign_in(client, reader.number)
    assert answer.status_code == 302
    return client


@pytest.fixture
def index(settings, tmp_path):
    """index() brings the search index up to what the database says."""
    settings.SEARCH_INDEX_PATH = tmp_path / "search"
    return lambda: rebuild(shared_index(settings.SEARCH_INDEX_PATH))


def sign_in(client, identifier, *, password=PASSWORD, **more):
    return client.post(
        reverse("portal:sign_in"), {"identifier": identifier, "password": password, **more}
    )


def lend(world, item, *, to="雪", now=None, days_ago=0):
    """A loan made at the desk of the branch where the copy stands."""
    when = (now or timezone.now()) - timezone.timedelta(days=days_ago)
    staff = Intent(caller="test", operation_id=f"lend-{item.pk}-{to}", scope=Scope(everywhere=True))
    answer = checkout(
        intent=staff,
        branch_id=item.current_branch_id,
        patron_id=world.patrons[to].pk,
        barcode=item.barcode,
        now=when,
    )
    return answer["loan"]


def text_of(answer):
    """The words of a page, without its marks."""
    html = answer.content.decode()
    html = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()
