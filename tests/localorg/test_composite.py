"""Several requests in one."""

from typing import Any

from tests.localorg.client import Caller, Json

V = "/services/data/v62.0"


def part(method: str, url: str, reference: str, body: Any = None) -> Json:
    return {"method": method, "url": f"{V}/{url}", "referenceId": reference, "body": body}


def run(admin: Caller, *parts: Json, all_or_none: bool = False) -> list[Json]:
    answer = admin.ask("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": list(parts)})
    assert answer.status_code == 200, answer.text
    return answer.json()["compositeResponse"]


def test_a_reference_carries_an_id_to_the_next_part(admin: Caller) -> None:
    account, contact, query = run(
        admin,
        part("POST", "sobjects/Account", "acc", {"Name": "Acme"}),
        part("POST", "sobjects/Contact", "con", {"LastName": "Lopez", "AccountId": "@{acc.id}"}),
        part("GET", "query?q=SELECT+Id,+AccountId+FROM+Contact+WHERE+AccountId='@{acc.id}'", "q"),
    )

    assert account["httpStatusCode"] == contact["httpStatusCode"] == 201
    assert account["httpHeaders"] == {"Location": f"{V}/sobjects/Account/{account['body']['id']}"}
    assert [record["Id"] for record in query["body"]["records"]] == [contact["body"]["id"]]


def test_references_reach_into_query_results(admin: Caller) -> None:
    _, read = run(
        admin,
        part("GET", "query?q=SELECT+Id,AccountId+FROM+Contact+WHERE+AccountId!=null+LIMIT+1", "q"),
        part("GET", "sobjects/Account/@{q.records[0].AccountId}", "a"),
    )

    assert read["httpStatusCode"] == 200


def test_all_or_none_undoes_everything_and_says_so(admin: Caller) -> None:
    good, bad, later = run(
        admin,
        part("POST", "sobjects/Account", "a", {"Name": "Undone"}),
        part("POST", "sobjects/Contact", "b", {"Email": "nope", "LastName": "L"}),
        part("POST", "sobjects/Contact", "c", {"LastName": "L"}),
        all_or_none=True,
    )

    assert bad["body"][0]["errorCode"] == "INVALID_EMAIL_ADDRESS"
    for other in (good, later):
        assert other["httpStatusCode"] == 400
        assert other["body"] == [
            {
                "errorCode": "PROCESSING_HALTED",
                "message": "The transaction was rolled back since another operation in the same transaction failed.",
            }
        ]
    assert admin.query("SELECT COUNT() FROM Account WHERE Name = 'Undone'")["totalSize"] == 0


def test_without_it_failures_stand_alone_and_stop_their_dependants(admin: Caller) -> None:
    bad, dependant, good = run(
        admin,
        part("POST", "sobjects/Account", "a", {}),
        part("POST", "sobjects/Contact", "b", {"LastName": "L", "AccountId": "@{a.id}"}),
        part("POST", "sobjects/Contact", "c", {"LastName": "Alone"}),
    )

    assert [p["httpStatusCode"] for p in (bad, dependant, good)] == [400, 400, 201]
    assert dependant["body"][0]["message"] == "Invalid reference specified. No value for a.id found in a."


def test_a_failed_row_of_a_collection_undoes_an_all_or_none_composite(admin: Caller) -> None:
    rows = {"records": [{"attributes": {"type": "Account"}, "Name": "Undone"}, {"attributes": {"type": "Account"}}]}

    (collection,) = run(admin, part("POST", "composite/sobjects", "c", rows), all_or_none=True)

    assert collection["httpStatusCode"] == 200
    assert collection["body"][0]["success"] is True
    assert admin.query("SELECT COUNT() FROM Account WHERE Name = 'Undone'")["totalSize"] == 0


def test_an_empty_answer_is_null(admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="A")

    (deleted,) = run(admin, part("DELETE", f"sobjects/Contact/{record_id}", "d"))

    assert (deleted["httpStatusCode"], deleted["body"]) == (204, None)


def test_limits_of_a_composite(admin: Caller) -> None:
    query = "query?q=SELECT+Id+FROM+Account+LIMIT+1"
    too_many = [part("GET", "limits", f"r{n}") for n in range(26)]
    too_many_queries = [part("GET", query, f"r{n}") for n in range(6)]
    bad_name = [part("GET", "limits", "a-b")]

    assert len(run(admin, *too_many_queries[:5])) == 5
    for parts in (too_many, too_many_queries, bad_name):
        assert admin.ask("POST", "composite", {"compositeRequest": parts}).status_code == 400


def test_a_batch_goes_on_after_a_failure_unless_told_to_halt(admin: Caller) -> None:
    parts = [
        {"method": "GET", "url": "v62.0/sobjects/Contact/003Lo0zzzzzzzzz"},
        {"method": "POST", "url": "v62.0/sobjects/Contact", "richInput": {"LastName": "A"}},
    ]

    on = admin.ask("POST", "composite/batch", {"batchRequests": parts}).json()
    halted = admin.ask("POST", "composite/batch", {"batchRequests": parts, "haltOnError": True}).json()

    assert on["hasErrors"] is True
    assert [r["statusCode"] for r in on["results"]] == [404, 201]
    assert [r["statusCode"] for r in halted["results"]] == [404, 412]


def test_a_query_longer_than_a_url_may_be_a_part(admin: Caller) -> None:
    condition = " OR ".join(f"Title = '{n:0100}'" for n in range(300))

    (found,) = run(admin, part("GET", f"query?q=SELECT+Id+FROM+Contact+WHERE+{condition}", "q"))

    assert found["httpStatusCode"] == 200
    assert found["body"]["totalSize"] == 0


