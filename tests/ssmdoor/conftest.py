"""Real processes for the tests of this folder: see `rig`."""

from ssmdoor.rig import rig

__all__ = ["rig"]
