from django.urls import path

from deals import pipeline_views

app_name = "pipelines"
urlpatterns = [
    path("", pipeline_views.pipelines, name="list"),
    path("new/", pipeline_views.pipeline_create, name="create"),
    path("<int:pk>/", pipeline_views.pipeline_edit, name="edit"),
    path("<int:pk>/default/", pipeline_views.pipeline_default, name="default"),
    path("<int:pk>/delete/", pipeline_views.pipeline_delete, name="delete"),
]
