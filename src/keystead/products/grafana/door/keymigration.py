"""`/api/serviceaccounts/migrate`: API keys become tokens of service accounts, in Grafana 9 (facts/grafana.md §8.2).

A key that was moved goes on opening the door, now with the role of an account of its own, which can be disabled.
"""

from collections.abc import Sequence

from keystead.kernel.errors import QuotaExceeded
from keystead.products.grafana import account_records
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal
from keystead.products.grafana.door.keeper import AccountKeeper
from keystead.products.grafana.door.routes import Handle, Route
from keystead.products.grafana.door.versions import MIGRATING, only_in

HIDDEN = "keys-hidden"
_READ, _CREATE = "serviceaccounts:read", "serviceaccounts:create"


class KeyMigrationRoutes:
    """Answers for the end of API keys."""

    def __init__(self, keeper: AccountKeeper) -> None:
        self._keeper = keeper

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""

        def posts(word: str, handle: Handle) -> Route:
            return Route("POST", f"/serviceaccounts/{word}", _CREATE, only_in(MIGRATING, handle), writes=True)

        status = only_in(MIGRATING, self._status)
        return [
            Route("GET", "/serviceaccounts/migrationstatus", _READ, status),
            posts("migrate", self._migrate),
            posts("hideApiKeys", self._hide),
        ]

    def _status(self, ask: Ask) -> Answer:
        return Answer({"migrated": not account_records.keys(ask.reader, ask.workspace.id)})

    def _migrate(self, ask: Ask) -> Answer:
        try:
            moved = self._keeper.migrate_keys(ask.tx, ask.workspace)
        except QuotaExceeded as error:
            raise Refusal(403, "Quota reached") from error
        ask.noted["tokenIds"] = [each.credential for each in moved]
        return Answer({"message": "Service accounts migrated"})

    def _hide(self, ask: Ask) -> Answer:
        if rows.by_uid(ask.tx, ask.workspace.id, HIDDEN, HIDDEN) is None:
            rows.add(ask, HIDDEN, HIDDEN, HIDDEN, {})
        return Answer({"message": "API keys hidden"})
