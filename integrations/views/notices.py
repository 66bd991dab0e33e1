"""What a person was told of: everybody sees their own."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from common.access import for_readers
from common.http import Request, number
from integrations.forms.notices import NoticeChoiceForm
from integrations.models import NoticeCopy
from integrations.notices import url_for


@login_required
def notice_list(request: Request) -> HttpResponse:
    """What lasts: what is new first, and what was seen below it."""
    copies = NoticeCopy.objects.lasting(request.user.pk).select_related("notice__connection")
    newest = copies.order_by(F("seen_at").desc(nulls_first=True), "-notice__begun_at", "-pk")
    told = [(copy, url_for(copy.notice, request.user)) for copy in newest]
    return render(
        request, "integrations/notices.html", {"told": told, "is_any_new": any(not copy.seen_at for copy in newest)}
    )


@login_required
@require_POST
@for_readers
def notice_seen(request: Request) -> HttpResponse:
    """One, or all of them. What lasts is still in the inbox and on the health page."""
    copies = NoticeCopy.objects.unseen_by(request.user.pk)
    if "copy" in request.POST:
        copies = copies.filter(pk=number(request.POST["copy"]))
    copies.update(seen_at=timezone.now())
    return redirect("integrations:notices")


@login_required
@require_POST
@for_readers
def notice_choice(request: Request) -> HttpResponse:
    form = NoticeChoiceForm(request.POST, user=request.user)
    if form.is_valid():
        form.save()
        messages.success(request, "Saved.")
    else:
        messages.error(request, "Choose when Tandem writes to you.")
    return redirect("users:you")
