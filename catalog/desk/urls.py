"""Addresses of the members' pages, below /desk/members/."""

from django.contrib import admin
from django.urls import path

from catalog.desk import views

app_name = "members"
urlpatterns = [
    path("", admin.site.admin_view(views.members), name="list"),
    path("<str:code>/", admin.site.admin_view(views.member), name="member"),
    path("<str:code>/measure/", admin.site.admin_view(views.measure), name="measure"),
    path(
        "batches/<int:batch_id>/withdraw/", admin.site.admin_view(views.withdraw), name="withdraw"
    ),
    path("rejects/<int:reject_id>/mend/", admin.site.admin_view(views.mend), name="mend"),
]
