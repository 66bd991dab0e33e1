"""Every address of Tandem on one screen."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.http import Http404
from django.urls import include, path
from django.views.defaults import page_not_found
from rest_framework.authtoken.models import TokenProxy

from activities.home import home
from activities.unsubscribing import unsubscribe
from config.health import live, ready, workers
from config.metrics import metrics
from integrations.embedding.doors import second_factor
from integrations.embedding.shells import or_hash_form
from integrations.signing_in import to_the_org

# A schedule calls any function by its name: whoever may write one may run anything on the server.
jobs = apps.get_app_config("django_q").get_models()  # with Redis it registers fewer of them
admin.site.unregister([model for model in jobs if admin.site.is_registered(model)])
# Tokens, sessions and second factors are passwords: nobody reads them here. Groups decide nothing, and a sign-in's
# address is the person's own.
admin.site.unregister([TokenProxy, UserSession, Authenticator, Group, EmailAddress])
# One way in: its failures are counted, and it asks for the second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    path("", or_hash_form(home), name="home"),
    path("", include("common.urls")),
    path("directory/", include("directory.urls")),
    path("accounts/", include("accounts.urls")),
    path("contacts/", include("contacts.urls")),
    path("deals/", include("deals.urls")),
    path("activities/", include("activities.urls")),
    path("lists/", include("activities.lists.urls")),
    path("sequences/", include("activities.sequences.urls")),
    path("unsubscribe/<str:token>/", unsubscribe, name="unsubscribe"),
    path("settings/", include("users.urls")),
    path("settings/", include("activities.mail.urls")),
    path("settings/pipelines/", include("deals.pipeline_urls")),
    path("settings/integrations/salesforce/", include("integrations.urls")),
    path("settings/", include("integrations.salesforce.urls")),
    path("embedded-crm/", include("integrations.embedding.urls")),
    path("api/v1/", include("config.api_urls")),
    # An address is an admin's word: nobody changes their own here.
    path("auth/email/", page_not_found, {"exception": Http404()}),
    path("auth/2fa/authenticate/", second_factor),
    path("auth/salesforce/", to_the_org, name="salesforce_sign_in"),
    path("auth/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", ready, name="health"),
    path("healthz/live", live, name="health_live"),
    path("healthz/workers", workers, name="health_workers"),
    path("metrics", metrics, name="metrics"),
]
