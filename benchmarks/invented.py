"""Made-up people and companies: words that are frequent, words that are rare, and domains that nobody can own."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import product
from random import Random
from typing import Any


def _words(text: str) -> list[str]:
    return text.split()


FIRST = _words(
    "Ada Amara Anouk Ayo Beatriz Bram Célia Chidi Dario Devi Edda Elif Emre Farid Femke Gil Greta Hana Hugo Ines Ivo "
    "Jana Jonas Kaito Kirsi Lara Leif Lucía Mads Mei Milan Nadia Niko Nora Odile Omar Petra Piet Quinn Rafi Renée Rosa "
    "Saga Sami Sven Tara Teo Uma Ursin Vera Viggo Wanda Wim Xenia Yara Yusuf Zara Zoë"
)
_STEMS = _words(
    "Acker Alder Ambers Ash Bell Birk Blom Brand Brenn Dahl Eber Elling Falk Farn Gold Haber Hagen Hart Holm Jarn Kest "
    "Kirch Lang Linden Lund Marl Nord Oster Quarn Rehn Rosen Sand Sols Stein Tann Thorn Vester Wald Winter Zell"
)
_ENDS = _words("berg by dale dorf en er feldt gaard hus lund mann mark qvist rud sen sson stad ström thal wick")
LAST = [stem + end for stem, end in product(_STEMS, _ENDS)]
SYLLABLES = [stem.lower() for stem in _STEMS[:10]]  # that last names begin with
COMPANIES = [
    f"{first} {second}"
    for first, second in product(
        _words(
            "Amber Azure Bright Cobalt Crystal Delta Emerald Falcon Granite Harbor Iron Juniper Lunar Maple Northern "
            "Onyx Pine Quartz River Silver Summit Tidal Umber Velvet Willow Zephyr"
        ),
        _words(
            "Analytics Bakeries Brewing Ceramics Foods Freight Instruments Labs Logistics Mills Optics Paper Robotics "
            "Shipping Software Textiles Tools Turbines Vineyards Works"
        ),
    )
]
FORMS = ("Ltd", "Inc", "GmbH", "AB", "Group", "Co", "SA", "BV")
TITLES = (
    "Account manager", "Buyer", "Chief financial officer", "Chief technology officer", "Consultant", "Designer",
    "Engineer", "Head of marketing", "Head of operations", "Marketing manager", "Office manager", "Product manager",
    "Project manager", "Sales manager", "Team lead", "Vice president sales",
)  # fmt: skip
RARE_TITLE = "Glassblower"
INDUSTRIES = ("Agriculture", "Banking", "Construction", "Education", "Energy", "Food", "Health", "Media", "Retail")
PLACES = (
    ("Amsterdam", "Netherlands"), ("Berlin", "Germany"), ("Bologna", "Italy"), ("Bristol", "United Kingdom"),
    ("Chicago", "United States"), ("Denver", "United States"), ("Gothenburg", "Sweden"), ("Lyon", "France"),
    ("Porto", "Portugal"), ("Zürich", "Switzerland"),
)  # fmt: skip
WORK = ("Annual plan", "Expansion", "Migration", "New site", "Pilot", "Renewal", "Support", "Training", "Upgrade")
SUBJECTS = (
    "About the offer", "Agenda for Thursday", "Contract", "Follow up", "Introduction", "Next steps", "Open questions",
    "Price list", "Review of the quarter", "Thank you for the visit", "Trial", "Visit at the fair",
)  # fmt: skip
_SENTENCES = (
    "They want to see it with their own data.", "The budget is decided in spring.", "We talked about the rollout.",
    "Two teams will take part.", "Please send the price list.", "The contract is with their lawyers.",
    "They compare us with what they built themselves.", "Ask again after the holidays.", "The trial went well.",
)  # fmt: skip
NOW = datetime(2026, 6, 1, 9, tzinfo=UTC)


def moments(days: int, count: int = 50_000) -> list[datetime]:
    """Spread over so many days before now."""
    return [NOW - timedelta(seconds=number * days * 86_400 / count) for number in range(count)]


def texts(random: Random, count: int = 400) -> list[str]:
    return [" ".join(random.choices(_SENTENCES, k=random.randint(1, 6))) for _ in range(count)]


def shares(random: Random, some: Sequence[Any], rest: Any, share: float, count: int) -> list[Any]:
    """One of ``some`` in that share of places, ``rest`` in the others."""
    return [random.choice(some) if random.random() < share else rest for _ in range(count)]
