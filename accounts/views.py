from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from accounts import services
from accounts.forms import AccountForm
from accounts.models import Account
from accounts.tables import ACCOUNTS
from common.http import Request
from common.pages import LineView, create_page, delete_page, edit_page, record_page
from common.table_views import table_page


@login_required
def account_list(request: Request) -> HttpResponse:
    return table_page(request, ACCOUNTS, "accounts/list.html")


@login_required
def account_detail(request: Request, pk: int) -> HttpResponse:
    account = get_object_or_404(
        Account.objects.visible_to(request.user).select_related("owner", "stage", "parent"), pk=pk
    )
    return render(request, "accounts/detail.html", record_page(account, AccountForm))


@login_required
def account_create(request: Request) -> HttpResponse:
    form = AccountForm(request.POST or None, initial={"owner": request.user})
    return create_page(request, form, services.create_account)


@login_required
def account_edit(request: Request, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    return edit_page(request, AccountForm(request.POST or None, instance=account), services.update_account)


@login_required
def account_line(request: Request, pk: int, key: str) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    return LineView(request, account, AccountForm, services.update_account).response(key)


@login_required
def account_delete(request: Request, pk: int) -> HttpResponse:
    return delete_page(
        request, get_object_or_404(Account.objects.visible_to(request.user), pk=pk), services.delete_account
    )