def test_references_carry_what_is_true_and_refuse_what_is_no_value(admin: Caller) -> None:
    query = "query?q=SELECT+Id,DoNotCall+FROM+Contact+LIMIT+1"
    body = {"LastName": "L", "DoNotCall": "@{q.records[0].DoNotCall}"}
    asked, made, whole, beyond = run(
        admin,
        part("GET", query, "q"),
        part("POST", "sobjects/Contact", "c", body),
        part("POST", "sobjects/Contact", "w", {"LastName": "@{q.records[0]}"}),
        part("POST", "sobjects/Contact", "b", {"LastName": "@{q.records[9].Id}"}),
    )

    expected = asked["body"]["records"][0]["DoNotCall"]
    assert admin.get("Contact", made["body"]["id"])["DoNotCall"] is expected
    assert whole["body"][0]["errorCode"] == beyond["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_headers_of_a_part_are_its_own(admin: Caller) -> None:
    query = part("GET", "query?q=SELECT+Id+FROM+Contact", "q")
    short = query | {"referenceId": "s", "httpHeaders": {"Sforce-Query-Options": "batchSize=200"}}

    full, paged = run(admin, query, short)

    assert (len(full["body"]["records"]), len(paged["body"]["records"])) == (2000, 200)


def test_a_retired_or_future_version_of_a_part_is_refused(admin: Caller) -> None:
    parts = [part("GET", "limits", f"r{v}") | {"url": f"/services/data/v{v}.0/limits"} for v in (30, 31, 68)]

    assert [p["httpStatusCode"] for p in run(admin, *parts)] == [410, 200, 404]


def test_composites_do_not_nest(admin: Caller) -> None:
    inner = {"compositeRequest": [], "batchRequests": [], "graphs": []}
    urls = ("composite", "Composite/batch", "composite/graph")

    answers = run(admin, *(part("POST", url, f"r{n}", inner) for n, url in enumerate(urls)))
    batched = admin.ask(
        "POST", "composite/batch", {"batchRequests": [{"method": "POST", "url": "v62.0/composite", "richInput": inner}]}
    )

    assert [answer["httpStatusCode"] for answer in answers] == [400, 400, 400]
    assert batched.json()["results"][0]["statusCode"] == 400


def test_a_method_in_disguise_cannot_write_while_reading(admin: Caller) -> None:
    disguised = (
        f'{{"compositeRequest": [{{"\\u006dethod": "POST", "url": "{V}/sobjects/Account", "referenceId": "a",'
        ' "body": {"Name": "Disguised"}}]}'
    )

    answer = admin.ask("POST", "composite", data=disguised, headers={"Content-Type": "application/json"})

    assert answer.json()["compositeResponse"][0]["httpStatusCode"] == 201
    assert admin.query("SELECT COUNT() FROM Account WHERE Name = 'Disguised'")["totalSize"] == 1


def test_a_tree_creates_children_with_their_parent_or_nothing(admin: Caller) -> None:
    def tree(email: str) -> Json:
        child = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": "L", "Email": email}
        return {
            "records": [
                {
                    "attributes": {"type": "Account", "referenceId": "r1"},
                    "Name": "Tree",
                    "Contacts": {"records": [child]},
                }
            ]
        }

    made = admin.ask("POST", "composite/tree/Account", tree("a@b.example"))
    refused = admin.ask("POST", "composite/tree/Account", tree("123"))

    assert made.status_code == 201
    account, contact = (result["id"] for result in made.json()["results"])
    assert admin.get("Contact", contact)["AccountId"] == account
    assert refused.status_code == 400
    assert [result["referenceId"] for result in refused.json()["results"]] == ["r2"]
    assert admin.query("SELECT COUNT() FROM Account WHERE Name = 'Tree'")["totalSize"] == 1


def tree_of(admin: Caller, *records: Json) -> Any:
    return admin.ask("POST", "composite/tree/Account", {"records": list(records)})


def leaf(kind: str, reference: str | None, **fields: Any) -> Json:
    return {"attributes": {"type": kind, "referenceId": reference}, **fields}


def test_records_of_a_tree_need_references_of_their_own(admin: Caller) -> None:
    child = {"records": [leaf("Contact", "r1", LastName="L")]}

    twice = tree_of(admin, leaf("Account", "r1", Name="Twice", Contacts=child))
    never = tree_of(admin, leaf("Account", None, Name="Never"))

    assert twice.status_code == never.status_code == 400
    (error,) = twice.json()["results"]
    assert error["referenceId"] == "r1"
    assert error["errors"][0]["message"] == "Duplicate ReferenceId provided in the request."
    assert never.json()["results"][0]["errors"][0]["statusCode"] == "INVALID_INPUT"
    assert admin.query("SELECT COUNT() FROM Account WHERE Name IN ('Twice', 'Never')")["totalSize"] == 0


def test_a_tree_has_at_most_five_types(admin: Caller) -> None:
    kinds = {
        "Contacts": leaf("Contact", "c", LastName="L"),
        "Opportunities": leaf("Opportunity", "o", Name="O", StageName="Prospecting", CloseDate="2026-01-01"),
        "Tasks": leaf("Task", "t", Subject="T"),
        "Events": leaf("Event", "e", Subject="E", StartDateTime="2026-01-01T10:00:00Z", DurationInMinutes=5),
        "Notes": leaf("Note", "n", Title="N"),
    }
    children = {name: {"records": [record]} for name, record in kinds.items()}
    six = tree_of(admin, leaf("Account", "a", Name="Six", **children))
    del children["Notes"]
    five = tree_of(admin, leaf("Account", "a", Name="Five", **children))

    assert (six.status_code, five.status_code) == (400, 201), five.text
    assert six.json()[0]["errorCode"] == "INVALID_INPUT"
