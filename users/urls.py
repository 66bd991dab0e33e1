from django.urls import path
from django.views.generic import RedirectView

from users import views

app_name = "users"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="users:you"), name="settings"),
    path("you/", views.you, name="you"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.person_invite, name="invite"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/resend/", views.person_resend, name="resend"),
    path("people/<int:pk>/role/", views.person_role, name="role"),
    path("people/<int:pk>/deactivate/", views.person_deactivate, name="deactivate"),
    path("people/<int:pk>/reactivate/", views.person_reactivate, name="reactivate"),
]
