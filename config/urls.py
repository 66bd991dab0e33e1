"""Every address of Tandem on one screen."""

from django.contrib import admin
from django.urls import include, path

from activities.home import home
from config.health import health

urlpatterns = [
    path("", home, name="home"),
    path("", include("common.urls")),
    path("accounts/", include("accounts.urls")),
    path("contacts/", include("contacts.urls")),
    path("deals/", include("deals.urls")),
    path("activities/", include("activities.urls")),
    path("settings/", include("users.urls")),
    path("settings/integrations/salesforce/", include("integrations.urls")),
    path("settings/", include("integrations.salesforce.urls")),
    path("api/v1/", include("config.api_urls")),
    path("auth/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health, name="health"),
]
