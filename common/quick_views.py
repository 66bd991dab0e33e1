from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render

from common import quick
from common.http import Request, typed, wants_fragment
from common.search import MIN_LETTERS, words_in

LONGEST = 100


@login_required
def quick_search(request: Request) -> HttpResponse:
    """What the dialog lists under its field; as a page, the same without JavaScript."""
    text = typed(request.GET, "q")[:LONGEST]
    context = {
        "text": text,
        "groups": quick.groups(request, text),
        "is_short": sum(map(len, words_in(text))) < MIN_LETTERS,
    }
    return render(request, "common/_quick_results.html" if wants_fragment(request) else "common/search.html", context)
