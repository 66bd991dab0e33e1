from django.urls import path

from activities.calendars import views as calendars
from activities.mail import views

app_name = "mail"
urlpatterns = [
    path("mailbox/", views.mailbox, name="mailbox"),
    path("mailbox/connect/", views.mailbox_connect, name="connect"),
    path("mailbox/servers/", views.servers, name="servers"),
    path("mailbox/state/", views.mailbox_state, name="state"),
    path("mailbox/read/", views.mailbox_read, name="read"),
    path("mailbox/pause/", views.mailbox_pause, name="pause"),
    path("mailbox/disconnect/", views.mailbox_disconnect, name="disconnect"),
    path("mailbox/calendars/add/", calendars.calendar_add, name="calendar_add"),
    path("mailbox/calendars/<int:pk>/read/", calendars.calendar_read, name="calendar_read"),
    path("mailbox/calendars/<int:pk>/remove/", calendars.calendar_remove, name="calendar_remove"),
    path("mailboxes/", views.team, name="team"),
]
