"""What the codes of refusals mean, in words for the person who has to mend them."""

from dataclasses import dataclass

from integrations.models import ErrorEntry


@dataclass(frozen=True)
class Explanation:
    cause: str
    fix: str
    where: str = ""  # "salesforce", "record", "mapping", "settings" or "login"
    title: str = ""  # what the cause is called in a list; the code where there is none


UNKNOWN = Explanation(
    "Salesforce refused the record for a reason of its own, given in its message.",
    "Change what the message names, here or in Salesforce, then retry.",
)
NO_FIELD = Explanation(
    "The field is read-only for this login, or hidden from it.",
    "Ask your Salesforce admin to make the field editable for this user (field-level security), or unmap it.",
    "mapping",
    "A field that the login may not write",
)
OWNER_GONE = Explanation(
    "The record names an owner, account or other record that is inactive, gone or of the wrong kind in Salesforce.",
    "Give the record an owner who is active in Salesforce, or correct what it points at.",
    "record",
    "An owner or reference that is gone",
)
NO_ACCESS = Explanation(
    "The login may not change this record, or not see a record that it belongs to.",
    "Ask your Salesforce admin to share it with this user or to widen their rights, "
    "or choose a team login that may do more.",
    "login",
    "The login may not do this",
)
BUSY = Explanation(
    "Salesforce was not to be spoken to for a while. That says nothing of the record.",
    "Nothing is to be mended: retry. Tandem waits by itself where the whole of Salesforce is out of reach.",
    "salesforce",
    "Salesforce was busy",
)
LOGIN_REFUSED = Explanation(
    "Salesforce did not accept the login: it was revoked, has expired, or may not use the API from here.",
    "Connect the login again; where that does not help, your Salesforce admin has to allow it the API.",
    "login",
    "The login was refused",
)
LOCKED_ELSEWHERE = Explanation(
    "Something in Salesforce was working on the same record, again and again.",
    "Retry when Salesforce is calmer. If it keeps happening, a flow or a bulk job there is busy with this record.",
    "salesforce",
    "Locked by somebody else",
)

