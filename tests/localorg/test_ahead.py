"""Pages are made ahead of their client, which must never notice anything but the speed."""

import pytest

from tests.localorg.client import Caller, Json

QUERY = "SELECT Id, Title FROM Contact ORDER BY Id"


def second_page(caller: Caller) -> tuple[list[Json], str]:
    """Its records and the path of the third, which is then made ahead."""
    first = caller.query(QUERY, **{"Sforce-Query-Options": "batchSize=500"})
    second = page(caller, first["nextRecordsUrl"])
    return second["records"], second["nextRecordsUrl"]


def page(caller: Caller, path: str) -> Json:
    answer = caller.http.get(caller.url + path, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_page_shows_what_was_written_after_the_one_before(admin: Caller) -> None:
    ids = [row["Id"] for row in admin.rows(QUERY)]
    _, third = second_page(admin)
    admin.update("Contact", ids[1000], Title="Written meanwhile")

    assert page(admin, third)["records"][0]["Title"] == "Written meanwhile"


def test_a_page_can_be_asked_for_again(admin: Caller) -> None:
    _, third = second_page(admin)

    once, again = page(admin, third), page(admin, third)

    assert once == again
    assert len(once["records"]) == 500


def test_every_page_counts_as_a_call(admin: Caller) -> None:
    _, third = second_page(admin)

    answer = admin.http.get(admin.url + third, timeout=30)

    assert answer.headers["Sforce-Limit-Info"] == "api-usage=3/100000"


def test_a_page_is_not_for_others_nor_for_those_signed_out(admin: Caller, rep: Caller) -> None:
    _, third = second_page(admin)
    assert rep.http.get(rep.url + third, timeout=30).status_code == 400

    admin.http.post(f"{admin.url}/services/oauth2/revoke", data={"token": admin.token}, timeout=30)
    assert admin.http.get(admin.url + third, timeout=30).status_code == 401


@pytest.mark.parametrize(("headers", "spaced"), [({"X-PrettyPrint": "1"}, True), ({}, False)])
def test_a_page_comes_in_the_form_asked_for(admin: Caller, headers: dict[str, str], spaced: bool) -> None:
    _, third = second_page(admin)

    answer = admin.http.get(admin.url + third, headers=headers, timeout=30)

    assert ('"totalSize" : 2000' in answer.text) is spaced


def test_a_fault_on_a_page_is_not_missed(admin: Caller) -> None:
    before, third = second_page(admin)
    admin.faults({"match": {"path": "/query/01g"}, "do": "duplicate_page", "times": 1})

    twice = page(admin, third)

    assert page(admin, twice["nextRecordsUrl"])["records"] == twice["records"] != before
