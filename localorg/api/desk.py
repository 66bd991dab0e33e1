"""What the pages of an org are made of, as far as clients ask for it: tabs, theme, quick actions, apps."""

from typing import Any

from localorg import ids
from localorg.api.call import Call, Reply
from localorg.api.lookups import sobject_of
from localorg.errors import not_found
from localorg.schema import SObject

COLORS = {  # of the icons of standard objects
    "Account": "5867E8",
    "Campaign": "FF538A",
    "Contact": "9602C7",
    "Event": "CB65FF",
    "Lead": "FF538A",
    "Opportunity": "FF5D2D",
    "Task": "3BA755",
}
OTHER_COLOR = "06A59A"
THEMES = ("theme3", "theme4")
APP, APP_ID = "Sales", ids.make("02u", 1)

Json = dict[str, Any]


def tabs(call: Call) -> Reply:
    return Reply(body=every_tab(call))


def every_tab(call: Call) -> list[Json]:
    return [_tab(call, sobject) for sobject in _shown(call)]


def theme(call: Call) -> Reply:
    items = [{"colors": _colors(s), "icons": _icons(call, s), "name": s.name} for s in _shown(call)]
    return Reply(body={"themeItems": items})


def global_quick_actions(call: Call) -> Reply:
    return Reply(body=[_action(call, sobject, None) for sobject in _shown(call) if sobject.can("create")])


def quick_actions(call: Call, name: str) -> Reply:
    """Those of an object's records: the same, with the record as context."""
    context = sobject_of(call, name)
    return Reply(body=[_action(call, sobject, context) for sobject in _shown(call) if sobject.can("create")])


def app_menu(call: Call, kind: str) -> Reply:
    """GET appMenu/AppSwitcher and appMenu/Salesforce1"""
    if kind.lower() not in ("appswitcher", "salesforce1"):
        raise not_found()
    url = f"{call.origin}/lightning/app/{APP}"
    item = {"type": "Tabset", "content": None, "icons": None, "colors": None, "label": APP, "url": url}
    return Reply(body={"appMenuItems": [item]})


def _shown(call: Call) -> list[SObject]:
    return [sobject for sobject in call.schema if sobject.can("layout") and sobject.can("search")]


def _tab(call: Call, sobject: SObject) -> Json:
    icons = _icons(call, sobject)
    return {
        "colors": _colors(sobject),
        "custom": sobject.custom,
        "iconUrl": icons[0]["url"],
        "icons": icons,
        "label": sobject.plural,
        "miniIconUrl": icons[-1]["url"],
        "name": sobject.name if sobject.custom else f"standard-{sobject.name}",
        "sobjectName": sobject.name,
        "url": f"{call.origin}/{sobject.prefix}/o",
    }


def _colors(sobject: SObject) -> list[Json]:
    color = COLORS.get(sobject.name, OTHER_COLOR)
    return [{"color": color, "context": "primary", "theme": theme} for theme in THEMES]


def _icons(call: Call, sobject: SObject) -> list[Json]:
    folder = f"{call.origin}/img/icon/t4v35/standard/{sobject.name.lower()}"
    sizes = (60, 120)
    return [
        {"contentType": "image/png", "height": size, "theme": "theme4", "url": f"{folder}_{size}.png", "width": size}
        for size in sizes
    ]


def _action(call: Call, sobject: SObject, context: SObject | None) -> Json:
    name = f"New{sobject.name.removesuffix('__c')}"
    own = f"{call.data_url}/sobjects/{context.name}" if context else call.data_url
    urls = {"quickAction": f"{own}/quickActions/{name}", "describe": f"{own}/quickActions/{name}/describe"}
    defaults = f"{own}/quickActions/{name}/defaultValues"
    urls |= {"defaultValues": f"{defaults}/{{ID}}" if context else defaults}
    return {
        "actionEnumOrId": ids.make("09D", sum(map(ord, name))),
        "label": f"New {sobject.label}",
        "name": f"{context.name}.{name}" if context else name,
        "type": "Create",
        "urls": urls,
    }
