"""WSGI entry point (waitress embedded, granian in production)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library_net.settings")
application = get_wsgi_application()
