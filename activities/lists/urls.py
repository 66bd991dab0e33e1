from django.urls import path

from activities.lists import views

app_name = "lists"
urlpatterns = [
    path("", views.list_list, name="list"),
    path("new/", views.list_create, name="create"),
    path("<int:pk>/", views.list_detail, name="detail"),
    path("<int:pk>/edit/", views.list_edit, name="edit"),
    path("<int:pk>/delete/", views.list_delete, name="delete"),
    path("<int:pk>/add/", views.list_add, name="add"),
    path("of/<slug:record_kind>/<int:pk>/", views.record_lists, name="of_record"),
]
