from django.urls import path

from activities import composing, views

app_name = "activities"
urlpatterns = [
    path("", views.activity_list, name="list"),
    path("<int:pk>/", views.activity_detail, name="detail"),
    path("<int:pk>/complete/", views.activity_complete, name="complete"),
    path("<int:pk>/delete/", views.activity_delete, name="delete"),
    path("of/contact/<int:pk>/email/", composing.email_write, name="email"),
    path("of/<slug:record_kind>/<int:pk>/", views.activity_card, name="card"),
    path("of/<slug:record_kind>/<int:pk>/add/<slug:kind>/", views.activity_add, name="add"),
]
