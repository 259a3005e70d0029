"""An upload whose taker was killed midway is closed, said so, and holds nobody up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.actions.receive_batch import receive_batch
from catalog.models import Batch, BatchChunk, BatchState, KeptBytes
from catalog.tasks import close_stalled_uploads
from library_net.errors import LibraryError
from tests.catalog.files import cnmarc, many
from tests.catalog.members import Sender
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def member():
    return Sender(World.build(), "JJ")


def broken_off(member, *, hours):
    """A batch as a killed process leaves it: begun so long ago, some bytes in, never ended."""
    batch = Batch.objects.create(
        agency=member.world.agencies["JJ"],
        file_name="half.mrc",
        created_at=timezone.now() - timedelta(hours=hours),
    )
    kept = KeptBytes.objects.create(agency=batch.agency, digest="0" * 64, data=many(2))
    BatchChunk.objects.create(batch=batch, offset=0, length=len(kept.data), kept=kept)
    return batch


def test_an_upload_that_broke_off_is_closed_with_a_word_to_the_member(member):
    batch = broken_off(member, hours=13)

    assert close_stalled_uploads() == 1

    told = member.get(f"batches/{batch.public_id}/").json()
    assert told["state"] == "failed"
    assert told["message"] == ("上传中途断开，其中内容一条也未采用。请重新发送。")
    assert not batch.chunks.exists()
    assert not KeptBytes.objects.exists()
    assert close_stalled_uploads() == 0


def test_an_upload_that_may_still_be_coming_in_is_left_alone(member):
    batch = broken_off(member, hours=11)

    assert close_stalled_uploads() == 0
    batch.refresh_from_db()
    assert batch.state == BatchState.RECEIVING


def test_a_closed_upload_holds_up_neither_later_files_nor_the_digest_exchange(member):
    broken_off(member, hours=13)
    close_stalled_uploads()

    assert member.send(cnmarc("n1", "活着", "余华"))["state"] == "done"
    assert member.get("reconciliation/").json()["unread_batches"] == 0


def test_an_upload_that_ends_after_it_was_given_up_says_so_and_keeps_nothing(member):
    def slowly():
        yield many(2)
        Batch.objects.update(created_at=timezone.now() - timedelta(hours=13))
        close_stalled_uploads()
        yield many(2, start=2)

    with pytest.raises(LibraryError, match="upload_too_slow"):
        receive_batch(agency=member.world.agencies["JJ"], content=slowly(), now=timezone.now())
    assert Batch.objects.get().state == BatchState.FAILED
    assert not BatchChunk.objects.exists()
    assert not KeptBytes.objects.exists()
