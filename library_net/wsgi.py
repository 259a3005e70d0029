"""WSGI entry point of the web servers: quick doors first, then Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "library_net.settings")
site = get_wsgi_application()

from circulation.api_quick import DOORS  # noqa: E402 - models can be imported only now
from library_net.api.quick import QuickDoors  # noqa: E402
from library_net.security import HEADERS  # noqa: E402

application = QuickDoors(site, doors=DOORS, headers=HEADERS)
