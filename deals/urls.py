from django.urls import path

from deals import views

app_name = "deals"
urlpatterns = [
    path("", views.deal_list, name="list"),
    path("new/", views.deal_create, name="create"),
    path("<int:pk>/", views.deal_detail, name="detail"),
    path("<int:pk>/edit/", views.deal_edit, name="edit"),
    path("<int:pk>/delete/", views.deal_delete, name="delete"),
    path("<int:pk>/lines/<slug:key>/", views.deal_line, name="line"),
    path("<int:pk>/contacts/", views.deal_contacts, name="contacts"),
    path("<int:pk>/contacts/<int:contact_pk>/remove/", views.deal_contact_remove, name="contact_remove"),
]
