"""JobRun: the row, not the message, is the truth about long work."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from library_net import queue
from library_net.db import claim

LEASE = timedelta(seconds=60)  # a worker that has not been heard of for so long is dead
MAX_ATTEMPTS = 5


class LostLeaseError(Exception):
    """This worker's lease ran out and somebody else has the job: nothing of it may be written."""


class JobState(models.TextChoices):
    QUEUED = "queued", _("queued")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")


class JobRun(models.Model):
    """One piece of long work: a task name, its arguments, and how far it has come.

    A task works in steps; each step saves its progress in the transaction of its own work
    (``step_done``) and re-queues itself. A killed worker's lease runs out and the sweep queues the
    row again, so a repeat continues from the last committed step.
    """

    task = models.CharField(_("task"), max_length=80)
    args = models.JSONField(_("arguments"), default=dict)  # ids only, never personal data
    subject = models.CharField(_("about"), max_length=120, blank=True)
    state = models.CharField(
        _("state"), max_length=8, choices=JobState.choices, default=JobState.QUEUED
    )
    total = models.PositiveIntegerField(_("total"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    message = models.CharField(_("message"), max_length=400, blank=True)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created"))
    leased_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        constraints = [
            models.CheckConstraint(name="job_state_known", condition=Q(state__in=JobState.values))
        ]
        indexes = [
            models.Index(
                fields=["leased_until"],
                name="jobs_open",
                condition=Q(state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return f"{self.task} {self.done}/{self.total}"

    @classmethod
    def start(cls, *, task: str, now: datetime, subject: str = "", **args: Any) -> JobRun:
        """Record the job in the caller's transaction and wake a worker after its commit."""
        job = cls.objects.create(task=task, args=args, subject=subject, created_at=now)
        queue.after_commit(task, job_id=job.pk)
        return job

    def take(self, *, now: datetime) -> bool:
        """Lease the job to the caller; ``False`` when it is finished or somebody else has it."""
        free = Q(state=JobState.QUEUED) | Q(state=JobState.RUNNING, leased_until__lt=now)
        taken = claim(
            JobRun.objects.filter(free, pk=self.pk),
            state=JobState.RUNNING,
            leased_until=now + LEASE,
            attempts=F("attempts") + 1,
        )
        if taken:
            self.refresh_from_db()
        return taken

    def step_done(self, *, done: int, total: int, now: datetime, message: str = "") -> None:
        """Save progress (inside the step's own transaction) and hold the lease for the next.

        Raises LostLeaseError, which rolls the step back, when somebody else has the job meanwhile.
        """
        self._write(
            done=done,
            total=total,
            message=message[:400],
            attempts=0,
            leased_until=now + LEASE,
        )

    def yield_turn(self) -> None:
        """Give the lease back and queue the next step, so short tasks get their turn."""
        self._write(state=JobState.QUEUED, leased_until=None)
        queue.after_commit(self.task, job_id=self.pk)

    def finish(self, *, now: datetime, message: str = "") -> None:
        self._write(state=JobState.DONE, finished_at=now, leased_until=None, message=message[:400])

    def fail(self, *, now: datetime, message: str) -> None:
        self._write(
            state=JobState.FAILED, finished_at=now, leased_until=None, message=message[:400]
        )

    def _write(self, **new: Any) -> None:
        """Change the row only as this object last saw it: a worker that was overtaken may not."""
        seen = JobRun.objects.filter(pk=self.pk, state=self.state, leased_until=self.leased_until)
        if not claim(seen, **new):
            raise LostLeaseError(self.task)
        for name, value in new.items():
            setattr(self, name, value)
