"""Library Net (图书同城): wiring, and what the catalogue and circulation stand on."""

from library_net.celery import app as celery_app

__all__ = ["celery_app"]
