"""JSON out, by orjson: it writes datetimes, UUIDs and Decimals we hand it without a walk."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer


def _default(value: object) -> str:
    if isinstance(value, (Decimal, Promise)):
        return str(value)
    message = f"cannot render {type(value).__name__}"
    raise TypeError(message)


class OrjsonRenderer(BaseRenderer):
    """``application/json``, and ``application/problem+json`` where the view says so."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        renderer_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> bytes:
        if data is None:
            return b""
        return orjson.dumps(data, default=_default, option=orjson.OPT_UTC_Z)
