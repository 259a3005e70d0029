"""Jobs in the admin: what runs, how far, and what went wrong."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from library_net.jobs.models import JobRun
from library_net.scoped_admin import NetworkOnlyAdmin


@admin.register(JobRun)
class JobRunAdmin(NetworkOnlyAdmin):
    list_display = ("task", "subject", "state", "progress", "message", "created_at", "finished_at")
    list_filter = ("state", "task")
    ordering = ("-pk",)

    @admin.display(description=_("progress"))
    def progress(self, job: JobRun) -> str:
        return f"{job.done} / {job.total}" if job.total else str(job.done)
