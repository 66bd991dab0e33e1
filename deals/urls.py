from django.urls import path

from deals import board_views, forecast_views, views

app_name = "deals"
urlpatterns = [
    path("", views.deal_list, name="list"),
    path("board/", board_views.deal_board, name="board"),
    path("board/more/", board_views.deal_board_more, name="board_more"),
    path("forecast/", forecast_views.deal_forecast, name="forecast"),
    path("<int:pk>/move/", board_views.deal_move, name="move"),
    path("new/", views.deal_create, name="create"),
    path("<int:pk>/", views.deal_detail, name="detail"),
    path("<int:pk>/edit/", views.deal_edit, name="edit"),
    path("<int:pk>/delete/", views.deal_delete, name="delete"),
    path("<int:pk>/lines/<slug:key>/", views.deal_line, name="line"),
    path("<int:pk>/contacts/", views.deal_contacts, name="contacts"),
    path("<int:pk>/contacts/<int:contact_pk>/remove/", views.deal_contact_remove, name="contact_remove"),
]
