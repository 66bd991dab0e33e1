from django.urls import path
from django.views.generic import RedirectView

from users import token_views, views

app_name = "users"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="users:you"), name="settings"),
    path("you/", views.you, name="you"),
    path("you/tokens/", token_views.token_make, name="token_make"),
    path("you/tokens/<int:pk>/revoke/", token_views.token_revoke, name="token_revoke"),
    path("people/", views.people, name="people"),
    path("people/invite/", views.person_invite, name="invite"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/resend/", views.person_resend, name="resend"),
    path("people/<int:pk>/role/", views.person_role, name="role"),
    path("people/<int:pk>/sign-out/", views.person_sign_out, name="sign_out"),
    path("people/<int:pk>/second-factor/", views.person_second_factor, name="second_factor"),
    path("people/<int:pk>/deactivate/", views.person_deactivate, name="deactivate"),
    path("people/<int:pk>/reactivate/", views.person_reactivate, name="reactivate"),
]
