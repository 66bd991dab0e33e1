from django.urls import path

from integrations.embedding import doors, letters, shells, views

# Visualforce pages of the team's org hold the address of the account: it stays as it is.
app_name = "embedding"
urlpatterns = [
    path("", shells.hash_form, name="hash_form"),
    path("account", shells.account, name="account"),
    path("token/", shells.token, name="token"),
    path("sign-out/", shells.sign_out, name="sign_out"),
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("sign-in/code/", doors.hand_over, name="hand_over"),
    path("sign-in/org/", doors.to_the_org, name="to_the_org"),
    path("sign-in/other/", doors.forget, name="forget"),
    path("panel/", views.panel, name="panel"),
    path("people/", views.people, name="people"),
    path("people/<slug:key>/mark/", views.mark, name="mark"),
    path("state/", views.state, name="state"),
    path("retry/", views.retry, name="retry"),
    path("pull/", views.pull, name="pull"),
    path("options/<slug:kind>/", views.options, name="options"),
    path("save/", views.save, name="save"),
    path("email/", letters.write, name="write"),
    path("act/<slug:name>/", views.act, name="act"),
    path("progress/<int:pk>/", views.progress, name="progress"),
]
