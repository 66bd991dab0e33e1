from django.urls import path

from common import erase_views, job_views, merge_views, quick_views, retention_views, trash_views, views

urlpatterns = [
    path("search/", quick_views.quick_search, name="search"),
    path("records/<slug:kind>/options/", views.record_options, name="record_options"),
    path("records/<slug:kind>/<int:pk>/timeline/", views.record_timeline, name="record_timeline"),
    path("records/<slug:kind>/<int:pk>/history/", views.record_history, name="record_history"),
    path("records/<slug:kind>/<int:pk>/merge/", merge_views.merge_choose, name="merge_choose"),
    path("records/<slug:kind>/<int:pk>/merge/<int:other_pk>/", merge_views.merge, name="merge"),
    path("records/<slug:kind>/<int:pk>/merge/<int:other_pk>/dismiss/", merge_views.dismiss, name="dismiss_duplicate"),
    path("deleted/", trash_views.deleted_list, name="deleted_list"),
    path("deleted/restore/", trash_views.deleted_restore_chosen, name="deleted_restore_chosen"),
    path("deleted/restore/all/", trash_views.deleted_restore_all, name="deleted_restore_all"),
    path("deleted/<int:pk>/", trash_views.deleted_detail, name="deleted"),
    path("deleted/<int:pk>/restore/", trash_views.deleted_restore, name="deleted_restore"),
    path("settings/erase/<slug:kind>/<int:pk>/", erase_views.erase, name="erase"),
    path("settings/retention/", retention_views.retention, name="retention"),
    path("jobs/", job_views.job_list, name="job_list"),
    path("jobs/<int:pk>/", job_views.job_detail, name="job"),
    path("jobs/<int:pk>/stop/", job_views.job_stop, name="job_stop"),
    path("jobs/<int:pk>/again/", job_views.job_again, name="job_again"),
    path("jobs/<int:pk>/result/", job_views.job_result, name="job_result"),
]
