"""Settings > Salesforce > Inside Salesforce: the markup to paste, who may use the panel, and who did."""

from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from common.http import Request
from integrations.access import admin_required
from integrations.embedding.framing import ancestors
from integrations.forms.embedding import PanelForm
from integrations.logins import the_connection
from integrations.views.frame import framed
from users.models import User

LATELY = 20  # people
MARKUP = """<apex:page standardController="Account">
    <apex:iframe src="{address}?crm_object_id={{!Account.Id}}" height="450px" scrolling="true"/>
</apex:page>"""


@admin_required
def embedding(request: Request) -> HttpResponse:
    connection = the_connection()
    form = PanelForm(request.POST if request.method == "POST" else None, instance=connection)
    if request.method == "POST" and form.is_valid():
        connection.save(update_fields=["lets_panel_users_in"])
        messages.success(request, "Saved.")
        return redirect("integrations:embedding")
    used = User.objects.filter(panel_sessions__token_hash__isnull=False)
    context = {
        "form": form,
        "markup": MARKUP.format(address=settings.SITE_URL + reverse("embedding:account")),
        "hosts": [urlsplit(origin).netloc for origin in ancestors(connection)],
        "is_secure": settings.SECURE_TRANSPORT,
        "people": used.annotate(used_at=Max("panel_sessions__used_at")).order_by("-used_at", "pk")[:LATELY],
    }
    return framed(request, "integrations/embedding.html", context)
