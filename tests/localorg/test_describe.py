"""What the org says about itself."""

from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in


def field(admin: Caller, sobject: str, name: str) -> Json:
    described = admin.ask("GET", f"sobjects/{sobject}/describe").json()
    return next(f for f in described["fields"] if f["name"] == name)


def test_describe_global_lists_every_object_with_its_urls(admin: Caller) -> None:
    listed = admin.ask("GET", "sobjects").json()

    contact = next(s for s in listed["sobjects"] if s["name"] == "Contact")
    assert (listed["encoding"], listed["maxBatchSize"]) == ("UTF-8", 200)
    assert (contact["keyPrefix"], contact["labelPlural"], contact["queryable"]) == ("003", "Contacts", True)
    assert contact["urls"]["describe"] == "/services/data/v62.0/sobjects/Contact/describe"


def test_a_field_is_described_as_a_real_org_does(admin: Caller) -> None:
    source = field(admin, "Contact", "LeadSource")

    assert len(source) == 57
    assert (source["type"], source["length"], source["byteLength"], source["soapType"]) == (
        "picklist",
        255,
        765,
        "xsd:string",
    )
    assert source["restrictedPicklist"] is False
    assert source["picklistValues"][0] == {
        "active": True,
        "defaultValue": False,
        "label": "Web",
        "validFor": None,
        "value": "Web",
    }


def test_required_fields_are_those_that_salesforce_requires(admin: Caller) -> None:
    wanted = {
        "Account": ["Name"],
        "Contact": ["LastName"],
        "Lead": ["LastName", "Company"],
        "Opportunity": ["Name", "StageName", "CloseDate"],
        "OpportunityContactRole": ["OpportunityId", "ContactId"],
        "Task": [],
        "Campaign": ["Name"],
    }
    for name, required in wanted.items():
        fields = admin.ask("GET", f"sobjects/{name}/describe").json()["fields"]
        found = [
            f["name"]
            for f in fields
            if f["createable"] and not f["nillable"] and not f["defaultedOnCreate"] and f["type"] != "boolean"
        ]
        assert found == required, name


def test_polymorphic_lookups_name_all_their_targets(admin: Caller) -> None:
    who = field(admin, "Task", "WhoId")

    assert who["referenceTo"] == ["Contact", "Lead"]
    assert who["polymorphicForeignKey"] is True
    assert who["namePointing"] is True
    assert who["relationshipName"] == "Who"


def test_external_ids_and_custom_fields_are_marked(admin: Caller) -> None:
    own = field(admin, "Contact", "Tandem_Id__c")

    assert (own["externalId"], own["unique"], own["custom"], own["length"]) == (True, True, True, 36)


def test_children_tell_what_goes_with_their_parent(admin: Caller) -> None:
    children = admin.ask("GET", "sobjects/Account/describe").json()["childRelationships"]

    contacts = next(c for c in children if c["relationshipName"] == "Contacts")
    assert (contacts["childSObject"], contacts["field"], contacts["cascadeDelete"]) == ("Contact", "AccountId", True)


NEEDED = {  # objects that must be filtered
    "ContentDocumentLink": "WHERE LinkedEntityId = '001Lo0000000001'",
    "UserRecordAccess": "WHERE UserId = '005Lo0000000001' AND RecordId = '001Lo0000000001'",
}


def test_every_object_can_be_described_and_queried_whole(admin: Caller) -> None:
    for listed in admin.ask("GET", "sobjects").json()["sobjects"]:
        name = listed["name"]
        fields = [f["name"] for f in admin.ask("GET", f"sobjects/{name}/describe").json()["fields"]]
        if not listed["queryable"]:
            assert admin.refusal(f"SELECT Id FROM {name}")["errorCode"] == "INVALID_TYPE"
            continue
        answer = admin.query(f"SELECT {', '.join(fields)} FROM {name} {NEEDED.get(name, '')} LIMIT 2")
        assert all(list(record)[1:] == fields for record in answer["records"])


def test_there_is_always_a_master_record_type(admin: Caller) -> None:
    (master,) = admin.ask("GET", "sobjects/Contact/describe").json()["recordTypeInfos"]

    assert (master["recordTypeId"], master["master"]) == ("012000000000000AAA", True)
    layouts = admin.ask("GET", "sobjects/Opportunity/describe/layouts/").json()
    assert layouts["recordTypeMappings"][0]["picklistsForRecordType"][0]["picklistName"] == "StageName"


def test_deep_links_lead_to_the_pages_of_this_org(admin: Caller) -> None:
    assert admin.ask("GET", "sobjects/Contact/describe").json()["urls"]["uiDetailTemplate"] == f"{admin.url}/{{ID}}"


def test_limits_and_record_counts(admin: Caller) -> None:
    limits = admin.ask("GET", "limits/").json()
    counts = admin.ask("GET", "limits/recordCount?sObjects=Account,Contact,Group").json()

    assert limits["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}
    assert counts == {"sObjects": [{"count": 200, "name": "Account"}, {"count": 2000, "name": "Contact"}]}


def test_who_may_only_read_is_told_so_and_refused(fresh: Server, admin: Caller) -> None:
    reader = sign_in(fresh, "Read Only")
    record_id = admin.create("Contact", LastName="A")

    described = reader.ask("GET", "sobjects/Contact/describe").json()
    created = reader.ask("POST", "sobjects/Contact", {"LastName": "B"})
    updated = reader.ask("PATCH", f"sobjects/Contact/{record_id}", {"LastName": "B"})
    deleted = reader.ask("DELETE", f"sobjects/Contact/{record_id}")

    assert (described["createable"], described["updateable"], described["deletable"]) == (False, False, False)
    assert not any(f["createable"] or f["updateable"] for f in described["fields"])
    assert reader.get("Contact", record_id)["LastName"] == "A"
    assert created.json()[0]["errorCode"] == "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY"
    assert updated.json() == deleted.json()
    assert updated.json()[0]["errorCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_who_has_left_is_signed_out(fresh: Server, admin: Caller, rep: Caller) -> None:
    user_id = rep.ask("GET", "").json()["identity"].rsplit("/", 1)[1]

    admin.update("User", user_id, IsActive=False)

    assert rep.ask("GET", "limits").status_code == 401
