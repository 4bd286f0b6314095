"""Domain errors: what the core says no to. They know no AWS code; a face maps them (STYLE, Errors)."""


class DomainError(Exception):
    """The operation is well formed and the answer is no."""


class NotFound(DomainError):
    """The named thing does not exist for this caller; another account's looks the same."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name} does not exist")
        self.what = what
        self.name = name


class AlreadyExists(DomainError):
    """A thing of this name exists already."""

    def __init__(self, what: str, name: str) -> None:
        super().__init__(f"{what} {name} already exists")
        self.what = what
        self.name = name


class QuotaExceeded(DomainError):
    """One more would exceed a quota. `quota` is its name in AWS's documents, `limit` its value."""

    def __init__(self, quota: str, limit: int, owner: str) -> None:
        super().__init__(f"{owner} cannot exceed quota {quota}: {limit}")
        self.quota = quota
        self.limit = limit
        self.owner = owner


class StillInUse(DomainError):
    """The thing cannot go while others depend on it; `remedy` says what to remove first."""

    def __init__(self, remedy: str) -> None:
        super().__init__(f"Cannot delete entity, must {remedy} first.")
        self.remedy = remedy


class StepRefused(DomainError):
    """The state table does not allow this step."""


class InvalidMarker(DomainError):
    """A pagination marker is not one that this operation gave out."""


class StoreUnavailable(Exception):
    """The database cannot answer. Nobody is let in on a guess: callers refuse."""
