"""Whatever anybody sends is read as far as it can be, and never breaks the reading."""

from datetime import UTC, datetime
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.mail.parsing import parse_content, parse_head
from tests.activities.mail.letters import bounce, letter

TOO_LONG = 10  # seconds
ARRIVED = datetime(2026, 11, 20, 12, tzinfo=UTC)


def head(text: bytes | str) -> object:
    return parse_head(text if isinstance(text, bytes) else text.encode(), ARRIVED)


@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    found = parse_head(data, ARRIVED)
    content = parse_content(data)

    assert 0 < len(found.message_id) <= 255
    for text in (found.subject, found.message_id, content.text, content.html):
        assert "\x00" not in text
        text.encode()  # no half of a pair: PostgreSQL takes it


@given(st.lists(st.sampled_from(["From", "To", "Date", "References", "Content-Type", "Subject"])), st.text(max_size=80))
def test_any_header_is_read(names: list[str], value: str) -> None:
    text = "".join(f"{name}: {value}\r\n" for name in names) + "\r\nbody"
    data = text.encode("utf-8", "surrogatepass")
    parse_head(data, ARRIVED)
    parse_content(data)


@pytest.mark.parametrize("text", ["(", "a:", '"', '";', "<", "=?utf-8?q?", "a@b.example, "])
def test_headers_that_go_on_and_on_neither_break_nor_hold_up_the_reading(text: str) -> None:
    began = process_time()
    for name in ("From", "Subject", "Content-Type", "References"):
        data = f"{name}: {text * (60_000 // len(text))}\r\nTo: kim@tandem-team.example\r\n\r\nbody".encode()
        assert [one.address for one in parse_head(data, ARRIVED).of("to")] == ["kim@tandem-team.example"]
        parse_content(data)
    assert process_time() - began < TOO_LONG


def test_boxes_in_boxes_hold_up_nothing() -> None:
    data, began = b"Content-Type: text/html\r\n\r\nHello" + b"<div>" * 80_000, process_time()

    assert parse_content(data).text == "Hello"
    assert process_time() - began < TOO_LONG


@pytest.mark.parametrize(
    "header",
    ["Grüße".encode(), "Grüße".encode("cp1252"), b"=?utf-8?q?Gr=C3=BC=C3=9Fe?=", b"=?iso-8859-1?q?Gr=FC=DFe?="],
)
def test_a_subject_is_read_in_whatever_bytes_it_comes(header: bytes) -> None:
    assert head(b"Subject: " + header + b"\r\n\r\n").subject == "Grüße"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain; charset=utf-8", "Grüße".encode()),
        ("text/plain; charset=no-such-charset", "Grüße".encode()),
        ("text/plain; charset=us-ascii", "Grüße".encode("cp1252")),
        ("text/plain", "Grüße".encode()),
        ("text/plain; charset=zip", "Grüße".encode()),
        ('text/html; charset="utf-8"', "<p>Grüße</p>".encode()),
    ],
)
def test_a_text_is_read_whatever_charset_it_claims(kind: str, body: bytes) -> None:
    data = f"Content-Type: {kind}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n".encode() + body
    assert parse_content(data).text == "Grüße"


@pytest.mark.parametrize(
    "date", ["", "yesterday", "Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 20 Nov 2099 12:00:00 +0000", "99999999999999"]
)
def test_a_date_that_cannot_be_is_that_of_its_arrival(date: str) -> None:
    assert head(f"Date: {date}\r\n\r\n").sent_at == ARRIVED


def test_a_date_without_a_zone_is_taken_as_utc() -> None:
    assert head("Date: Thu, 19 Nov 2026 08:00:00 -0000\r\n\r\n").sent_at == datetime(2026, 11, 19, 8, tzinfo=UTC)


def test_an_email_without_an_id_has_the_same_one_everywhere() -> None:
    one = letter(headers={"Message-ID": None}, at=ARRIVED)

    assert head(b"Received: by one\r\n" + one).message_id == head(b"Received: by two\r\n" + one).message_id
    assert head(one).message_id != head(letter(headers={"Message-ID": None}, at=ARRIVED, subject="Other")).message_id


def test_ids_that_are_too_long_fit_and_stay_apart() -> None:
    one, two = (head(f"Message-ID: <{'a' * 300}{end}@x>\r\n\r\n").message_id for end in "xy")

    assert one != two
    assert len(one) <= 255


def test_what_is_answered_stands_last() -> None:
    found = head("References: <a@x> <c@x>\r\n <b@x>\r\nIn-Reply-To: <c@x>\r\n\r\n")

    assert found.references == ("a@x", "b@x", "c@x")


def test_people_are_read_by_their_roles_and_nonsense_is_left_out() -> None:
    found = head(
        'From: "Roe, Ann" <ANN@Acme.Example>\r\nTo: undisclosed-recipients:;, Bo <bo@x.example>, @, nobody\r\n\r\n'
    )

    assert [(one.role, one.address, one.name) for one in found.people] == [
        ("from", "ann@acme.example", "Roe, Ann"),
        ("to", "bo@x.example", "Bo"),
    ]


def test_html_is_made_harmless_and_shows_no_pictures_from_elsewhere() -> None:
    html = (
        '<p onclick="x()">Hi <a href="javascript:x()">there</a><img src="https://spy.example/p.gif"></p>'
        "<script>x()</script><style>p{}</style><iframe src=x></iframe><form action=x><input></form>"
    )
    found = parse_content(letter(html=html))

    assert found.html == '<p>Hi <a rel="noopener noreferrer nofollow">there</a></p>'
    assert found.text == "Dear Kim"


def test_html_alone_becomes_text_with_its_lines() -> None:
    data = b"Content-Type: text/html\r\n\r\n<div>Dear Kim,</div><p>a &lt; b<br>second\r\n line</p>"

    assert parse_content(data).text == "Dear Kim,\na < b\nsecond line"


def test_what_is_attached_is_named_and_not_kept() -> None:
    data = (
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nSee below\r\n--b\r\n'
        b'Content-Type: text/plain\r\nContent-Disposition: attachment; filename="list.txt"\r\n\r\nsecret\r\n'
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n"
    )

    assert parse_content(data).text == "See below\n\nAttached: list.txt"


def test_a_long_text_is_cut_and_says_so() -> None:
    text = parse_content(b"\r\n" + b"word " * 100_000).text

    assert text.endswith("only its beginning is kept.)")
    assert len(text) < 101_000


def test_boxes_in_boxes_are_no_trap() -> None:
    deep = "".join(f'Content-Type: multipart/mixed; boundary="{n}"\r\n\r\n--{n}\r\n' for n in range(3_000))

    parse_content(deep.encode() + b"\r\nhello")


def test_a_report_names_what_failed_for_good() -> None:
    found = parse_content(bounce("one@x", "Bo@X.example")).bounces

    assert [(one.address, one.message_id) for one in found] == [("bo@x.example", "one@x")]
    assert not parse_content(bounce("one@x", "bo@x.example", status="4.2.2")).bounces
