"""The only way an action starts a task: after its transaction has committed."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import current_app
from django.db import transaction


def after_commit(task_name: str, **kwargs: Any) -> None:
    """Wake a worker once this transaction is durable.

    A message may be lost (a crash between commit and send), so nothing depends on it: the sweep
    over database rows (``jobs.sweep``) finds what was left. Arguments are ids, never personal data.
    """
    transaction.on_commit(partial(current_app.send_task, task_name, kwargs=kwargs), robust=True)
