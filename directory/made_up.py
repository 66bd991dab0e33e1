"""A data set that nobody could take for real: the demo's directory. The same number gives the same people."""

from collections.abc import Iterator
from itertools import product
from random import Random
from typing import Any

FIRST = (
    "Ada", "Bela", "Cleo", "Dario", "Edda", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Levi", "Mona", "Nils",
    "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tara", "Ugo", "Vera", "Willem", "Xenia", "Yann", "Zoë",
)  # fmt: skip
LAST = (
    "Demoson", "Sampleton", "Exempel", "Mockwell", "Testova", "Placeholder", "Dummyfield", "Fiktiv", "Trialby",
    "Specimen", "Fauxmont", "Draftly", "Protosen", "Stubbs-Example", "Notreal", "Inventado", "Måltest", "Prüfmann",
)  # fmt: skip
HEADS = (
    "Amber", "Birch", "Cobalt", "Dune", "Ember", "Fjord", "Glacier", "Harbor", "Indigo", "Juniper", "Kestrel", "Lumen",
    "Maple", "Nimbus", "Opal", "Prairie", "Quartz", "Raven", "Saffron", "Tundra", "Umber", "Vale", "Willow", "Zephyr",
)  # fmt: skip
TAILS = (
    "Analytics", "Bakery", "Cargo", "Devices", "Energy", "Foods", "Gardens", "Health", "Interiors", "Journeys",
    "Kitchens", "Logistics", "Motors", "Networks", "Optics", "Print", "Robotics", "Systems", "Textiles", "Works",
)  # fmt: skip
FORMS = ("", " Group", " Labs", " Partners", " International")
INDUSTRIES = {
    "Analytics": "Technology", "Bakery": "Food & Beverage", "Cargo": "Shipping", "Devices": "Electronics",
    "Energy": "Energy", "Foods": "Food & Beverage", "Gardens": "Agriculture", "Health": "Healthcare",
    "Interiors": "Retail", "Journeys": "Hospitality", "Kitchens": "Retail", "Logistics": "Transportation",
    "Motors": "Manufacturing", "Networks": "Telecommunications", "Optics": "Electronics", "Print": "Media",
    "Robotics": "Machinery", "Systems": "Technology", "Textiles": "Apparel", "Works": "Engineering",
}  # fmt: skip
PLACES = (
    ("Hamburg", "Hamburg", "Germany"),
    ("Lyon", "Auvergne-Rhône-Alpes", "France"),
    ("Leeds", "England", "United Kingdom"),
    ("Austin", "Texas", "United States"),
    ("Denver", "Colorado", "United States"),
    ("Boston", "Massachusetts", "United States"),
    ("Toronto", "Ontario", "Canada"),
    ("Utrecht", "Utrecht", "Netherlands"),
    ("Malmö", "Skåne", "Sweden"),
    ("Porto", "Porto", "Portugal"),
    ("Osaka", "Osaka", "Japan"),
    ("Perth", "Western Australia", "Australia"),
)
DEPARTMENTS = {
    "Sales": "Sales",
    "Marketing": "Marketing",
    "Engineering": "Engineering",
    "Finance": "Finance",
    "Operations": "Operations",
    "People": "Human Resources",
    "Purchasing": "Procurement",
    "IT": "Information Technology",
}
RANKS = (  # title, seniority, how frequent
    ("Chief {} Officer", "C-Level", 1),
    ("VP {}", "VP", 2),
    ("Director of {}", "Director", 4),
    ("Head of {}", "Head", 4),
    ("{} Manager", "Manager", 8),
    ("{} Specialist", "Senior", 10),
    ("{} Associate", "Entry", 8),
)
WEIGHTS = [weight for _, _, weight in RANKS]
WITHOUT_EMAIL = 20  # one in so many
SIZES = (8, 25, 60, 140, 320, 750, 1_800, 4_500, 12_000)
MOST_COMPANIES = len(HEADS) * len(TAILS) * len(FORMS)


