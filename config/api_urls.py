"""``/api/v1/``: other people's scripts rely on it."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import DefaultRouter

from accounts.api import AccountView
from activities.api import ActivityView
from activities.lists.api import AddMembersView, ListsView, MembersView, RemoveMembersView
from activities.sequences.api import EnrolmentView, EnrolView, SequenceView, StepsView, StepView
from common.api.duplicates import DeletedView, DismissView, DuplicatesView, MergeView
from common.api.owning import ReassignView
from common.api.views import NothingHere
from common.api.workspace import WorkspaceView
from contacts.api import ContactView
from contacts.api_job_changes import JobChangeView
from contacts.api_prospects import SaveManyView, SaveView
from deals.api import DealView
from directory.api import CompanyView, ProspectView
from integrations.api import ErrorView, HeldView, PushView, RunView
from integrations.api_campaigns import AddToCampaignView, CampaignMemberView, CampaignsView, CampaignView
from integrations.api_conditions import ConditionsView
from integrations.api_conflicts import ConflictView
from integrations.api_logins import LoginView
from integrations.api_tombstones import TombstoneView

router = DefaultRouter(use_regex_path=False)
router.include_format_suffixes = False
router.register("contacts", ContactView)
router.register("accounts", AccountView)
router.register("deals", DealView)
router.register("activities", ActivityView)
router.register("prospects", ProspectView)
router.register("companies", CompanyView)
router.register("lists", ListsView)
router.register("sequences", SequenceView)
router.register("enrolments", EnrolmentView)
router.register("job-changes", JobChangeView)
router.register("campaign-members", CampaignMemberView)
router.register("errors", ErrorView)
router.register("runs", RunView)
router.register("conflicts", ConflictView)
router.register("deleted", DeletedView)
router.register("held-deletions", HeldView)
router.register("tombstones", TombstoneView)
router.register("logins", LoginView, basename="login")

urlpatterns = [
    path("contacts/<int:pk>/push/", PushView.as_view(kind="contact")),
    path("accounts/<int:pk>/push/", PushView.as_view(kind="account")),
    path("deals/<int:pk>/push/", PushView.as_view(kind="deal")),
    *(
        path(f"{kind}s/<int:pk>/{place}", view.as_view(kind=kind))
        for kind in ("contact", "account")
        for place, view in (
            ("duplicates/", DuplicatesView),
            ("duplicates/<int:other>/dismiss/", DismissView),
            ("merge/", MergeView),
        )
    ),
    *(path(f"{kind}s/reassign/", ReassignView.as_view(kind=kind)) for kind in ("contact", "account", "deal")),
    path("prospects/save/", SaveManyView.as_view()),
    path("prospects/<int:pk>/save/", SaveView.as_view()),
    path("lists/<int:pk>/members/", MembersView.as_view({"get": "list"})),
    path("lists/<int:pk>/add/", AddMembersView.as_view()),
    path("lists/<int:pk>/remove/", RemoveMembersView.as_view()),
    path("sequences/<int:pk>/steps/", StepsView.as_view()),
    path("sequences/<int:pk>/steps/<int:step>/", StepView.as_view()),
    path("sequences/<int:pk>/enrol/", EnrolView.as_view()),
    path("campaigns/", CampaignsView.as_view()),
    path("campaigns/<str:crm_id>/", CampaignView.as_view()),
    path("campaigns/<str:crm_id>/add/", AddToCampaignView.as_view()),
    path("pull-conditions/<str:remote_object>/", ConditionsView.as_view()),
    path("workspace/", WorkspaceView.as_view()),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include(router.urls)),
    re_path("", NothingHere.as_view()),
]
