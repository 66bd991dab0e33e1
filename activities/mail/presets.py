"""Where well-known providers have their mail servers: facts, proposed and changeable."""

from dataclasses import dataclass
from typing import Any

from activities.models import Mailbox

TLS, STARTTLS = Mailbox.Security.TLS, Mailbox.Security.STARTTLS
APP_PASSWORD = "Make an app password in the security settings of your account there, and type it here."  # noqa: S105
GOOGLE = f"It needs two-step verification. {APP_PASSWORD} Your own password is refused."
MICROSOFT = (
    "Microsoft takes no passwords from other programs any more (only OAuth, which Tandem does not speak yet). It will "
    "work only where your company runs an Exchange server of its own: type that one’s name."
)


@dataclass(frozen=True)
class Provider:
    label: str
    imap: tuple[str, int, str]
    smtp: tuple[str, int, str]
    domains: tuple[str, ...] = ()
    note: str = ""

    def values(self) -> dict[str, Any]:
        names = ("host", "port", "security")
        imap = {f"imap_{name}": value for name, value in zip(names, self.imap, strict=True)}
        return imap | {f"smtp_{name}": value for name, value in zip(names, self.smtp, strict=True)}


PROVIDERS = {
    "google": Provider(
        "Google (Gmail, Workspace)",
        ("imap.gmail.com", 993, TLS),
        ("smtp.gmail.com", 465, TLS),
        ("gmail.com", "googlemail.com"),
        GOOGLE,
    ),
    "icloud": Provider(
        "iCloud",
        ("imap.mail.me.com", 993, TLS),
        ("smtp.mail.me.com", 587, STARTTLS),
        ("icloud.com", "me.com", "mac.com"),
        APP_PASSWORD,
    ),
    "yahoo": Provider(
        "Yahoo",
        ("imap.mail.yahoo.com", 993, TLS),
        ("smtp.mail.yahoo.com", 465, TLS),
        ("yahoo.com", "yahoo.co.uk", "yahoo.de", "yahoo.fr", "ymail.com", "rocketmail.com"),
        APP_PASSWORD,
    ),
    "fastmail": Provider(
        "Fastmail",
        ("imap.fastmail.com", 993, TLS),
        ("smtp.fastmail.com", 465, TLS),
        ("fastmail.com", "fastmail.fm"),
        APP_PASSWORD,
    ),
    "zoho": Provider(
        "Zoho",
        ("imap.zoho.com", 993, TLS),
        ("smtp.zoho.com", 465, TLS),
        ("zoho.com", "zohomail.com"),
        "IMAP must be switched on in the settings of Zoho Mail.",
    ),
    "gmx": Provider(
        "GMX",
        ("imap.gmx.net", 993, TLS),
        ("mail.gmx.net", 587, STARTTLS),
        ("gmx.net", "gmx.de", "gmx.at", "gmx.ch"),
        "POP3 and IMAP must be switched on in the settings of GMX.",
    ),
    "mailbox.org": Provider(
        "mailbox.org", ("imap.mailbox.org", 993, TLS), ("smtp.mailbox.org", 465, TLS), ("mailbox.org",)
    ),
    "posteo": Provider("Posteo", ("posteo.de", 993, TLS), ("posteo.de", 465, TLS), ("posteo.de", "posteo.net")),
    "microsoft": Provider(
        "Microsoft (Outlook, 365)",
        ("outlook.office365.com", 993, TLS),
        ("smtp.office365.com", 587, STARTTLS),
        ("outlook.com", "hotmail.com", "live.com", "msn.com"),
        MICROSOFT,
    ),
}
OTHER = ""
BY_DOMAIN = {domain: key for key, provider in PROVIDERS.items() for domain in provider.domains}


def provider_of(address: str) -> str:
    return BY_DOMAIN.get(address.strip().lower().rpartition("@")[2], OTHER)


def guessed(address: str) -> dict[str, Any]:
    """What most servers of a company are called."""
    domain = address.strip().lower().rpartition("@")[2]
    return Provider("", (f"imap.{domain}", 993, TLS), (f"smtp.{domain}", 465, TLS)).values() if domain else {}
