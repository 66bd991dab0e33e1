from django.urls import path

from directory import enrich_views, views
from directory.importing import views as loading

app_name = "directory"
urlpatterns = [
    path("", views.people, name="people"),
    path("facets/", views.people_facets, name="people_facets"),
    path("<int:pk>/", views.person, name="person"),
    path("companies/", views.companies, name="companies"),
    path("companies/facets/", views.company_facets, name="companies_facets"),
    path("enrich/<slug:kind>/<int:pk>/", enrich_views.enrich, name="enrich"),
    path("companies/<int:pk>/", views.company, name="company"),
    path("ask/people/", views.ask_elsewhere, {"kind": "people"}, name="ask_people"),
    path("ask/companies/", views.ask_elsewhere, {"kind": "companies"}, name="ask_companies"),
    path("loading/", loading.loading, name="loading"),
    path("loading/new/", loading.load_new, name="load_new"),
    path("loading/<int:pk>/", loading.load, name="load"),
    path("loading/<int:pk>/preview/", loading.load_preview, name="load_preview"),
    path("loading/<int:pk>/drop/", loading.load_drop, name="load_drop"),
    path("loading/sources/remove/", loading.source_remove, name="source_remove"),
]
