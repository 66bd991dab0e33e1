from django.urls import path

from integrations.views import errors, logins, mapping, objects, overview, people, previews, records, stages

app_name = "integrations"
urlpatterns = [
    path("", overview.overview, name="overview"),
    path("status/", overview.status, name="status"),
    path("start/", overview.start, name="start"),
    path("hold/", overview.hold, name="hold"),
    path("logins/", logins.login_list, name="logins"),
    path("logins/team/", logins.team_login, name="team_login"),
    path("logins/seen-by/", logins.seen_by, name="seen_by"),
    path("logins/secret/", logins.secret, name="secret"),
    path("logins/revoke/", logins.revoke_all, name="revoke_all"),
    path("logins/people/", people.people_list, name="people"),
    path("logins/people/match/", people.people_match, name="people_match"),
    path("logins/<int:pk>/", logins.login, name="login"),
    path("logins/<int:pk>/revoke/", logins.login_revoke, name="login_revoke"),
    path("pull/", overview.pull, name="pull"),
    path("refresh/", overview.refresh, name="refresh"),
    path("objects/<slug:kind>/", objects.object_page, name="object"),
    path("objects/<slug:kind>/settings/", objects.object_settings, name="object_settings"),
    path("objects/<slug:kind>/draft/", objects.object_draft, name="object_draft"),
    path("mapping/<str:remote_object>/", mapping.mapping, name="mapping"),
    path("stages/<str:remote_object>/", stages.stages, name="stages"),
    path("stages/<str:remote_object>/by-name/", stages.auto_map, name="stages_by_name"),
    path("stages/<str:remote_object>/refresh/", stages.refresh, name="stages_refresh"),
    path("preview/<slug:section>/<str:name>/", previews.preview_change, name="preview_change"),
    path("errors/", errors.error_list, name="errors"),
    path("errors/retry/", errors.retry, name="errors_retry"),
    path("errors/<int:pk>/", errors.error_detail, name="error"),
    path("errors/<int:pk>/mend/", errors.mend, name="error_mend"),
    path("errors/<int:pk>/match/", errors.match, name="error_match"),
    path("records/<slug:kind>/<int:pk>/", records.panel, name="panel"),
    path("records/<slug:kind>/<int:pk>/push/", records.push, name="push"),
]
