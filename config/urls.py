"""Every address of Tandem on one screen."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import Http404
from django.urls import include, path
from django.views.defaults import page_not_found
from django_q.models import Failure, OrmQ, Schedule, Success
from rest_framework.authtoken.models import TokenProxy

from activities.home import home
from activities.unsubscribing import unsubscribe
from config.health import health

# A schedule calls any function by its name: whoever may write one may run anything on the server.
admin.site.unregister([Schedule, Success, Failure, OrmQ])
# Tokens are passwords: nobody reads them here. Groups decide nothing, and a sign-in's address is the person's own.
admin.site.unregister([TokenProxy, Group, EmailAddress])

urlpatterns = [
    path("", home, name="home"),
    path("", include("common.urls")),
    path("accounts/", include("accounts.urls")),
    path("contacts/", include("contacts.urls")),
    path("deals/", include("deals.urls")),
    path("activities/", include("activities.urls")),
    path("lists/", include("activities.lists.urls")),
    path("sequences/", include("activities.sequences.urls")),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("settings/", include("users.urls")),
    path("settings/pipelines/", include("deals.pipeline_urls")),
    path("settings/integrations/salesforce/", include("integrations.urls")),
    path("settings/", include("integrations.salesforce.urls")),
    path("api/v1/", include("config.api_urls")),
    # An address is an admin's word: nobody changes their own here.
    path("auth/email/", page_not_found, {"exception": Http404()}),
    path("auth/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health, name="health"),
]
