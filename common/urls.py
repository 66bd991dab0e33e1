from django.urls import path

from common import views

urlpatterns = [
    path("records/<slug:kind>/options/", views.record_options, name="record_options"),
    path("records/<slug:kind>/<int:pk>/timeline/", views.record_timeline, name="record_timeline"),
]
