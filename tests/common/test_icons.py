import re
from pathlib import Path

import pytest
from django.conf import settings

from activities.panels import ICONS as ACTIVITY_ICONS
from common import menus
from common.templatetags.ui import ICONS, icon

NAMED = re.compile(r"""{% icon "([a-z0-9-]+)\"""")


def named_icons() -> set[str]:
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    in_templates = {name for template in templates for name in NAMED.findall(template.read_text())}
    in_menus = {item.icon for items in menus._items.values() for item in items}
    return in_templates | in_menus | set(ACTIVITY_ICONS.values())


@pytest.mark.skipif(not ICONS.exists(), reason="the npm packages are not installed")
def test_every_icon_that_is_named_exists() -> None:
    assert {name for name in named_icons() if not (ICONS / f"{name}.svg").exists()} == set()


def test_a_page_stands_without_its_pictures() -> None:
    assert "<path" not in icon("no-such-icon")
    assert 'aria-hidden="true"' in icon("no-such-icon")
