"""``{% slot "record.panels" contact %}`` and ``{% slot_column "record.badges" page as rows %}``."""

from collections.abc import Sequence

from django import template
from django.db.models import Model
from django.template.context import RequestContext
from django.utils.safestring import SafeString

from common import slots

register = template.Library()


@register.simple_tag(takes_context=True)
def slot(context: RequestContext, name: str, record: Model) -> SafeString:
    return slots.render(name, context["request"], [record])[0]


@register.simple_tag(takes_context=True)
def slot_column(context: RequestContext, name: str, records: Sequence[Model]) -> list[tuple[Model, SafeString]]:
    """Pairs of a record and what the fillers say of it."""
    return list(zip(records, slots.render(name, context["request"], records), strict=True))
