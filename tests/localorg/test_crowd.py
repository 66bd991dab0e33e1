"""Several clients at once."""

from concurrent.futures import ThreadPoolExecutor

from tests.localorg.client import Caller

CLIENTS, ROUNDS = 8, 6


def test_eight_clients_that_read_and_write_at_once_neither_fail_nor_lose_anything(admin: Caller) -> None:
    def work(number: int) -> int:
        own = Caller(admin.url, admin.token)
        records = [{"attributes": {"type": "Contact"}, "LastName": f"Crowd {number}"} for _ in range(10)]
        for _ in range(ROUNDS):
            saved = own.ask("POST", "composite/sobjects", {"records": records})
            assert all(row["success"] for row in saved.json())
            own.update("Contact", saved.json()[0]["id"], Title="Written at once")
            assert len(own.rows("SELECT Id FROM Contact LIMIT 200")) == 200
        return own.query(f"SELECT COUNT() FROM Contact WHERE LastName = 'Crowd {number}'")["totalSize"]

    with ThreadPoolExecutor(CLIENTS) as clients:
        found = list(clients.map(work, range(CLIENTS)))

    assert found == [ROUNDS * 10] * CLIENTS
    assert len(admin.rows("SELECT Id FROM Contact WHERE Title = 'Written at once'")) == CLIENTS * ROUNDS


def test_ids_given_out_at_once_are_all_different(admin: Caller) -> None:
    def create(number: int) -> list[str]:
        own = Caller(admin.url, admin.token)
        return [own.create("Contact", LastName=f"Crowd {number}") for _ in range(ROUNDS)]

    with ThreadPoolExecutor(CLIENTS) as clients:
        ids = [record_id for made in clients.map(create, range(CLIENTS)) for record_id in made]

    assert len(set(ids)) == CLIENTS * ROUNDS
