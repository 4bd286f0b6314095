"""The delta between two JSON values leads from the one to the other, as jsondiffpatch reads it."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from keystead.products.grafana.door.delta import delta, shallow_delta

SCALARS = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from(["", "a", "b"]) | st.just(0.5)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=6) | st.dictionaries(st.sampled_from(["x", "y", "_1"]), inner, max_size=3)
    ),
    max_leaves=20,
)
OBJECTS = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=4)


def patched(old: Any, change: Any) -> Any:
    """Apply a delta as jsondiffpatch does: what is gone, what is added in rising order, then what is changed."""
    if change is None:
        return old
    if isinstance(change, list):
        return change[-1] if len(change) < 3 else None
    if change.get("_t") == "a" and isinstance(old, list):
        return patched_array(list(old), change)
    new = dict(old)
    for name, inner in change.items():
        if isinstance(inner, list) and len(inner) == 3:
            assert new.pop(name) == inner[0]
        else:
            new[name] = patched(old.get(name), inner)
    return new


def patched_array(new: list[Any], change: dict[str, Any]) -> list[Any]:
    gone = sorted((int(place[1:]) for place in change if place[0] == "_" and place != "_t"), reverse=True)
    for place in gone:
        assert new.pop(place) == change[f"_{place}"][0]
    come = {int(place): inner for place, inner in change.items() if place[0] != "_"}
    for place in sorted(place for place, inner in come.items() if isinstance(inner, list)):
        new.insert(place, come[place][0])
    for place, inner in come.items():
        if not isinstance(inner, list):
            new[place] = patched(new[place], inner)
    return new


def same(one: Any, other: Any) -> bool:
    """Compare as JSON does, where true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


@given(old=OBJECTS, new=OBJECTS)
def test_delta_leads_from_the_old_value_to_the_new_one(old: dict[str, Any], new: dict[str, Any]):
    before = copy.deepcopy((old, new))

    change = delta(old, new)

    assert (change is None) == same(old, new)
    assert same(patched(old, change), new)
    assert (old, new) == before


@given(old=OBJECTS, new=OBJECTS)
def test_shallow_delta_leads_there_too(old: dict[str, Any], new: dict[str, Any]):
    change = shallow_delta(old, new)

    assert patched(old, change) == new


def test_what_moves_on_for_an_element_that_came_first_is_not_told_as_changed():
    old = {"panels": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}, 3]}
    new = {"panels": [{"id": 9}, {"id": 1, "title": "a"}, {"id": 2, "title": "c"}, 3]}

    assert delta(old, new) == {
        "panels": {"_t": "a", "0": [{"id": 9}], "2": {"title": ["b", "c"]}},
    }


def test_large_arrays_are_compared_place_by_place():
    old, new = list(range(2000)), list(range(5000, 7000))

    change = delta({"a": old}, {"a": new})

    assert patched({"a": old}, change) == {"a": new}
