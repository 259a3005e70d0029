"""The whole URL map on one screen."""

from django.contrib import admin
from django.urls import include, path

from catalog.protocols.oai.views import oai
from catalog.protocols.sru.views import sru

urlpatterns = [
    path("", include("library_net.portal.urls")),
    path("desk/members/", include("catalog.desk.urls")),
    path("desk/", include("circulation.desk.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("catalog.urls")),
    path("api/v1/", include("circulation.urls")),
    path("oai", oai),
    path("sru", sru),
]
