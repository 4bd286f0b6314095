"""The difference of two JSON values, in the form of jsondiffpatch: what Grafana answers as a delta.

`[new]` is added, `[old, new]` changed, `[old, 0, 0]` removed; an object is the differences of its members, and an
array, told by `"_t": "a"`, those at its new places, with what is gone under `_` and its old place. To make the new
value of the old one: take out what is gone, put in what is added in rising order, then change what is left.
"""

from typing import Any

from keystead.products.grafana.door.asking import is_array, is_object

_MOST_CELLS = 100_000
"""Of all tables of array elements together: beyond, elements are compared place by place."""
Delta = dict[str, Any] | list[Any]


def delta(old: Any, new: Any) -> Delta | None:
    """Return the difference of two values, None when they are equal. Raises RecursionError for deep ones.

    The time is linear in their size, but for the search for array elements that moved, which is bounded.
    """
    return _Differ().of(old, new)


def shallow_delta(old: dict[str, Any], new: dict[str, Any]) -> Delta:
    """Return the difference of two objects member by member, each as a whole: coarse, but cheap for large ones."""
    found: dict[str, Any] = {name: [old[name], 0, 0] for name in old if name not in new}
    for name, value in new.items():
        if name not in old:
            found[name] = [value]
        elif old[name] != value or isinstance(old[name], bool) != isinstance(value, bool):
            found[name] = [old[name], value]
    return found


class _Differ:
    def __init__(self) -> None:
        self._marks: dict[Any, int] = {}
        self._known: dict[int, int] = {}
        self._cells = _MOST_CELLS

    def of(self, old: Any, new: Any) -> Delta | None:
        if is_object(old) and is_object(new):
            return self._of_objects(old, new)
        if is_array(old) and is_array(new):
            return self._of_arrays(old, new)
        return None if self._mark(old) == self._mark(new) else [old, new]

    def _of_objects(self, old: dict[str, Any], new: dict[str, Any]) -> Delta | None:
        found: dict[str, Any] = {name: [old[name], 0, 0] for name in old if name not in new}
        for name, value in new.items():
            inner = self.of(old[name], value) if name in old else [value]
            if inner is not None:
                found[name] = inner
        return found or None

    def _of_arrays(self, old: list[Any], new: list[Any]) -> Delta | None:
        found: dict[str, Any] = {}
        old_at = new_at = 0
        for old_end, new_end in [*self._common(old, new), (len(old), len(new))]:
            self._of_gap(old, new, range(old_at, old_end), range(new_at, new_end), found)
            old_at, new_at = old_end + 1, new_end + 1
        return {"_t": "a", **found} if found else None

    def _of_gap(
        self, old: list[Any], new: list[Any], gone: range, come: range, found: dict[str, Any]
    ) -> None:
        """Compare what lies between two common elements, in order: objects with objects, arrays with arrays."""
        paired = min(len(gone), len(come))
        for one, other in zip(gone[:paired], come[:paired], strict=True):
            if isinstance(old[one], dict | list) and type(old[one]) is type(new[other]):
                inner = self.of(old[one], new[other])
                if inner is not None:
                    found[str(other)] = inner
            elif self._mark(old[one]) != self._mark(new[other]):
                found[f"_{one}"], found[str(other)] = [old[one], 0, 0], [new[other]]
        found |= {f"_{each}": [old[each], 0, 0] for each in gone[paired:]}
        found |= {str(each): [new[each]] for each in come[paired:]}

    def _common(self, old: list[Any], new: list[Any]) -> list[tuple[int, int]]:
        """Return the places of a longest series of equal elements, rising in both."""
        olds, news = [self._mark(each) for each in old], [self._mark(each) for each in new]
        head, shortest = 0, min(len(olds), len(news))
        while head < shortest and olds[head] == news[head]:
            head += 1
        tail = 0
        while tail < shortest - head and olds[-1 - tail] == news[-1 - tail]:
            tail += 1
        middle = self._longest(olds[head : len(olds) - tail], news[head : len(news) - tail])
        return [
            *((place, place) for place in range(head)),
            *((one + head, other + head) for one, other in middle),
            *((len(olds) - place, len(news) - place) for place in range(tail, 0, -1)),
        ]

    def _longest(self, olds: list[int], news: list[int]) -> list[tuple[int, int]]:
        cells = len(olds) * len(news)
        if not cells or cells > self._cells:
            return []
        self._cells -= cells
        lengths = [[0] * (len(news) + 1) for _ in range(len(olds) + 1)]
        for one in range(len(olds) - 1, -1, -1):
            row, below = lengths[one], lengths[one + 1]
            for other in range(len(news) - 1, -1, -1):
                is_same = olds[one] == news[other]
                row[other] = below[other + 1] + 1 if is_same else max(below[other], row[other + 1])
        found: list[tuple[int, int]] = []
        one = other = 0
        while one < len(olds) and other < len(news):
            if olds[one] == news[other]:
                found.append((one, other))
                one, other = one + 1, other + 1
            elif lengths[one + 1][other] >= lengths[one][other + 1]:
                one += 1
            else:
                other += 1
        return found

    def _mark(self, value: Any) -> int:
        """Return a number that equal values share and others do not; each part of a value is looked at once."""
        known = self._known.get(id(value))
        if known is not None:
            return known
        if is_object(value):
            shape: Any = ("object", frozenset((name, self._mark(each)) for name, each in value.items()))
        elif is_array(value):
            shape = ("array", tuple(self._mark(each) for each in value))
        else:
            # Python takes true for 1, JSON does not.
            return self._marks.setdefault((isinstance(value, bool), value), len(self._marks))
        # Objects and arrays live as long as the two values do, so that no other gets the same id.
        self._known[id(value)] = self._marks.setdefault(shape, len(self._marks))
        return self._known[id(value)]
