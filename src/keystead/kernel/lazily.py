"""Modules that are loaded at the first look into them, so that starting waits for none of them.

    if TYPE_CHECKING:
        import jwt
    else:
        jwt = later("jwt")

For libraries alone that cost 10 ms or more and that neither a start nor an ordinary request needs.
"""

import importlib
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands in for a module of the same name."""

    def __getattr__(self, name: str) -> Any:
        """Load the module, and keep what was asked for: the next look costs what it always costs."""
        found = getattr(importlib.import_module(self.__name__), name)
        setattr(self, name, found)
        return found


def later(name: str) -> ModuleType:
    """Return a stand-in for the module. Using it raises ImportError if there is none of that name."""
    return _Later(name)
