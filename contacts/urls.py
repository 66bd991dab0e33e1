from django.urls import path

from contacts import job_change_views, views

app_name = "contacts"
urlpatterns = [
    path("", views.contact_list, name="list"),
    path("new/", views.contact_create, name="create"),
    path("save/<int:pk>/", views.save_prospect, name="save_prospect"),
    path("job-changes/", job_change_views.job_change_list, name="job_changes"),
    path("job-changes/<int:pk>/<slug:decision>/", job_change_views.job_change_decide, name="job_change_decide"),
    path("<int:pk>/", views.contact_detail, name="detail"),
    path("<int:pk>/edit/", views.contact_edit, name="edit"),
    path("<int:pk>/delete/", views.contact_delete, name="delete"),
    path("<int:pk>/lines/<slug:key>/", views.contact_line, name="line"),
]
