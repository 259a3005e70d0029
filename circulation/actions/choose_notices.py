"""Keep how a reader wants to be told."""

from __future__ import annotations

from collections.abc import Collection
from datetime import time

from django.db import transaction

from circulation.domain.notices import USUAL_ORDER
from circulation.models import NoticeAddress, NoticeChoice
from circulation.models.notices import ChannelKind, NoticeKind


def choose_notices(
    *,
    patron_id: int,
    first_channel: str,
    wanted_kinds: Collection[str],
    quiet_from: time,
    quiet_to: time,
    email: str = "",
    forgets: Collection[str] = (),
) -> None:
    """The reader's own choice; done twice it is the same choice.

    ``forgets`` are channels whose address is no longer kept (NT-6). The other ways stay behind the
    first, in their usual order.
    """
    order = [first_channel] if first_channel in USUAL_ORDER else []
    order += [kind for kind in USUAL_ORDER if kind not in order]
    with transaction.atomic(durable=True):
        NoticeChoice.objects.update_or_create(
            patron_id=patron_id,
            defaults={
                "channels": order,
                "silent_kinds": [k.value for k in NoticeKind if k.value not in wanted_kinds],
                "quiet_from": quiet_from,
                "quiet_to": quiet_to,
            },
        )
        gone = {*forgets, ChannelKind.EMAIL} if email else {*forgets}
        NoticeAddress.objects.filter(patron_id=patron_id, kind__in=gone).delete()
        if email:
            address = NoticeAddress(patron_id=patron_id, kind=ChannelKind.EMAIL)
            address.set_clear(email)
            address.save()
