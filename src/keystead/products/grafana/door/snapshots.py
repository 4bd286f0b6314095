"""`/api/snapshots`: dashboards as they were; whoever knows a key still shows a token (facts/grafana.md §8.9)."""

from collections.abc import Sequence
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_object
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.roles import ADMIN, EDITOR_ROLE, SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.times import shown_time
from keystead.products.grafana.door.uids import checked_uid

SORT = "snapshot"
_DELETE_KEY = "snapshot-delete-key"
_LONGEST_SECONDS = 50 * 365 * 86_400
"""What "never" is stored as."""
_DELETED = "Snapshot deleted. It might take an hour before it's cleared from any CDN caches."


class SnapshotRoutes:
    """Answers for snapshots."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        return [
            Route("POST", "/snapshots", EDITOR_ROLE, self._create, writes=True),
            Route("GET", "/snapshots/{key}", SIGNED_IN, self._show),
            Route("DELETE", "/snapshots/{key}", EDITOR_ROLE, self._remove, writes=True),
            Route("GET", "/snapshots-delete/{deleteKey}", SIGNED_IN, self._remove_by_delete_key, writes=True),
            Route("GET", "/dashboard/snapshots", SIGNED_IN, self._list),
            Route("GET", "/snapshot/shared-options", SIGNED_IN, self._options),
        ]

    def _create(self, ask: Ask) -> Answer:
        dashboard, seconds = ask.body.get("dashboard"), ask.whole("expires")
        if not is_object(dashboard) or seconds < 0:
            raise Refusal(400, "bad request data")
        if ask.flag("external"):
            raise Refusal(403, "External dashboard creation is disabled")
        key, delete_key = ask.text("key", "") or self._key(), ask.text("deleteKey", "") or self._key()
        for sort, uid in ((SORT, key), (_DELETE_KEY, delete_key)):
            if rows.by_uid(ask.tx, ask.workspace.id, sort, checked_uid(uid)) is not None:
                raise Refusal(400, "bad request data")
        life = min(seconds or _LONGEST_SECONDS, _LONGEST_SECONDS)
        body = {
            "dashboard": dashboard,
            "expires": ask.now_ms + life * 1000,
            "deleteKey": delete_key,
            "author": ask.holder.number,
        }
        made = rows.add(ask, SORT, key, ask.text("name", "") or "Unnamed snapshot", body)
        rows.add(ask, _DELETE_KEY, delete_key, key, {})
        root = ask.root
        return Answer(
            {
                "key": key,
                "deleteKey": delete_key,
                "url": f"{root}/dashboard/snapshot/{key}",
                "deleteUrl": f"{root}/api/snapshots-delete/{delete_key}",
                "id": made.id,
            }
        )

    def _show(self, ask: Ask) -> Answer:
        found = _named(ask, ask.path["key"])
        meta = {
            "isSnapshot": True,
            "type": "snapshot",
            "created": shown_time(found.created_at),
            "expires": shown_time(found.body["expires"]),
        }
        return Answer({"meta": meta, "dashboard": found.body["dashboard"]})

    def _remove(self, ask: Ask) -> Answer:
        return _removed(ask, _named(ask, ask.path["key"]))

    def _remove_by_delete_key(self, ask: Ask) -> Answer:
        """Delete the snapshot of a delete key, whoever shows it: that is what the key is for."""
        found = rows.by_uid(ask.tx, ask.workspace.id, _DELETE_KEY, ask.path["deleteKey"])
        return _removed(ask, _named(ask, "" if found is None else found.name))

    def _list(self, ask: Ask) -> Answer:
        """Answer all snapshots to an Admin, and to others their own: whoever knows a key may read what it is of."""
        query = ask.one("query").lower()
        found = [
            each
            for each in rows.listed(ask.reader, ask.workspace.id, SORT)
            if query in each.name.lower() and each.body["expires"] > ask.now_ms and _is_shown(ask, each)
        ]
        return Answer([_listed(each) for each in found[: ask.count("limit", 1000)]])

    def _options(self, ask: Ask) -> Answer:
        del ask
        return Answer({"externalEnabled": False, "externalSnapshotName": "", "externalSnapshotURL": ""})

    def _key(self) -> str:
        return self._entropy.token_bytes(16).hex()


def _removed(ask: Ask, snapshot: Item) -> Answer:
    workspace = ask.workspace.id
    rows.remove(ask.tx, workspace, SORT, snapshot.id)
    delete_key = rows.by_uid(ask.tx, workspace, _DELETE_KEY, snapshot.body["deleteKey"])
    if delete_key is not None:
        rows.remove(ask.tx, workspace, _DELETE_KEY, delete_key.id)
    return Answer({"message": _DELETED, "id": snapshot.id})


def _named(ask: Ask, key: str) -> Item:
    """Return the snapshot of a key, while it lasts. Raises Refusal 404."""
    found = rows.by_uid(ask.reader, ask.workspace.id, SORT, key)
    if found is None or found.body["expires"] <= ask.now_ms:
        raise Refusal(404, "Dashboard snapshot not found")
    return found


def _is_shown(ask: Ask, snapshot: Item) -> bool:
    number = ask.holder.number
    # An API key is nobody whose own something could be; snapshots of old have no author.
    return ask.holder.role == ADMIN or (number != 0 and snapshot.body.get("author") == number)


def _listed(snapshot: Item) -> dict[str, Any]:
    return {
        "id": snapshot.id,
        "name": snapshot.name,
        "key": snapshot.uid,
        "orgId": 1,
        "userId": 0,
        "external": False,
        "externalUrl": "",
        "expires": shown_time(snapshot.body["expires"]),
        "created": shown_time(snapshot.created_at),
        "updated": shown_time(snapshot.updated_at),
    }
