"""State tables: which steps between states are allowed. Nothing sets a status except through one."""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead.kernel.errors import StepRefused


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a kind of record, the first one being the state it is born in."""

    steps: Mapping[str, frozenset[str]]

    @property
    def initial(self) -> str:
        """The state of a new record."""
        return next(iter(self.steps))

    def check(self, present: str, wanted: str) -> None:
        """Raise StepRefused unless a record in `present` may become `wanted`. Staying is always allowed."""
        if wanted not in self.steps:
            raise StepRefused(f"{wanted} is not a state")
        if wanted != present and wanted not in self.steps[present]:
            raise StepRefused(f"{present} cannot become {wanted}")
