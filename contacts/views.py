from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from common import slots
from common.http import Request
from common.pages import LineView, create_page, delete_page, edit_page, record_page
from common.table_views import table_page
from contacts import services
from contacts.forms import ContactForm
from contacts.models import Contact
from contacts.prospecting import save_prospects
from contacts.tables import CONTACTS
from directory.models import Prospect


@login_required
def contact_list(request: Request) -> HttpResponse:
    return table_page(request, CONTACTS, "contacts/list.html")


@login_required
@require_POST
def save_prospect(request: Request, pk: int) -> HttpResponse:
    """Somebody of the directory becomes a contact; answers the mark that takes the button's place."""
    prospect = get_object_or_404(Prospect, pk=pk)
    save_prospects([pk])
    prospect.refresh_from_db(fields=["contact_id"])
    return HttpResponse(slots.render("directory.badges", request, [prospect])[0])


@login_required
def contact_detail(request: Request, pk: int) -> HttpResponse:
    contact = get_object_or_404(
        Contact.objects.visible_to(request.user).select_related("account", "owner", "stage"), pk=pk
    )
    return render(request, "contacts/detail.html", record_page(contact, ContactForm))


@login_required
def contact_create(request: Request) -> HttpResponse:
    initial = {"owner": request.user, "account": request.GET.get("account")}
    form = ContactForm(request.POST or None, initial=initial)
    return create_page(request, form, services.create_contact)


@login_required
def contact_edit(request: Request, pk: int) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    return edit_page(request, ContactForm(request.POST or None, instance=contact), services.update_contact)


@login_required
def contact_line(request: Request, pk: int, key: str) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    return LineView(request, contact, ContactForm, services.update_contact).response(key)


@login_required
def contact_delete(request: Request, pk: int) -> HttpResponse:
    return delete_page(
        request, get_object_or_404(Contact.objects.visible_to(request.user), pk=pk), services.delete_contact
    )
