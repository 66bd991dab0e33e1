"""The planner as mathematics: whatever the values, these hold."""

from hypothesis import given
from hypothesis import strategies as st

from integrations.sync.plan import Base, Direction, Plan, Rule, Side, Winner, plan

VALUES = st.sampled_from([None, "a", "b", "c"])
NAMES = ("Email", "Street", "City")
RECORDS = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
RULE = st.builds(Rule, st.sampled_from(Direction), st.sampled_from([Winner.LATEST, Winner.OURS, Winner.THEIRS]))
RULES = st.builds(
    lambda email, address: {
        "Email": email,
        "Street": Rule(address.direction, address.winner, "address"),
        "City": Rule(address.direction, address.winner, "address"),
    },
    RULE,
    RULE,
)
BASES = st.one_of(st.none(), st.builds(Base, RECORDS))
BOTH_WAYS = {"Email": Rule(), "Street": Rule(unit="address"), "City": Rule(unit="address")}
LATER = st.sets(st.sampled_from(NAMES))  # what was changed here after it was changed there


def unit_of(name: str) -> set[str]:
    return {other for other in NAMES if (BOTH_WAYS[other].unit or other) == (BOTH_WAYS[name].unit or name)}


def carried_out(made: Plan, local: dict, remote: dict) -> tuple[dict, dict]:
    return {**local, **made.to_local}, {**remote, **made.to_remote}


@given(BASES, RECORDS, RECORDS, RULES, LATER)
def test_a_plan_that_was_carried_out_leaves_nothing_to_do(base, local, remote, rules, later) -> None:
    made = plan(base, local, remote, rules, later)
    local, remote = carried_out(made, local, remote)

    again = plan(made.base, local, remote, rules, later)

    assert again.is_empty
    assert not again.conflicts
    assert again.base == made.base


@given(BASES, RECORDS, RECORDS, LATER)
def test_both_ways_ends_with_equal_sides_once_a_base_is_there(base, local, remote, later) -> None:
    made = plan(base, local, remote, BOTH_WAYS, later)
    local, remote = carried_out(made, local, remote)

    assert local == remote


@given(RECORDS, RECORDS, RULES, LATER)
def test_an_untouched_side_is_never_overwritten_by_the_other_untouched_side(local, remote, rules, later) -> None:
    agreed = Base(remote, {name: value for name, value in local.items() if value != remote[name]})

    assert plan(agreed, local, remote, rules, later).is_empty


@given(RECORDS, RECORDS, RULES, LATER)
def test_only_fields_that_changed_here_are_sent(base, local, rules, later) -> None:
    made = plan(Base(base), local, base, rules, later)

    changed_units = {rules[name].unit or name for name in NAMES if local[name] != base[name]}
    assert {rules[name].unit or name for name in made.to_remote} <= changed_units
    assert not made.to_local


@given(RECORDS, RECORDS, RULES, LATER)
def test_only_fields_that_changed_there_are_taken(base, remote, rules, later) -> None:
    made = plan(Base(base), base, remote, rules, later)

    assert set(made.to_local) <= {name for name in NAMES if remote[name] != base[name]}
    assert not made.to_remote


@given(BASES, RECORDS, RECORDS, RULES, LATER)
def test_directions_are_kept(base, local, remote, rules, later) -> None:
    made = plan(base, local, remote, rules, later)

    assert not any(rules[name].direction == Direction.OUT for name in made.to_local)
    assert not any(rules[name].direction == Direction.IN for name in made.to_remote)


@given(RECORDS, RECORDS, RECORDS, LATER)
def test_what_both_sides_changed_is_a_conflict_and_the_loser_is_kept(base, local, remote, later) -> None:
    made = plan(Base(base), local, remote, BOTH_WAYS, later)

    lost = {**{name: local[name] for name in made.to_local}, **{name: remote[name] for name in made.to_remote}}
    for name, value in lost.items():
        touched_both = local[name] != base[name] and remote[name] != base[name]
        if touched_both:
            conflict = next(conflict for conflict in made.conflicts if conflict.name == name)
            assert value in (conflict.ours, conflict.theirs)
            assert conflict.winner == (Side.OURS if later & unit_of(name) else Side.THEIRS)


@given(RECORDS, RECORDS, LATER)
def test_on_first_link_their_values_win_and_their_gaps_are_filled(local, remote, later) -> None:
    made = plan(None, local, remote, {"Email": Rule()}, later)

    if remote["Email"] is None:
        assert made.to_remote == ({"Email": local["Email"]} if local["Email"] else {})
    else:
        assert made.to_local == ({} if local["Email"] == remote["Email"] else {"Email": remote["Email"]})


@given(RECORDS, RECORDS, RECORDS, LATER)
def test_an_address_moves_as_a_whole(base, local, remote, later) -> None:
    made = plan(Base(base), local, remote, BOTH_WAYS, later)
    local, remote = carried_out(made, local, remote)

    address = {name: local[name] for name in ("Street", "City")}
    assert address == {name: remote[name] for name in ("Street", "City")}


def test_an_opt_out_wins_whoever_said_it() -> None:
    rules = {"HasOptedOutOfEmail": Rule(winner=Winner.TRUE)}

    assert plan(None, {"HasOptedOutOfEmail": True}, {"HasOptedOutOfEmail": False}, rules).to_remote
    assert plan(None, {"HasOptedOutOfEmail": False}, {"HasOptedOutOfEmail": True}, rules).to_local


def test_what_we_cannot_say_in_their_words_is_not_a_change() -> None:
    made = plan(Base({"OwnerId": "005A"}), {}, {"OwnerId": "005A"}, {"OwnerId": Rule()})

    assert made.is_empty
    assert made.theirs == {"OwnerId": "005A"}


def test_a_field_mapped_later_waits_until_a_side_changes() -> None:
    rules = {"Title": Rule()}
    first = plan(Base({}), {"Title": "CEO"}, {"Title": "Chief"}, rules)
    second = plan(first.base, {"Title": "CEO"}, {"Title": "Founder"}, rules)

    assert first.is_empty
    assert second.to_local == {"Title": "Founder"}
