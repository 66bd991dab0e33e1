"""The tokens of one's browser extensions: a card of the You page."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from common.access import REFUSAL, for_readers
from common.http import Request, wants_fragment
from common.pages import UNPROCESSABLE
from users import extensions
from users.forms import ExtensionTokenForm, YouForm
from users.models import User


def you_context(user: User, form: YouForm, **told: Any) -> dict[str, Any]:
    """What the You page shows."""
    return {"form": form, "has_factor": is_mfa_enabled(user), **token_card(user), **told}


def token_card(user: User, form: ExtensionTokenForm | None = None, **told: Any) -> dict[str, Any]:
    return {"tokens": user.extension_tokens.all(), "token_form": form or ExtensionTokenForm(), **told}


@login_required
@require_POST
@never_cache
def token_make(request: Request) -> HttpResponse:
    """The answer is the only page that ever shows the token's text."""
    if not request.user.may_edit:
        raise PermissionDenied(REFUSAL)
    form = ExtensionTokenForm(request.POST)
    if form.is_valid():
        try:
            token, text = extensions.make(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            return _card(request, new_token=token, text=text)
    return _card(request, form, status=UNPROCESSABLE)


@for_readers
@login_required
@require_POST
def token_revoke(request: Request, pk: int) -> HttpResponse:
    """Also of what was revoked already the page says how it stands."""
    if token := request.user.extension_tokens.filter(pk=pk).first():
        extensions.revoke(token)
    if wants_fragment(request):
        return _card(request, revoked=True)
    messages.success(request, "The token is revoked: whoever has it gets nowhere any more.")
    return redirect("users:you")


def _card(request: Request, form: ExtensionTokenForm | None = None, status: int = 200, **told: Any) -> HttpResponse:
    context = token_card(request.user, form, **told)
    if wants_fragment(request):
        return render(request, "users/_tokens.html", context, status=status)
    page = you_context(request.user, YouForm(instance=request.user), **context)
    return render(request, "users/you.html", page, status=status)
