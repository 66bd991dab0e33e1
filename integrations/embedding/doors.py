"""The window in which people sign in. It is of our own origin, so the ordinary session and its cookies work in it.

It must keep its hold of the frame that opened it, which the usual ``Cross-Origin-Opener-Policy`` would cut: the pages
here, and the return from the org, go without one. All that it tells the frame is a code, by a message to our own
origin: a page of anybody else that opens it hears nothing.
"""

from collections.abc import Callable
from functools import wraps
from time import time
from typing import Any
from urllib.parse import urlencode

from allauth.account.views import LoginView
from allauth.core import ratelimit
from allauth.mfa.base.views import authenticate
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from common.access import for_readers
from common.http import Request
from integrations import identities
from integrations.embedding import joining, sessions
from integrations.embedding.sessions import CHALLENGE
from integrations.logins import the_connection
from integrations.salesforce import oauth
from integrations.salesforce.demo import local_org
from users.models import User

VISITOR, ATTEMPT, PROBLEM = "panel_visitor", "panel_login", "panel_problem"  # what the session keeps
STAYS = 600  # seconds that somebody whom the org named may hand themselves over
View = Callable[..., HttpResponseBase]


def keeps_opener(view: View) -> View:
    @wraps(view)
    def kept(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    return kept


class SignIn(LoginView):
    """Who is signed in, or was just named by the org, is handed over; others sign in by password or with the org."""

    template_name = "embedding/sign_in.html"

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        challenge = request.GET.get("challenge", "")
        if not CHALLENGE.fullmatch(challenge):
            return render(request, "embedding/not_opened.html", status=400)
        if request.method == "GET" and (user := visitor(request)):
            context = {"person": user, "challenge": challenge, "is_asked": "choose" in request.GET}
            return render(request, "embedding/hand_over.html", context)
        return super().dispatch(request, *args, **kwargs)

    def get_success_url(self) -> str:
        return address(self.request.GET["challenge"])

    get_authenticated_redirect_url = get_success_url

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        connection = the_connection()
        own = {
            "challenge": self.request.GET["challenge"],
            "connection": connection,
            "problem": self.request.session.pop(PROBLEM, ""),
            "local_org": local_org(),
        }
        return super().get_context_data(**kwargs) | own


sign_in = keeps_opener(SignIn.as_view())


def second_factor(request: HttpRequest) -> HttpResponseBase:
    """allauth's page. It keeps its opener, too, while somebody is on their way to the panel."""
    on_the_way = (request.session.get("account_login") or {}).get("redirect_url") or ""
    is_ours = on_the_way.startswith(reverse("embedding:sign_in"))
    return (keeps_opener(authenticate) if is_ours else authenticate)(request)


def address(challenge: str) -> str:
    return f"{reverse('embedding:sign_in')}?{urlencode({'challenge': challenge})}"


def visitor(request: Any) -> User | None:
    """Who stands at the door: signed in here, or named by the org a moment ago."""
    if request.user.is_authenticated:
        return request.user
    kept = request.session.get(VISITOR)
    if not kept or time() - kept["at"] > STAYS:
        return None
    return User.objects.filter(pk=kept["user"]).first()


@for_readers
@require_POST
def hand_over(request: Request) -> HttpResponse:
    """A code for the frame that opened the window."""
    user, challenge = visitor(request), request.POST.get("challenge", "")
    if not CHALLENGE.fullmatch(challenge):
        return JsonResponse({"refusal": "No panel opened this window."}, status=400)
    if user is None:
        return JsonResponse({"refusal": "You are no longer signed in. Close this window and begin again."}, status=403)
    if not ratelimit.consume(request, action="panel_code", user=user):
        return JsonResponse({"refusal": "That were many sign-ins. Wait some minutes."}, status=429)
    try:
        return JsonResponse({"code": sessions.issue_code(user, challenge)})
    except sessions.Refused as refusal:
        return JsonResponse({"refusal": str(refusal)}, status=403)


@keeps_opener
@for_readers
@require_POST
def forget(request: Request) -> HttpResponse:
    """Whoever the org named is not the one who wants in."""
    request.session.pop(VISITOR, None)
    return redirect(address(request.POST.get("challenge", "")))


@keeps_opener
@for_readers
@require_POST
def to_the_org(request: Request) -> HttpResponse:
    """Off to the org's own sign-in; the answer comes to the same address as when the workspace is connected."""
    connection, challenge = the_connection(), request.POST.get("challenge", "")
    if not connection.is_connected or not ratelimit.consume(request, action="panel_org"):
        request.session[PROBLEM] = "Signing in with Salesforce is not possible now. Try again in some minutes."
        return redirect(address(challenge))
    return redirect(identities.begin(request, ATTEMPT, challenge=challenge))


def is_expected(request: HttpRequest) -> bool:
    """Whether this return from the org belongs to a sign-in to the panel."""
    return identities.is_expected(request, ATTEMPT)


@keeps_opener
@require_GET
def come_back(request: HttpRequest) -> HttpResponseBase:
    """From the org, with a code or its refusal. Of the login only whose it is stays."""
    attempt = request.session.pop(ATTEMPT)
    request.session.pop(VISITOR, None)
    try:
        user = joining.user_for(*identities.identified(request, attempt))
    except oauth.LoginRefused as refused:
        request.session[PROBLEM] = refused.reason
    else:
        request.session.cycle_key()
        request.session[VISITOR] = {"user": user.pk, "at": time()}
    return redirect(address(attempt["challenge"]))
