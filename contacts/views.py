from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render

from common.http import Request
from common.pages import LineView, back_to, created, delete_page, form_page, record_page, saved
from common.table_views import table_page
from contacts import services
from contacts.forms import ContactForm
from contacts.models import Contact
from contacts.tables import CONTACTS


@login_required
def contact_list(request: Request) -> HttpResponse:
    return table_page(request, CONTACTS, "contacts/list.html")


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
    if request.method == "POST" and (contact := created(form, services.create_contact)):
        messages.success(request, f"“{contact}” was added.")
        return redirect(contact)
    return form_page(request, form, title="New contact")


@login_required
def contact_edit(request: Request, pk: int) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    form = ContactForm(request.POST or None, instance=contact)
    if request.method == "POST" and saved(form, services.update_contact):
        messages.success(request, "Saved.")
        return back_to(request, contact)
    return form_page(request, form, title="Edit contact")


@login_required
def contact_line(request: Request, pk: int, key: str) -> HttpResponse:
    contact = get_object_or_404(Contact.objects.visible_to(request.user), pk=pk)
    return LineView(request, contact, ContactForm, services.update_contact).response(key)


@login_required
def contact_delete(request: Request, pk: int) -> HttpResponse:
    return delete_page(
        request, get_object_or_404(Contact.objects.visible_to(request.user), pk=pk), services.delete_contact
    )
