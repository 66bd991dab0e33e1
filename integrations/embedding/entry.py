"""What every view of the panel asks first: who is it, by the token that the frame sends.

There is no ambient authority here. The token is no cookie: a browser adds it to no request by itself, only our script
in the frame does, and another site's script can neither read it nor send such a header across origins. So a view that
it guards needs no CSRF token, and looks at no cookie, whoever else may be signed in by one in the same browser.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import pghistory
from allauth.core import ratelimit
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from common.access import REFUSAL, SAFE_METHODS, for_readers
from common.acting import acting_as
from common.http import Request, number
from integrations.embedding import sessions
from integrations.embedding.account import NoAccount, account_for
from integrations.embedding.framing import framed_by_org
from integrations.embedding.telling import refused, whole_panel

View = Callable[..., HttpResponse]
SCHEME = "Panel "  # Authorization: Panel …
UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_MANY = 401, 403, 404, 429
NOT_YOURS = "This is for people who have a sign-in of Tandem. Ask an admin of your team for one."
LOOKS = 15  # for an account that is being pulled, two seconds apart


def token_of(request: HttpRequest) -> str:
    given = request.headers.get("Authorization", "")
    return given.removeprefix(SCHEME) if given.startswith(SCHEME) else ""


def signed_in(view: View) -> View:
    """A view for whoever holds a token."""

    @framed_by_org
    @csrf_exempt
    @for_readers  # of who reads only by a cookie; of the token's user it is asked below
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            session = sessions.find(token_of(request))
        except sessions.Refused as refusal:
            return whole_panel(request, "embedding/_signed_out.html", {"reason": str(refusal)}, UNAUTHORIZED)
        request.user = user = session.user
        with acting_as(user), timezone.override(user.time_zone), pghistory.context(user=user.pk):
            return _refusal(request) or view(request, *args, **kwargs)

    return guarded


def panel_view(view: View) -> View:
    """A view of an account, for whoever holds a token and may look at it; it is called with the account."""

    @signed_in
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        values = request.GET if request.method in SAFE_METHODS else request.POST
        try:
            account = account_for(request.user, values.get("crm_object_id", ""))
        except NoAccount as found:
            return no_account(request, found, tries=number(values.get("pulling", "")))
        return view(request, account, *args, **kwargs)

    return guarded


def also_in_panel(view: View) -> View:
    """A part of a form that pages show to whoever has a session, and the panel to whoever holds a token.

    It asks by the team's login. Who works in the panel only sees of the org what their own login may, and gets none.
    """
    of_page, of_panel = csrf_protect(login_required(view)), signed_in(_for_the_team(view))

    @csrf_exempt  # by the session it is protected, one line above
    @wraps(view)
    def either(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return (of_panel if token_of(request) else of_page)(request, *args, **kwargs)

    return either


def _for_the_team(view: View) -> View:
    @wraps(view)
    def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return refused(NOT_YOURS, FORBIDDEN) if request.user.is_panel_only else view(request, *args, **kwargs)

    return guarded


def no_account(request: Request, found: NoAccount, *, tries: int) -> HttpResponse:
    """Why there is nothing to see. ``tries``: looks since somebody asked for the account to be pulled."""
    context = {"lack": found.lack, "next_try": tries + 1, "waits": 0 < tries <= LOOKS, "has_waited": tries > LOOKS}
    return whole_panel(request, "embedding/_no_account.html", context, NOT_FOUND)


def _refusal(request: Request) -> HttpResponse | None:
    if request.method in SAFE_METHODS:
        return None
    if not request.user.may_edit:
        return refused(f"{REFUSAL}.", FORBIDDEN)
    if not ratelimit.consume(request, action="panel_write", user=request.user):
        return refused("That was very much in one minute. Wait a little, then go on.", TOO_MANY)
    return None
