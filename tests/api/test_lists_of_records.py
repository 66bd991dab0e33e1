import pytest

from activities.models import RecordList
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, RecordListFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_a_list_is_made_changed_and_deleted(api: Api) -> None:
    made = api.make("lists", name="Fair", record_kind="contact")

    assert (made["owner"], made["record_kind"]) == (api.user.pk, "contact")
    assert api.change("lists", made["id"], name="Fair 2027")["name"] == "Fair 2027"
    assert api.patch(f"{V1}lists/{made['id']}/", {"record_kind": "deal"}).status_code == 400
    assert api.delete(f"{V1}lists/{made['id']}/").status_code == 204
    assert not RecordList.objects.exists()


def test_a_taken_name_is_refused(api: Api) -> None:
    RecordListFactory(name="Fair")

    assert "already" in str(api.refused("lists", name="fair", record_kind="contact"))


def test_the_list_of_another_is_not_renamed(api: Api) -> None:
    others = RecordListFactory(owner=UserFactory())

    assert api.patch(f"{V1}lists/{others.pk}/", {"name": "Mine"}).status_code == 403
    assert api.delete(f"{V1}lists/{others.pk}/").status_code == 403


def test_records_are_added_listed_and_removed(api: Api) -> None:
    present, ids = RecordListFactory(), [ContactFactory().pk for _ in range(3)]
    path = f"{V1}lists/{present.pk}/"

    assert api.post(f"{path}add/", {"ids": ids}).json() == {"changed": 3}
    assert api.post(f"{path}add/", {"ids": ids}).json() == {"changed": 0}
    assert [row["id"] for row in api.get(f"{path}members/").json()["results"]] == ids
    assert api.ids("lists", contact=ids[0]) == [present.pk]
    assert api.post(f"{path}remove/", {"ids": ids[:2]}).json() == {"changed": 2}
    assert api.ids(f"lists/{present.pk}/members") == ids[2:]


def test_all_are_added_or_none(api: Api) -> None:
    present, ann = RecordListFactory(), ContactFactory()

    answer = api.post(f"{V1}lists/{present.pk}/add/", {"ids": [ann.pk, 999]})

    assert answer.status_code == 400
    assert "999" in str(answer.json()["errors"]["ids"])
    assert api.ids(f"lists/{present.pk}/members") == []
