"""Member keys: shown once, stored hashed, scoped to an agency."""

from datetime import UTC, datetime

import pytest
from django.test import RequestFactory
from rest_framework.exceptions import AuthenticationFailed

from library_net.accounts.scope import scope_of
from library_net.api.authentication import MemberKeyAuthentication
from library_net.network.models import Agency, MemberKey

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def agency():
    return Agency.objects.create(code="CN-510104-1-JJ", name_zh="锦江区图书馆", kind="district")


def caller(header: str):
    request = RequestFactory().get("/api/v1/batches/", headers={"Authorization": header})
    found = MemberKeyAuthentication().authenticate(request)
    return found[0] if found else None


def test_a_key_acts_for_its_agency_only(agency):
    other = Agency.objects.create(code="CN-510105-1-QY", name_zh="青羊区图书馆", kind="district")
    _key, secret = MemberKey.issue(agency=agency, label="ILS", now=NOW)

    scope = scope_of(caller(f"Key {secret}"))

    assert scope.covers(agency.pk)
    assert not scope.covers(other.pk)


def test_the_clear_key_is_not_stored(agency):
    key, secret = MemberKey.issue(agency=agency, label="ILS", now=NOW)

    stored = MemberKey.objects.values().get(pk=key.pk)
    assert secret.partition(".")[2] not in str(stored)


@pytest.mark.parametrize("change", ["wrong", "revoked", "malformed"])
def test_a_wrong_or_revoked_key_is_refused(agency, change):
    key, secret = MemberKey.issue(agency=agency, label="ILS", now=NOW)
    if change == "revoked":
        key.revoked_at = NOW
        key.save()
    sent = {"wrong": secret[:-1] + "!", "revoked": secret, "malformed": "ln_"}[change]

    with pytest.raises(AuthenticationFailed):
        caller(f"Key {sent}")


def test_no_key_leaves_the_question_to_the_session():
    assert caller("Basic abc") is None
