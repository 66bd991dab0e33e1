from types import SimpleNamespace

import pytest
from django.test import RequestFactory

from common import menus
from common.menus import Item


@pytest.fixture(autouse=True)
def _own_menu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menus, "_items", {"test": []})
    menus.add("test", Item(2, "Contacts", "contacts:list", "users"))
    menus.add("test", Item(1, "Home", "home", "home"))
    menus.add("test", Item(3, "People", "users:people", "users", admins_only=True))


def labels(rf: RequestFactory, *, is_admin: bool) -> list[str]:
    request = rf.get("/")
    request.user = SimpleNamespace(is_admin=is_admin)
    return [item.label for item in menus.items_for("test", request)]


def test_items_stand_in_their_order_and_only_admins_see_theirs(rf: RequestFactory) -> None:
    assert labels(rf, is_admin=False) == ["Home", "Contacts"]
    assert labels(rf, is_admin=True) == ["Home", "Contacts", "People"]


@pytest.mark.parametrize(
    ("path", "here"),
    [
        ("/", "Home"),
        ("/contacts/", "Contacts"),
        ("/contacts/7/", "Contacts"),
        ("/contacts/job-changes/", "Job changes"),
    ],
)
def test_the_item_of_the_page_is_marked_and_of_two_the_nearer(rf: RequestFactory, path: str, here: str) -> None:
    menus.add("test", Item(4, "Job changes", "contacts:job_changes", "briefcase-2"))

    marked = menus.item_here(menus._items["test"], rf.get(path))

    assert marked is not None
    assert marked.label == here
