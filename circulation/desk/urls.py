"""The scan desk's addresses."""

from django.urls import path, re_path

from circulation.desk.views import crates, exceptions, plans, reader, register, scan, vans

app_name = "desk"
urlpatterns = [
    path("", scan.scan, name="scan"),
    path("mode/", scan.set_mode, name="set_mode"),
    path("branch/", scan.settle_in, name="settle_in"),
    path("end/", scan.end, name="end"),
    path("renew/<int:loan_id>/", scan.renew_loan, name="renew"),
    path("register/", register.register, name="register"),
    path("reader/", reader.reader, name="reader"),
    path("reader/cards/", reader.add_card, name="add_card"),
    path("reader/cards/<int:credential_id>/number/", reader.show_number, name="show_number"),
    re_path(
        r"^reader/cards/(?P<credential_id>\d{1,18})/(?P<event>lost|found)/$",
        reader.mark_card,
        name="mark_card",
    ),
    path("reader/guardians/", reader.add_guardian, name="add_guardian"),
    path("reader/guardians/<int:link_id>/end/", reader.end_guardian, name="end_guardian"),
    path("reader/phone/", reader.set_phone, name="set_phone"),
    path("reader/merge/", reader.merge, name="merge"),
    path("reader/merges/<int:merge_id>/undo/", reader.undo, name="undo_merge"),
    path("password/", register.new_password, name="new_password"),
    path("vans/", vans.vans, name="vans"),
    path("vans/<str:action>/", vans.move_transits, name="move_transits"),
    path("crates/", crates.crate_list, name="crates"),
    path("crates/open/", crates.open_crate, name="open_crate"),
    path("crates/<int:crate_id>/", crates.crate, name="crate"),
    path("crates/<int:crate_id>/manifest/", crates.print_manifest, name="print_manifest"),
    path("crates/<int:crate_id>/<str:name>/", crates.step, name="crate_step"),
    path("exceptions/", exceptions.exceptions, name="exceptions"),
    path("exceptions/<int:exception_id>/settle/", exceptions.settle, name="settle"),
    path("plans/", plans.plan_list, name="plans"),
    path("plans/<int:plan_id>/", plans.plan_page, name="plan"),
    path("plans/<int:plan_id>/approve/", plans.approve, name="approve_plan"),
    path("plans/<int:plan_id>/again/", plans.plan_again, name="plan_again"),
    path("moves/<int:move_id>/<str:verb>/", plans.decide_move, name="decide_move"),
]
