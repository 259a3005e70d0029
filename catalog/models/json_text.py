"""A column of JSON that is only ever read whole, kept as the text it was written as."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from django.db import models

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField  # not generic when it runs


class JsonTextField(_TextField):
    """Python values as JSON text: neither database takes it apart or checks it on its way in.

    PostgreSQL's ``jsonb`` costs as much again as storing the rest of a record. There are no
    look-ups into it; cast it to ``jsonb`` where SQL has to.
    """

    def from_db_value(self, value: str | None, *_context: object) -> Any:
        return None if value is None else orjson.loads(value)

    def to_python(self, value: Any) -> Any:
        return orjson.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        return None if value is None else orjson.dumps(value).decode()

    def value_to_string(self, obj: models.Model) -> str:
        return self.get_prep_value(self.value_from_object(obj)) or ""