EXPLANATIONS: dict[str, Explanation] = {
    "NOT_STORED": Explanation(
        "A pull could not store the record here: the message is that of Tandem's database. Other records were stored.",
        "Correct the value in Salesforce, or the record here that stands in its way, then retry.",
        "salesforce",
        "Could not be stored here",
    ),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": Explanation(
        "The picklist in Salesforce is restricted, and the value is not one that it allows.",
        "Choose an allowed value here, or ask your Salesforce admin to add the value and then read the fields again.",
        "record",
        "A value that the picklist does not allow",
    ),
    "VALUE_NOT_MAPPED": Explanation(
        "The field has a value map, values that are in none of its rows are an error, and this value is in none.",
        "Choose a mapped value here, or add a row for this one to the field's value map.",
        "mapping",
        "A value that is in no value map",
    ),
    "REQUIRED_FIELD_MISSING": Explanation(
        "Salesforce requires a field that this record leaves empty, or that nothing is mapped to.",
        "Fill the field in, or map one to it. A default value in Salesforce helps too.",
        "mapping",
        "A required field is empty",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Explanation(
        "A validation rule of your org refused the record. The message is the rule's own.",
        "Change the record so that the rule is content, or ask your Salesforce admin to change the rule.",
        "record",
        "A validation rule",
    ),
    "STRING_TOO_LONG": Explanation(
        "The text is longer than the field in Salesforce.",
        "Shorten it, or ask your Salesforce admin to enlarge the field.",
        "record",
        "A text is too long",
    ),
    "INVALID_EMAIL_ADDRESS": Explanation(
        "Salesforce does not take this for an e-mail address.",
        "Correct the address.",
        "record",
        "Not an e-mail address",
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": Explanation(
        "The number has more digits than the field in Salesforce takes.",
        "Correct the number, or ask your Salesforce admin to enlarge the field.",
        "record",
        "A number that is too large",
    ),
    "INVALID_TYPE_ON_FIELD_IN_RECORD": Explanation(
        "The value is of another kind than the field in Salesforce holds.",
        "Correct the value or the mapping.",
        "record",
        "A value of the wrong kind",
    ),
    "FIELD_INTEGRITY_EXCEPTION": Explanation(
        "Two values don't go together, an id is of the wrong kind, or a state or country is not on Salesforce's list.",
        "Correct the value. For states and countries use the names that your org's picklists have.",
        "record",
        "Values that don't go together",
    ),
    "DUPLICATES_DETECTED": Explanation(
        "A duplicate rule of your org takes this for a record that it has already. "
        "Rules that only warn people in Salesforce refuse what an integration writes.",
        "Link it to the record that is there, or save it all the same if it is somebody else.",
        "record",
        "A duplicate rule of Salesforce",
    ),
    "DUPLICATE_EXTERNAL_ID": Explanation(
        "Several records in Salesforce have the same external id, which must be unique.",
        "Your Salesforce admin must make the field unique, and merge those records.",
        "salesforce",
        "An external id there twice",
    ),
    "NOT_VISIBLE": Explanation(
        "The record is in Salesforce, but hidden from the login that was used, or it was erased.",
        "Ask your Salesforce admin to share it with this login, or choose a team login that sees it.",
        "login",
        "Hidden from the login",
    ),
    "INVALID_STATUS": Explanation(
        "The status can't be set by an edit: “converted” is reached by converting the lead, nothing else.",
        "Map the stage to another status, or convert the lead in Salesforce.",
        "record",
        "A status that can't be set",
    ),
    "TRANSFER_REQUIRES_READ": Explanation(
        "The new owner may not see records of this kind in Salesforce.",
        "Choose another owner, or ask your Salesforce admin to give them the right.",
        "record",
        "An owner who may not see it",
    ),
    "DELETE_FAILED": Explanation(
        "Salesforce does not let the record be deleted: others belong to it, such as deals that were won.",
        "Remove what belongs to it in Salesforce first, or keep the record there.",
        "salesforce",
        "It can't be deleted",
    ),
    "SERVER_UNAVAILABLE": BUSY,
    "REQUEST_LIMIT_EXCEEDED": Explanation(
        "The org had used up its daily allowance of API calls.",
        "Wait: the allowance frees by itself within a day. It can be raised with Salesforce.",
        "settings",
        "The API allowance was used up",
    ),
    "UNKNOWN_EXCEPTION": BUSY,
    "INVALID_SESSION_ID": LOGIN_REFUSED,
    "API_CURRENTLY_DISABLED": LOGIN_REFUSED,
    "API_DISABLED_FOR_ORG": LOGIN_REFUSED,
    "DUPLICATE_VALUE": Explanation(
        "A field that must be unique in Salesforce has this value on another record already.",
        "Change the value, or merge the two records in Salesforce.",
        "record",
        "A value that must be unique",
    ),
    "SEVERAL_MATCHES": Explanation(
        "Salesforce has several records that look like this one. Tandem does not guess.",
        "Choose the one that it is, or create another.",
        "record",
        "Several records look like it",
    ),
    "OUTCOME_UNKNOWN": Explanation(
        "The connection was cut while the record was being created, and several records there could be it.",
        "Look at them in Salesforce and choose the one that it is.",
        "record",
        "An unknown outcome",
    ),
    "UNKNOWN_STAGE": Explanation(
        "The deal is at a stage that Salesforce does not have, or has closed.",
        "Choose a stage of the pipeline that follows Salesforce.",
        "record",
        "A stage that Salesforce does not have",
    ),
    "OTHER_CURRENCY": Explanation(
        "The deal is in another currency than amounts in Salesforce are, and nothing would tell Salesforce so.",
        "Give the deal in the org's currency, or empty its amount. Where the org has several currencies, "
        "map the deal's currency.",
        "record",
        "An amount in another currency",
    ),
    "PARENT_NOT_SYNCED": Explanation(
        "The record belongs to another one that Salesforce has refused.",
        "Mend that one first: this one follows by itself.",
        "record",
        "It waits for another record",
    ),
    "PERSON_NOT_SYNCED": Explanation(
        "Only who is in Salesforce can be in a campaign there, and this person is not.",
        "Mend what keeps the person out; the message says it. They are then added by themselves.",
        "record",
        "Somebody who is not in Salesforce",
    ),
    "SPOILS_ITS_CALL": Explanation(
        "Salesforce answers with a fault of its own whenever this record is sent, and takes others.",
        "Look at what is unusual in the record, or have your Salesforce admin look at triggers and flows. Then retry.",
        "salesforce",
        "Salesforce fails on it",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": Explanation(
        "The lead was converted in Salesforce and can't be changed any more.",
        "Tandem follows it to the contact that it became. Pull the contacts, then retry.",
        "salesforce",
        "A converted lead",
    ),
    "ENTITY_IS_DELETED": Explanation(
        "The record was deleted in Salesforce, or lost in a merge.",
        "Pull once: Tandem then follows the merge or drops the link. Restore it from the recycle bin to keep it.",
        "salesforce",
        "Deleted in Salesforce",
    ),
    "UNABLE_TO_LOCK_ROW": LOCKED_ELSEWHERE,
    "ENTITY_IS_LOCKED": Explanation(
        "The record is locked in Salesforce, mostly by an approval that is under way.",
        "Finish or recall the approval there, then retry.",
        "salesforce",
        "Locked by an approval",
    ),
    "INSUFFICIENT_ACCESS_OR_READONLY": NO_ACCESS,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": NO_ACCESS,
    "INVALID_FIELD": NO_FIELD,
    "INVALID_FIELD_FOR_INSERT_UPDATE": NO_FIELD,
    "INVALID_CROSS_REFERENCE_KEY": OWNER_GONE,
    "INACTIVE_OWNER_OR_USER": OWNER_GONE,
    "MALFORMED_ID": OWNER_GONE,
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": Explanation(
        "A trigger or flow in Salesforce failed while saving the record. The message quotes it.",
        "Your Salesforce admin must look at that trigger or flow.",
        "salesforce",
        "A trigger or flow failed",
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": Explanation(
        "A flow in Salesforce failed while saving the record.",
        "Your Salesforce admin must look at it.",
        "salesforce",
        "A flow failed",
    ),
    "INVALID_TYPE": Explanation(
        "The login may not see this kind of record at all.",
        "Ask your Salesforce admin to give this user the right to the object.",
        "login",
        "No right to the object",
    ),
    "STORAGE_LIMIT_EXCEEDED": Explanation(
        "The org has no room left for new records.",
        "Free or buy storage in Salesforce, then retry.",
        "salesforce",
        "The org is full",
    ),
}
# Refusals of a value: another value in the same field mends them.
OF_A_VALUE = {
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
    "VALUE_NOT_MAPPED",
    "STRING_TOO_LONG",
    "INVALID_EMAIL_ADDRESS",
    "NUMBER_OUTSIDE_VALID_RANGE",
    "REQUIRED_FIELD_MISSING",
    "FIELD_CUSTOM_VALIDATION_EXCEPTION",
    "UNKNOWN_STAGE",
}
# Refusals of a word: another one can be written for it from now on.
OF_A_WORD = {"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "VALUE_NOT_MAPPED"}
# Refusals that our own check takes from the org's description, which may have changed since it was read.
OF_THE_DESCRIPTION = {"INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "STRING_TOO_LONG", "REQUIRED_FIELD_MISSING"}
# A person chooses among candidates.
OF_A_CHOICE = set(ErrorEntry.QUESTIONS)


def explain(code: str) -> Explanation:
    return EXPLANATIONS.get(code, UNKNOWN)
