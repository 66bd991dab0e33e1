from django.urls import path

from integrations.salesforce import views

# The callback stands in people's apps in Salesforce: its address stays as it is.
app_name = "salesforce"
urlpatterns = [
    path("connect/", views.connect, name="connect"),
    path("callback/", views.callback, name="callback"),
    path("replace/", views.replace, name="replace"),
    path("disconnect/", views.disconnect, name="disconnect"),
    path("personal/", views.personal, name="personal"),
    path("personal/disconnect/", views.personal_disconnect, name="personal_disconnect"),
]
