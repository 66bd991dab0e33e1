from django.urls import path

from activities.emails import templates, views

urlpatterns = [
    path("email/", views.email_write, name="write"),
    path("email/preview/", views.email_preview, name="preview"),
    path("email/fill/", views.email_fill, name="fill"),
    path("templates/", templates.template_list, name="templates"),
    path("templates/new/", templates.template_create, name="template_create"),
    path("templates/<int:pk>/", templates.template_edit, name="template_edit"),
    path("templates/<int:pk>/delete/", templates.template_delete, name="template_delete"),
]
