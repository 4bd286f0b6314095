"""`/api/playlists`: kept for clients that manage them; nothing plays here (facts/grafana.md §8.9)."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana.door import item_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_array, is_object
from keystead.products.grafana.door.item_records import Item
from keystead.products.grafana.door.roles import EDITOR_ROLE, SIGNED_IN
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.uids import new_uid

SORT = "playlist"
_MOST_ITEMS = 500


class PlaylistRoutes:
    """Answers for playlists."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        one = "/playlists/{uid}"
        return [
            Route("GET", "/playlists", SIGNED_IN, self._list),
            Route("POST", "/playlists", EDITOR_ROLE, self._create, writes=True),
            Route("GET", one, SIGNED_IN, self._show),
            Route("GET", one + "/items", SIGNED_IN, self._items),
            Route("PUT", one, EDITOR_ROLE, self._change, writes=True),
            Route("DELETE", one, EDITOR_ROLE, self._remove, writes=True),
        ]

    def _list(self, ask: Ask) -> Answer:
        query = ask.one("query").lower()
        found = (
            each for each in rows.listed(ask.reader, ask.workspace.id, SORT) if query in each.name.lower()
        )
        return Answer([_shown(each) for each in found][: ask.count("limit", 1000)])

    def _create(self, ask: Ask) -> Answer:
        made = rows.add(ask, SORT, new_uid(self._entropy), _name_in(ask), _body_in(ask))
        return Answer(_shown(made))

    def _show(self, ask: Ask) -> Answer:
        found = _named(ask)
        return Answer({**_shown(found), "items": found.body["items"]})

    def _items(self, ask: Ask) -> Answer:
        return Answer(_named(ask).body["items"])

    def _change(self, ask: Ask) -> Answer:
        after = replace(_named(ask), name=_name_in(ask), body=_body_in(ask), updated_at=ask.now_ms)
        rows.put(ask.tx, ask.workspace.id, SORT, after)
        return Answer({**_shown(after), "items": after.body["items"]})

    def _remove(self, ask: Ask) -> Answer:
        rows.remove(ask.tx, ask.workspace.id, SORT, _named(ask).id)
        return Answer({})


def _named(ask: Ask) -> Item:
    found = rows.by_uid(ask.reader, ask.workspace.id, SORT, ask.path["uid"])
    if found is None:
        raise Refusal(404, "Playlist not found")
    return found


def _name_in(ask: Ask) -> str:
    name = ask.text("name", "").strip()
    if not name:
        raise Refusal(400, "bad request data")
    return name


def _body_in(ask: Ask) -> dict[str, Any]:
    items: Any = ask.body.get("items") or []
    if not is_array(items) or len(items) > _MOST_ITEMS or not all(is_object(each) for each in items):
        raise Refusal(400, "bad request data")
    return {"interval": ask.text("interval", "5m"), "items": items}


def _shown(playlist: Item) -> dict[str, Any]:
    return {
        "id": playlist.id,
        "uid": playlist.uid,
        "name": playlist.name,
        "interval": playlist.body["interval"],
    }
