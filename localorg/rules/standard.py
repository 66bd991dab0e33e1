"""The matching rules that come with every org, by the equations that Salesforce documents."""

from localorg.rules.matching import Item

_EITHER_NAME = (Item("FirstName", "FirstName", "Ignore"), Item("LastName", "LastName", "Ignore"))
_NAME = (Item("FirstName", "FirstName"), Item("LastName", "LastName"))
_PHONE, _TITLE, _EMAIL = Item("Phone", "Phone"), Item("Title", "Title"), Item("Email", "Email")

Groups = tuple[tuple[Item, ...], ...]


def _people(company: str, stem: str) -> Groups:
    """Contacts and leads are matched alike; they call company and address differently."""
    firm, street = Item(company, "CompanyName"), Item(f"{stem}Street", "Street")
    city, postal_code = Item(f"{stem}City", "City"), Item(f"{stem}PostalCode", "Zip")
    return (
        (*_NAME, _TITLE, firm),
        (*_EITHER_NAME, _EMAIL),
        (*_NAME, _PHONE, firm),
        (*_NAME, street, city),
        (*_NAME, street, postal_code),
        (*_NAME, street, _PHONE),
        (*_NAME, street, _TITLE),
        (*_EITHER_NAME, _TITLE, _EMAIL),
        (*_NAME, _PHONE),
    )


_ACCOUNT, _WEBSITE = Item("Name", "CompanyName"), Item("Website")
_STREET = Item("BillingStreet", "Street")

MATCHING_RULES: dict[str, tuple[str, Groups]] = {
    "Standard_Account_Match_Rule_v1_0": (
        "Account",
        (
            (_ACCOUNT, _STREET),
            (_ACCOUNT, Item("BillingCity", "City"), Item("BillingState")),
            (_ACCOUNT, Item("BillingPostalCode", "Zip")),
            (_ACCOUNT, _PHONE),
            (_WEBSITE, _PHONE),
            (_WEBSITE, _STREET),
        ),
    ),
    "Standard_Contact_Match_Rule_v1_1": ("Contact", _people("Account.Name", "Mailing")),
    "Standard_Lead_Match_Rule_v1_0": ("Lead", _people("Company", "")),
}

# What a field of the matched object (the key's second) is called on the object that is saved.
MAPPINGS: dict[tuple[str, str], dict[str, str]] = {
    ("Lead", "Contact"): {
        "Account.Name": "Company",
        "MailingStreet": "Street",
        "MailingCity": "City",
        "MailingPostalCode": "PostalCode",
    },
    ("Contact", "Lead"): {
        "Company": "Account.Name",
        "Street": "MailingStreet",
        "City": "MailingCity",
        "PostalCode": "MailingPostalCode",
    },
}
