from django.urls import include, path

from activities import reminder_views, views
from activities.emails import threads

app_name = "activities"
urlpatterns = [
    path("", views.activity_list, name="list"),
    path("", include("activities.emails.urls")),
    path("reminders/", reminder_views.alarm, name="alarm"),
    path("reminders/<int:pk>/", reminder_views.reminder_answer, name="reminder"),
    path("people/", views.people_options, name="people"),
    path("<int:pk>/", views.activity_detail, name="detail"),
    path("<int:pk>/html/", threads.email_html, name="html"),
    path("<int:pk>/complete/", views.activity_complete, name="complete"),
    path("<int:pk>/delete/", views.activity_delete, name="delete"),
    path("of/<slug:record_kind>/<int:pk>/", views.activity_card, name="card"),
    path("of/<slug:record_kind>/<int:pk>/add/<slug:kind>/", views.activity_add, name="add"),
]