def companies(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """At most ``MOST_COMPANIES`` with a name of their own."""
    random = Random(seed)  # noqa: S311 - no secret is made of it
    names = [(head, tail, form) for form, head, tail in product(FORMS, HEADS, TAILS)]
    for number, (head, tail, form) in enumerate(names[:count]):
        name = f"{head} {tail}{form}"
        size = random.choice(SIZES) + random.randrange(9)
        city, state, country = random.choice(PLACES)
        domain = f"{name.lower().replace(' ', '-')}.example"
        yield {
            "key": f"company-{number:05}",
            "name": name,
            "domain": domain,
            "industry": INDUSTRIES[tail],
            "employees": size,
            "annual_revenue": size * random.randrange(60, 240) * 1_000,
            "founded_year": str(random.randrange(1950, 2024)),
            "phone": f"+1 555 01{number % 100:02} {number:04}",
            "linkedin_url": f"https://linkedin.example/company/{domain.removesuffix('.example')}",
            "street": f"{random.randrange(1, 200)} Example Street",
            "postal_code": f"{random.randrange(10_000, 99_999)}",
            "city": city,
            "state": state,
            "country": country,
            "description": f"{name} is made up: a company of the demo.",
        }


def people(count: int, of: int, seed: int = 2) -> Iterator[dict[str, Any]]:
    """``of``: how many companies there are to work at; one in twenty has no e-mail address."""
    random = Random(seed)  # noqa: S311 - no secret is made of it
    places = list(companies(of))
    for number in range(count):
        company = places[number % len(places)]
        first, last = random.choice(FIRST), random.choice(LAST)
        area = random.choice(list(DEPARTMENTS))
        pattern, seniority, _ = random.choices(RANKS, WEIGHTS)[0]
        title = pattern.format(area)
        has_email = bool(number % WITHOUT_EMAIL)
        yield {
            "key": f"person-{number:06}",
            "company_key": company["key"],
            "first_name": first,
            "last_name": last,
            "title": title,
            "seniority": seniority,
            "department": DEPARTMENTS[area],
            "headline": f"{title} at {company['name']}",
            "email": f"{_plain(first)}.{_plain(last)}.{number}@{company['domain']}" if has_email else "",
            "email_status": ("verified" if number % 4 else "unverified") if has_email else "",
            "phone": f"+1 555 01{number % 100:02} {number:06}",
            "mobile_phone": f"+1 555 02{number % 100:02} {number:06}" if number % 3 == 0 else "",
            "linkedin_url": f"https://linkedin.example/in/{_plain(first)}-{_plain(last)}-{number}",
            "city": company["city"],
            "state": company["state"],
            "country": company["country"],
        }


KNOWN = {  # the companies of the demo's CRM, and who of it is there
    "Lantern Robotics": ("lantern-robotics.example", [("Ines", "Sample", "Head of Operations", "+1 555 0300 01")]),
    "Blue Orchard Foods": (
        "blue-orchard.example",
        [("Noor", "Example", "Purchasing Manager", ""), ("Luc", "Specimen", "Managing Director", "+1 555 0300 02")],
    ),
    "Pebble & Sons": ("pebble-sons.example", [("Ben", "Mockford", "Finance Director", "")]),
}
MOVES = {"Noor": (3, "Head of Purchasing"), "Ben": (10, "VP Finance")}  # to which company, as what
FARTHEST = max(number for number, _ in MOVES.values())


def known_companies() -> Iterator[dict[str, Any]]:
    for number, (name, (domain, _)) in enumerate(KNOWN.items()):
        yield {"key": f"known-{number}", "name": name, "domain": domain, "employees": 80, "founded_year": "1998"}


def known_people() -> Iterator[dict[str, Any]]:
    """People of the demo's CRM as the directory has them at first."""
    for number, (domain, staff) in enumerate(KNOWN.values()):
        for first, last, title, phone in staff:
            yield {
                "key": f"known-{first}",
                "company_key": f"known-{number}",
                "first_name": first,
                "last_name": last,
                "title": title,
                "headline": f"{title}, made up",
                "email": f"{first}.{last}@{domain}".lower(),
                "email_status": "verified",
                "phone": phone,
                "linkedin_url": f"https://linkedin.example/in/{first}-{last}".lower(),
            }


def moved_people() -> Iterator[dict[str, Any]]:
    """Those of them who went to another company since."""
    places = list(companies(FARTHEST + 1))
    for person in known_people():
        if person["first_name"] in MOVES:
            number, title = MOVES[person["first_name"]]
            domain = places[number]["domain"]
            address = f"{person['first_name']}.{person['last_name']}@{domain}".lower()
            now = {"company_key": places[number]["key"], "title": title, "email": address}
            yield person | now | {"headline": f"{title}, made up"}


def _plain(name: str) -> str:
    return name.lower().replace("ë", "e").replace("å", "a").replace("ü", "ue").replace("-", "")
