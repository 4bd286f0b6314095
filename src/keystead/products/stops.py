"""Stops of `keystead tour`: what a product shows of its credentials, and how such shows are found.

A product that has a `tour.py` with `STOPS` beside its `PRODUCT` is toured because that file is there. A stop knows
its guide by the protocols below only: which client it drives, and how its steps are printed, is the guide's matter.
"""

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from keystead import products

# An answer of boto3: a dictionary that no type describes.
Response = dict[str, Any]


class Shut(Exception):
    """A door refused; the text says in which words."""


class Caller(Protocol):
    """Somebody with an access key."""

    def does(
        self,
        service: str,
        operation: str,
        show: Callable[[Response], str] | None = None,
        /,
        **parameters: object,
    ) -> Response:
        """Call an operation, print what `show` says of its answer, and return it. An error ends the stop."""
        ...

    def is_refused(self, code: str, service: str, operation: str, /, **parameters: object) -> None:
        """Call an operation that has to be refused with `code`. Anything else ends the stop."""
        ...


class Guide(Protocol):
    """Who leads through a stop, in an authority made for it."""

    @property
    def root(self) -> Caller:
        """The account root."""
        ...

    @property
    def ready(self) -> Mapping[str, str | None]:
        """What the authority's ready file says: the addresses of its doors among it."""
        ...

    def caller(self, name: str, key_id: str, secret: str, session_token: str | None = None) -> Caller:
        """Return somebody who signs with this access key."""
        ...

    def opens(self, who: str, what: str, knock: Callable[[], str]) -> None:
        """Knock at a door that has to open, and print what `knock` says of it. Shut ends the stop."""
        ...

    def is_shut(self, who: str, what: str, knock: Callable[[], str]) -> None:
        """Knock at a door that has to stay shut: `knock` raises Shut. Anything else ends the stop."""
        ...


@dataclass(frozen=True, slots=True)
class Stop:
    """One kind of credential on the tour: its row of the table, and the walk that proves it."""

    kind: str
    minted_by: str
    door: str
    visit: Callable[[Guide], None]


def discover_stops() -> list[Stop]:
    """Return the stops of every product, by folder. Raises TypeError for a `tour.py` without any."""
    found: list[Stop] = []
    for module in pkgutil.iter_modules(products.__path__, products.__name__ + "."):
        tour = f"{module.name}.tour"
        if module.ispkg and importlib.util.find_spec(tour) is not None:
            found += _stops_of(importlib.import_module(tour))
    return found


def _stops_of(module: ModuleType) -> Sequence[Stop]:
    stops = getattr(module, "STOPS", None)
    if not stops or not all(isinstance(each, Stop) for each in stops):
        raise TypeError(f"{module.__name__} declares no STOPS")
    return stops
