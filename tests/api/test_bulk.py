"""Many records by one request, and requests that are sent twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from common.api import idempotency
from common.models import KeptReply, Origin, Workspace
from common.visibility import let_see_pulled
from contacts import services
from contacts.models import Contact
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db
BULK = f"{V1}contacts/bulk/"


class TestBulk:
    def test_each_is_made_or_refused_by_itself(self, api: Api) -> None:
        sent = [{"last_name": "A"}, {"last_name": ""}, {"last_name": "C", "nonsense": 1}, {"last_name": "D"}]
        answer = api.post(BULK, {"records": sent})
        results = answer.json()["results"]
        assert [one["status"] for one in results] == [201, 400, 400, 201]
        assert results[0]["record"]["last_name"] == "A"
        assert results[0]["record"]["origin"] == Origin.API
        assert set(results[1]["problem"]["errors"]) == {"last_name"}
        assert list(Contact.objects.order_by("pk").values_list("last_name", flat=True)) == ["A", "D"]

    def test_each_is_changed_by_what_it_names(self, api: Api) -> None:
        ann, bob = ContactFactory(title="CEO"), ContactFactory(title="CTO")
        sent = [
            {"id": ann.pk, "city": "Bonn"},
            {"id": 987_654, "city": "x"},
            {"city": "x"},
            {"id": bob.pk, "email": "x"},
        ]
        results = api.patch(BULK, {"records": sent}).json()["results"]
        assert [one["status"] for one in results] == [200, 404, 400, 400]
        assert (results[0]["record"]["city"], results[0]["record"]["title"]) == ("Bonn", "CEO")

    def test_each_is_deleted_and_can_be_brought_back(self, api: Api) -> None:
        ann = ContactFactory()
        results = api.delete(BULK, {"ids": [ann.pk, ann.pk]}).json()["results"]
        assert [one["status"] for one in results] == [204, 404]
        assert api.page("deleted")["results"][0]["record_id"] == ann.pk

    @pytest.mark.parametrize(
        "body", [{}, {"records": []}, {"records": [1]}, {"records": [{}] * 201}, {"records": "x"}, [1], {"ids": [0]}]
    )
    @pytest.mark.parametrize("method", ["post", "patch", "delete"])
    def test_what_is_no_such_list_is_refused_whole(self, api: Api, method: str, body: Any) -> None:
        assert getattr(api, method)(BULK, body).status_code == 400

    def test_records_of_others_are_not_there(self, api: Api) -> None:
        theirs = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())
        let_see_pulled(Workspace.SeenBy.OWNERS)
        changed = api.patch(BULK, {"records": [{"id": theirs.pk, "city": "x"}]}).json()["results"]
        deleted = api.delete(BULK, {"ids": [theirs.pk]}).json()["results"]
        assert [one["status"] for one in (*changed, *deleted)] == [404, 404]

    @pytest.mark.parametrize("resource", ["accounts", "deals", "activities"])
    def test_every_kind_has_it(self, api: Api, resource: str) -> None:
        contact = ContactFactory()
        row = {"kind": "note", "body": "x", "contact": contact.pk} if resource == "activities" else {"name": "A"}
        assert api.post(f"{V1}{resource}/bulk/", {"records": [row]}).json()["results"][0]["status"] == 201


class TestIdempotency:
    def make(self, api: Api, key: str = "k1", **fields: Any) -> Any:
        return api.post(f"{V1}contacts/", fields or {"last_name": "A"}, headers={"Idempotency-Key": key})

    def test_the_same_request_again_makes_nothing_and_gets_the_same_answer(self, api: Api) -> None:
        first, again = self.make(api), self.make(api)
        assert (first.status_code, again.status_code) == (201, 201)
        assert (first.json(), first["Location"]) == (again.json(), again["Location"])
        assert ("Idempotency-Replayed" in first, again["Idempotency-Replayed"]) == (False, "true")
        assert Contact.objects.count() == 1

    def test_a_key_is_of_one_request_and_one_person(self, api: Api) -> None:
        self.make(api)
        assert self.make(api, last_name="B").status_code == 422
        assert self.make(Api(UserFactory()), last_name="B").status_code == 201
        assert self.make(api, key="k2").status_code == 201
        assert self.make(api, key="x" * 300).status_code == 400

    def test_while_the_first_is_under_way_the_second_waits(self, api: Api) -> None:
        self.make(api)
        KeptReply.objects.update(status=None)
        assert self.make(api).status_code == 409
        KeptReply.objects.update(begun_at=timezone.now() - idempotency.LEASE)  # whoever did it was killed
        assert self.make(api).status_code == 201

    def test_what_was_refused_or_broke_may_be_sent_again(self, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self.make(api, last_name="").status_code == 400
        assert not KeptReply.objects.exists()

        def breaks(*args: Any) -> Any:
            real(*args)
            raise RuntimeError

        real = services.save_new
        monkeypatch.setattr(services, "save_new", breaks)
        with pytest.raises(RuntimeError):
            self.make(api)
        monkeypatch.undo()
        assert self.make(api).status_code == 201
        assert Contact.objects.count() == 1

    def test_many_at_once_are_not_made_twice_either(self, api: Api) -> None:
        for _ in range(2):
            api.post(BULK, {"records": [{"last_name": "A"}, {}]}, headers={"Idempotency-Key": "many"})
        assert Contact.objects.count() == 1

    def test_replies_are_kept_for_a_day(self, api: Api) -> None:
        self.make(api)
        KeptReply.objects.update(begun_at=timezone.now() - timedelta(hours=25))
        assert self.make(api).status_code == 201
        KeptReply.objects.update(begun_at=timezone.now() - timedelta(hours=25))
        idempotency.prune()
        assert (Contact.objects.count(), KeptReply.objects.count()) == (2, 0)
