"""Choosing a campaign: parts of the page on which people are added to one. Whoever may push may look."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from common.bulk import any_of
from common.http import Request, typed
from common.models import Job, RecordKind
from common.paging import paged
from common.visibility import seen_of
from integrations import campaigns
from integrations.embedding.entry import also_in_panel
from integrations.forms.campaigns import chosen_campaign
from integrations.models import CampaignMember
from integrations.sync.records import model_of

WORDS = 80  # characters of a search
PEOPLE = 25  # on a page
OPEN_FIRST = {"": ("-state", "-id")}  # who waits, who was refused, then the others


@also_in_panel
def campaign_options(request: Request) -> HttpResponse:
    """The campaigns that a search finds, and the one that was chosen before."""
    words, with_inactive = typed(request.GET, "words")[:WORDS], "inactive" in request.GET
    context = {
        "words": words,
        "with_inactive": with_inactive,
        "chosen": chosen_campaign(typed(request.GET, "campaign")),
    }
    try:
        found, has_more = campaigns.search(request.user, words, with_inactive=with_inactive)
    except campaigns.NoAnswer as failure:
        return render(request, "integrations/_campaigns.html", {"problem": str(failure)})
    return render(request, "integrations/_campaigns.html", context | {"campaigns": found, "has_more": has_more})


@also_in_panel
@require_POST
def member_statuses(request: Request) -> HttpResponse:
    """What people can be in the campaign that was just chosen."""
    try:
        campaign = campaigns.choose(request.user, typed(request.POST, "campaign"))
    except campaigns.NoAnswer as failure:
        return render(request, "integrations/_member_statuses.html", {"problem": str(failure)})
    return render(request, "integrations/_member_statuses.html", {"campaign": campaign})


@login_required
def campaign_people(request: Request, pk: int) -> HttpResponse:
    """What became of each person of a job; it asks for itself while some wait."""
    job = get_object_or_404(Job.objects.visible_to(request.user).select_related("user"), pk=pk)
    people = CampaignMember.objects.filter(job=job)
    page = paged(people.select_related("campaign", "credential"), request, OPEN_FIRST, PEOPLE)
    ids = any_of((row.record_id for row in page.rows), "bigint")
    contacts = {one.pk: one for one in seen_of(model_of(RecordKind.CONTACT), request.user).filter(pk__in=ids)}
    waits = campaigns.why_waiting(page.rows, contacts)
    is_waiting = people.waiting().exists()
    context = {
        "job": job,
        "page": page,
        "campaign": page.rows[0].campaign if page.rows else None,
        "people": [(row, contacts.get(row.record_id), waits.get(row.pk, row.message)) for row in page.rows],
        "is_waiting": is_waiting and job.is_under_way,
        "hold": campaigns.hold(job) if is_waiting and job.is_under_way else "",
    }
    return render(request, "integrations/_campaign_people.html", context)
