from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from common.http import Request
from common.models import Workspace
from common.pages import UNPROCESSABLE, LineView, create_page, delete_page, edit_page, record_page
from common.table_views import table_page
from deals import services
from deals.forms import DealForm, RoleForm
from deals.models import Deal, Stage
from deals.tables import DEALS


@login_required
def deal_list(request: Request) -> HttpResponse:
    return table_page(request, DEALS, "deals/list.html")


@login_required
def deal_detail(request: Request, pk: int) -> HttpResponse:
    deal = get_object_or_404(
        Deal.objects.visible_to(request.user).select_related("account", "owner", "stage__pipeline"), pk=pk
    )
    return render(request, "deals/detail.html", record_page(deal, DealForm))


@login_required
def deal_create(request: Request) -> HttpResponse:
    initial = {
        "owner": request.user,
        "account": request.GET.get("account"),
        "stage": Stage.objects.first_open(),
        "currency": Workspace.load().currency_of_deals,
    }
    form = DealForm(request.POST or None, initial=initial)
    return create_page(request, form, services.create_deal)


@login_required
def deal_edit(request: Request, pk: int) -> HttpResponse:
    deal = get_object_or_404(Deal.objects.visible_to(request.user), pk=pk)
    return edit_page(request, DealForm(request.POST or None, instance=deal), services.update_deal)


@login_required
def deal_line(request: Request, pk: int, key: str) -> HttpResponse:
    deal = get_object_or_404(Deal.objects.visible_to(request.user), pk=pk)
    return LineView(request, deal, DealForm, services.update_deal).response(key)


@login_required
def deal_delete(request: Request, pk: int) -> HttpResponse:
    return delete_page(request, get_object_or_404(Deal.objects.visible_to(request.user), pk=pk), services.delete_deal)


@login_required
def deal_contacts(request: Request, pk: int) -> HttpResponse:
    """Who takes part; a POST adds somebody."""
    deal = get_object_or_404(Deal.objects.visible_to(request.user), pk=pk)
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_contact(deal.pk, form.cleaned_data["contact"], role=form.cleaned_data["role"])
        except ValidationError as error:
            form.add_error("contact", error.messages)
    status = UNPROCESSABLE if form.errors else 200
    context = {
        "deal": deal,
        "people": deal.people(request.user),
        "form": form if form.errors or "add" in request.GET else None,
    }
    return render(request, "deals/_contacts.html", context, status=status)


@login_required
@require_POST
def deal_contact_remove(request: Request, pk: int, contact_pk: int) -> HttpResponse:
    deal = get_object_or_404(Deal.objects.visible_to(request.user), pk=pk)
    services.remove_contact(deal.pk, get_object_or_404(deal.people(request.user), contact=contact_pk).contact_id)
    return render(request, "deals/_contacts.html", {"deal": deal, "people": deal.people(request.user)})
