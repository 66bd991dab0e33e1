from django.urls import include, path

from integrations.views import errors, objects, overview, records

app_name = "integrations"
urlpatterns = [
    path("salesforce/", overview.overview, name="overview"),
    path("salesforce/status/", overview.status, name="status"),
    path("salesforce/start/", overview.start, name="start"),
    path("salesforce/hold/", overview.hold, name="hold"),
    path("salesforce/team-login/", overview.team_login, name="team_login"),
    path("salesforce/pull/", overview.pull, name="pull"),
    path("salesforce/refresh/", overview.refresh, name="refresh"),
    path("salesforce/objects/<slug:kind>/", objects.object_page, name="object"),
    path("salesforce/objects/<slug:kind>/settings/", objects.object_settings, name="object_settings"),
    path("salesforce/mapping/<str:remote_object>/", objects.mapping, name="mapping"),
    path("salesforce/stages/<str:remote_object>/", objects.stages, name="stages"),
    path("salesforce/errors/", errors.error_list, name="errors"),
    path("salesforce/errors/retry/", errors.retry, name="errors_retry"),
    path("salesforce/errors/<int:pk>/", errors.error_detail, name="error"),
    path("salesforce/errors/<int:pk>/mend/", errors.mend, name="error_mend"),
    path("salesforce/errors/<int:pk>/match/", errors.match, name="error_match"),
    path("salesforce/records/<slug:kind>/<int:pk>/", records.panel, name="panel"),
    path("salesforce/records/<slug:kind>/<int:pk>/push/", records.push, name="push"),
]

# The address of the callback is typed into people's apps in Salesforce: it stays as it is.
salesforce_urlpatterns = [path("salesforce/", include("integrations.salesforce.urls"))]
