from django.urls import path

from activities.sequences import people, views

app_name = "sequences"
urlpatterns = [
    path("", views.sequence_list, name="list"),
    path("new/", views.sequence_create, name="create"),
    path("preview/", views.step_preview, name="preview"),
    path("<int:pk>/", views.sequence_detail, name="detail"),
    path("<int:pk>/edit/", views.sequence_edit, name="edit"),
    path("<int:pk>/switch/", views.sequence_switch, name="switch"),
    path("<int:pk>/delete/", views.sequence_delete, name="delete"),
    path("<int:pk>/steps/", views.step_list, name="steps"),
    path("<int:pk>/steps/add/<slug:kind>/", views.step_add, name="step_add"),
    path("<int:pk>/people/", people.person_list, name="people"),
    path("<int:pk>/people/add/", people.person_add, name="person_add"),
    path("<int:pk>/people/add-list/", people.list_add, name="list_add"),
    path("steps/<int:pk>/", views.step_edit, name="step_edit"),
    path("steps/<int:pk>/delete/", views.step_delete, name="step_delete"),
    path("steps/<int:pk>/move/<slug:way>/", views.step_move, name="step_move"),
    path("people/<int:pk>/<slug:deed>/", people.person_do, name="person_do"),
    path("of/contact/<int:pk>/", people.contact_sequences, name="of_contact"),
]
