from django.urls import path

from integrations.salesforce import views

# The callback stands in people's apps in Salesforce: its address stays as it is.
app_name = "salesforce"
urlpatterns = [
    path("integrations/salesforce/connect/", views.connect, name="connect"),
    path("integrations/salesforce/callback/", views.callback, name="callback"),
    path("integrations/salesforce/replace/", views.replace, name="replace"),
    path("integrations/salesforce/disconnect/", views.disconnect, name="disconnect"),
    path("salesforce-login/", views.personal, name="personal"),
    path("salesforce-login/disconnect/", views.personal_disconnect, name="personal_disconnect"),
]
