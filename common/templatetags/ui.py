"""Small parts of pages: icons, form controls, menus, people."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.forms import BoundField
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.template.context import RequestContext
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from common import menus, words

register = template.Library()

ICONS = settings.BASE_DIR / "node_modules/@tabler/icons/icons/outline"
CLASSES: list[tuple[type[forms.Widget], str]] = [  # the first that fits
    (forms.CheckboxSelectMultiple, "form-check-input"),
    (forms.RadioSelect, "form-check-input"),
    (forms.CheckboxInput, "form-check-input"),
    (forms.Select, "form-select"),
    (forms.Widget, "form-control"),
]


@cache
def _drawing(name: str) -> str:
    """What is inside the icon's <svg>; nothing when the npm package is not installed: pages stand without pictures."""
    try:
        svg = (ICONS / f"{name}.svg").read_text()
    except FileNotFoundError:
        return ""
    return re.sub(r"\s+", " ", svg[svg.index(">") + 1 : svg.rindex("<")]).strip()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """``{% icon "phone" %}``: decoration, so screen readers pass over it."""
    return format_html(
        '<svg class="icon {}" width="24" height="24" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{}</svg>',
        classes,
        mark_safe(_drawing(name)),  # noqa: S308 - a file of the npm package
    )


@register.simple_tag
def control(field: BoundField, **attrs: Any) -> SafeString:
    """A form field's input in Tabler's look, with the hidden value that it was shown with."""
    widget = field.field.widget
    classes = next(name for kind, name in CLASSES if isinstance(widget, kind))
    own = f"{widget.attrs.get('class', '')} {attrs.pop('classes', '')}".strip()
    attrs["class"] = f"{own} {classes}{' is-invalid' if field.errors else ''}".strip()
    html = field.as_widget(attrs={name.replace("_", "-"): value for name, value in attrs.items()})
    return html + field.as_hidden(only_initial=True) if field.field.show_hidden_initial else html


@register.simple_tag
def options_of(widget: Mapping[str, Any]) -> SafeString:
    """The options of a ``<select>``, in their groups."""
    return format_html_join("\n", "{}", ((_group(name, options),) for name, options, _ in widget["optgroups"]))


def _group(name: str | None, options: Iterable[Mapping[str, Any]]) -> SafeString:
    told = ((option["value"], flatatt(option["attrs"]), option["label"]) for option in options)
    html = format_html_join("\n", '<option value="{}"{}>{}</option>', told)
    return format_html('<optgroup label="{}">{}</optgroup>', name, html) if name else html


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return type(field.field.widget) is forms.CheckboxInput


@register.simple_tag(takes_context=True)
def menu(context: RequestContext, name: str) -> list[dict[str, Any]]:
    """The items of a menu, each with ``is_here``, its count and, where a new section begins, its name."""
    request: HttpRequest = context["request"]
    rows, section = [], ""
    items = menus.items_for(name, request)
    here = menus.item_here(items, request)
    for item in items:
        rows.append(
            {
                "item": item,
                "is_here": item is here,
                "section": item.section != section and item.section,
                "count": item.count(request) if item.count else 0,
            }
        )
        section = item.section
    return rows


@register.filter
def initials(person: object) -> str:
    words = re.findall(r"\w+", str(person).split("@")[0])
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper()


register.filter(words.money)  # {{ deal.amount|money:deal.currency }}
