"""Rows that somebody else holds: an update of one child stands in the way of another's."""

from tests.localorg.bulk_jobs import loaded, outcome
from tests.localorg.client import Caller, Json

HELD = {"match": {"object": "Account"}, "do": "hold"}


def refused(problem: Json, record_id: str) -> bool:
    message = f"unable to obtain exclusive access to this record or 1 records: {record_id}"
    return problem == {"message": message, "errorCode": "UNABLE_TO_LOCK_ROW", "fields": []}


def test_a_held_row_cannot_be_written(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    admin.faults(HELD)

    for method, body in (("PATCH", {"Name": "B"}), ("DELETE", None)):
        answer = admin.ask(method, f"sobjects/Account/{account}", body)
        assert answer.status_code == 400
        assert refused(answer.json()[0], account)


def test_nor_can_a_child_be_made_or_changed(admin: Caller) -> None:
    account, other = (admin.create("Account", Name=name) for name in "AB")
    contact = admin.create("Contact", LastName="C", AccountId=account)
    free = admin.create("Contact", LastName="F")
    admin.faults(HELD)

    assert refused(admin.refused("Contact", LastName="New", AccountId=other)[0], other)
    assert refused(admin.ask("PATCH", f"sobjects/Contact/{contact}", {"Title": "Boss"}).json()[0], account)
    assert refused(admin.ask("PATCH", f"sobjects/Contact/{free}", {"AccountId": other}).json()[0], other)
    assert refused(admin.ask("DELETE", f"sobjects/Contact/{contact}").json()[0], account)
    admin.update("Contact", free, Title="Boss")


def test_a_hold_lasts_for_as_many_rows_as_it_says(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    admin.faults(HELD | {"times": 1})
    rows = [{"attributes": {"type": "Contact"}, "LastName": name, "AccountId": account} for name in "CD"]

    held, saved = admin.ask("POST", "composite/sobjects", {"records": rows}).json()

    assert held["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert saved["success"]


def test_bulk_rows_wait_for_their_parents_too(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    admin.faults(HELD)

    job = loaded(admin, "insert", f"LastName,AccountId\nA,{account}\nB,\n")

    (failed,) = outcome(admin, job, "failedResults")
    assert failed["sf__Error"].startswith("UNABLE_TO_LOCK_ROW:")
    assert job["numberRecordsProcessed"] == 2


def test_a_lock_is_on_the_rows_of_its_object_alone(admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    admin.faults(HELD | {"do": "lock"})

    admin.create("Contact", LastName="C", AccountId=account)
