"""Settings > You and Settings > People."""

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from common.access import admin_required, for_readers
from common.http import Request
from users import services
from users.forms import DeactivationForm, InvitationForm, RoleForm, YouForm
from users.models import User
from users.token_views import you_context


@login_required
@for_readers
def you(request: Request) -> HttpResponse:
    form = YouForm(request.POST or None, instance=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
        return redirect("users:you")
    return render(request, "users/you.html", you_context(request.user, form))


@admin_required
def people(request: Request) -> HttpResponse:
    return render(request, "users/people.html", {"people": User.objects.order_by("-is_active", "name", "email")})


@admin_required
def person_invite(request: Request) -> HttpResponse:
    form = InvitationForm(request.POST or None)
    if form.is_valid():
        try:
            user = services.invite(**form.cleaned_data, invited_by=request.user)
        except services.NotSent as failure:
            messages.error(request, str(failure))
            return redirect("users:person", failure.user.pk)
        messages.success(request, f"{user.email} is invited: the mail with the link is on its way.")
        return redirect("users:people")
    return render(request, "users/invite.html", {"form": form})


@admin_required
def person(request: Request, pk: int) -> HttpResponse:
    return _person_page(request, get_object_or_404(User, pk=pk))


@admin_required
@require_POST
def person_resend(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    try:
        services.send_invitation(user, invited_by=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    except services.NotSent as failure:
        messages.error(request, str(failure))
    else:
        messages.success(request, f"The invitation was sent to {user.email} again.")
    return redirect("users:person", pk)


@admin_required
@require_POST
def person_role(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _person_page(request, user, role_form=form)
    try:
        services.change_role(user, form.cleaned_data["role"])
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"{user} is now {user.get_role_display().lower()}.")
    return redirect("users:person", pk)


@admin_required
@require_POST
def person_sign_out(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    services.sign_out_everywhere(user)
    messages.success(request, f"{user} is signed out everywhere.")
    return redirect("users:person", pk)


@admin_required
@require_POST
def person_second_factor(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    if services.take_second_factor(user):
        messages.success(request, f"{user} signs in by the password alone until they turn a second factor on again.")
    else:
        messages.info(request, f"{user} had no second factor.")
    return redirect("users:person", pk)


@admin_required
@require_POST
def person_deactivate(request: Request, pk: int) -> HttpResponse:
    user = get_object_or_404(User, pk=pk)
    form = DeactivationForm(request.POST, user=user)
    if not form.is_valid():
        return _person_page(request, user, deactivation_form=form)
    try:
        services.deactivate(user, heir=form.cleaned_data["heir"])
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _person_page(request, user, deactivation_form=form)
    messages.success(request, f"{user} is deactivated and cannot sign in any more.")
    return redirect("users:people")


@admin_required
@require_POST
def person_reactivate(request: Request, pk: int) -> HttpResponse:
    user = services.reactivate(get_object_or_404(User, pk=pk))
    messages.success(request, f"{user} may sign in again.")
    return redirect("users:person", pk)


def _person_page(
    request: Request,
    user: User,
    role_form: RoleForm | None = None,
    deactivation_form: DeactivationForm | None = None,
) -> HttpResponse:
    context = {
        "person": user,
        "has_factor": is_mfa_enabled(user),
        "sessions": UserSession.objects.filter(user=user).count(),
        "owned": services.owned_in_words(user),
        "role_form": role_form or RoleForm(initial={"role": user.role}),
        "deactivation_form": deactivation_form or DeactivationForm(user=user),
    }
    return render(request, "users/person.html", context, status=422 if role_form or deactivation_form else 200)
