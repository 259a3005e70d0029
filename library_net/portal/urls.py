"""The patron portal's addresses."""

from django.urls import path

from library_net.portal.views import (
    account,
    branches,
    card,
    home,
    loans,
    opensearch,
    phone_code,
    preferences,
    record,
    requests,
    search,
)

app_name = "portal"
urlpatterns = [
    path("", home.home, name="home"),
    path("search", search.search, name="search"),
    path("suggestions", search.suggestions, name="suggestions"),
    path("works/w<int:work_id>", record.work, name="work"),
    path("works/m<int:manifestation_id>", record.manifestation, name="manifestation"),
    path("works/w<int:work_id>/requests", requests.place, name="place_request"),
    path("opensearch.xml", opensearch.description, name="opensearch"),
    path("libraries", branches.branches, name="branches"),
    path("sign-in", account.sign_in, name="sign_in"),
    path("sign-out", account.sign_out, name="sign_out"),
    path("my/loans", loans.loans, name="loans"),
    path("my/loans/renewals", loans.renew_all, name="renew_all"),
    path("my/loans/<int:loan_id>/renewals", loans.renew, name="renew"),
    path("my/requests", requests.requests, name="requests"),
    path("my/requests/<int:request_id>/cancellation", requests.cancel, name="cancel_request"),
    path("my/requests/<int:request_id>/pause", requests.pause, name="pause_request"),
    path("my/requests/<int:request_id>/return-to-queue", requests.resume, name="resume_request"),
    path("my/requests/<int:request_id>/pickup", requests.move, name="move_request"),
    path("my/card", card.card, name="card"),
    path("my/code/", phone_code.phone_code, name="phone_code"),
    path("my/code/keys", phone_code.enrol, name="enrol_phone"),
    path("my/code/worker.js", phone_code.worker, name="code_worker"),
    path("my/password", account.password, name="password"),
    path("preferences/language", preferences.language, name="language"),
    path("preferences/type-size", preferences.type_size, name="type_size"),
]
