"""The scan desk's addresses."""

from django.urls import path

from circulation.desk.views import plans, register, scan, vans

app_name = "desk"
urlpatterns = [
    path("", scan.scan, name="scan"),
    path("mode/", scan.set_mode, name="set_mode"),
    path("branch/", scan.settle_in, name="settle_in"),
    path("end/", scan.end, name="end"),
    path("renew/<int:loan_id>/", scan.renew_loan, name="renew"),
    path("register/", register.register, name="register"),
    path("password/", register.new_password, name="new_password"),
    path("vans/", vans.vans, name="vans"),
    path("vans/<str:action>/", vans.move_transits, name="move_transits"),
    path("plans/", plans.plan_list, name="plans"),
    path("plans/<int:plan_id>/", plans.plan_page, name="plan"),
    path("plans/<int:plan_id>/approve/", plans.approve, name="approve_plan"),
    path("plans/<int:plan_id>/again/", plans.plan_again, name="plan_again"),
    path("moves/<int:move_id>/<str:verb>/", plans.decide_move, name="decide_move"),
]
