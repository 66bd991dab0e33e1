"""``{{ line|shown:record }}``: what a record says in one of its lines."""

from django import template
from django.utils.safestring import SafeString

from common.lines import Line
from common.models import Record

register = template.Library()


@register.filter
def shown(line: Line, record: Record) -> SafeString:
    return line.shown(record)
