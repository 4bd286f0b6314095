"""`/api/datasources`: stored and guarded; nothing here connects to them (facts/grafana.md §8.6).

Of `secureJsonData` only the names are kept: a value that nobody here uses is a value that cannot leak.
"""

import re
from collections.abc import Sequence
from typing import Any

from keystead.kernel.entropy import Entropy
from keystead.products.grafana import records
from keystead.products.grafana.door import datasource_records as rows
from keystead.products.grafana.door.asking import Answer, Ask, Refusal, is_object
from keystead.products.grafana.door.datasource_records import DataSource
from keystead.products.grafana.door.routes import Route
from keystead.products.grafana.door.uids import checked_uid, new_uid

_READ, _WRITE, _DELETE = "datasources:read", "datasources:write", "datasources:delete"
_TEXTS = ("url", "user", "database", "basicAuthUser")
_FLAGS = ("basicAuth", "withCredentials")
_HTTP = re.compile(r"https?://[^/\s]+.*", re.IGNORECASE | re.DOTALL)


class DataSourceRoutes:
    """Answers for data sources, by number, uid or name."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy

    def routes(self) -> Sequence[Route]:
        """Return the routes of this group."""
        found = [
            Route("GET", "/datasources", _READ, self._list),
            Route("POST", "/datasources", "datasources:create", self._create, writes=True),
            Route("GET", "/datasources/id/{name}", "datasources.id:read", self._id),
        ]
        for place in ("{id}", "uid/{uid}", "name/{name}"):
            path = f"/datasources/{place}"
            found.append(Route("GET", path, _READ, self._show))
            found.append(Route("DELETE", path, _DELETE, self._remove, writes=True))
            if "name" not in place:
                found.append(Route("PUT", path, _WRITE, self._change, writes=True))
        return found

    def _list(self, ask: Ask) -> Answer:
        return Answer([_listed(each) for each in rows.listed(ask.reader, ask.workspace.id)])

    def _id(self, ask: Ask) -> Answer:
        return Answer({"id": _named(ask).id})

    def _show(self, ask: Ask) -> Answer:
        return Answer(_shown(_named(ask)))

    def _create(self, ask: Ask) -> Answer:
        workspace = ask.workspace.id
        uid = ask.text("uid", "") or new_uid(self._entropy)
        number = records.next_number(ask.tx, workspace, "datasource")
        made = DataSource(
            number, checked_uid(uid), ask.text("name"), 1, ask.flag("isDefault") or False, _body(ask, {})
        )
        _check_free(ask, made)
        rows.put(ask.tx, workspace, made)
        return _done("Datasource added", made)

    def _change(self, ask: Ask) -> Answer:
        before = _named(ask)
        version = ask.whole("version")
        if version and version < before.version:
            raise Refusal(
                409, "Datasource has already been updated by someone else. Please reload and try again"
            )
        fields: dict[str, bool] = before.body["secureJsonFields"]
        uid = checked_uid(ask.text("uid", "") or before.uid)
        is_default = ask.flag("isDefault") or False
        made = DataSource(
            before.id, uid, ask.text("name"), before.version + 1, is_default, _body(ask, fields)
        )
        _check_free(ask, made)
        rows.put(ask.tx, ask.workspace.id, made)
        return _done("Datasource updated", made)

    def _remove(self, ask: Ask) -> Answer:
        source = _named(ask)
        rows.remove(ask.tx, ask.workspace.id, source.id)
        by_number = "id" in ask.path
        return Answer({"message": "Data source deleted", **({} if by_number else {"id": source.id})})


def _named(ask: Ask) -> DataSource:
    """Return the data source that the path names. Raises Refusal 400, 404."""
    path, workspace = ask.path, ask.workspace.id
    if "uid" in path:
        found = rows.by_uid(ask.reader, workspace, path["uid"])
    elif "name" in path:
        found = rows.by_name(ask.reader, workspace, path["name"])
    else:
        found = rows.by_id(ask.reader, workspace, ask.number("id", "id is invalid"))
    if found is None:
        raise Refusal(404, "Data source not found")
    return found


def _check_free(ask: Ask, made: DataSource) -> None:
    """Raise Refusal 409 when another data source has the name or the uid."""
    workspace = ask.workspace.id
    namesake = rows.by_name(ask.tx, workspace, made.name)
    if namesake is not None and namesake.id != made.id:
        raise Refusal(409, "data source with the same name already exists")
    other = rows.by_uid(ask.tx, workspace, made.uid)
    if other is not None and other.id != made.id:
        raise Refusal(409, "data source with the same uid already exists")


def _body(ask: Ask, fields: dict[str, bool]) -> dict[str, Any]:
    """Return what is kept of a request beside name and uid. `fields` are secure ones that are set already."""
    body: dict[str, Any] = {"type": ask.text("type"), "access": ask.text("access", "proxy")}
    if not body["type"] or not ask.text("name").strip():
        raise Refusal(400, "bad request data")
    body |= {name: ask.text(name, "") for name in _TEXTS}
    body |= {name: ask.flag(name) or False for name in _FLAGS}
    if "://" in body["url"] and not _HTTP.fullmatch(body["url"]):
        raise Refusal(400, "Validation error, invalid URL")
    secure = _member(ask, "secureJsonData")
    body["jsonData"] = _member(ask, "jsonData")
    body["secureJsonFields"] = {**fields, **dict.fromkeys(secure, True)}
    return body


def _member(ask: Ask, name: str) -> dict[str, Any]:
    found = ask.body.get(name)
    if found is None:
        return {}
    if not is_object(found):
        raise Refusal(400, "bad request data")
    return found


def _shown(source: DataSource) -> dict[str, Any]:
    """Return exactly Grafana's members: clients compare the whole object."""
    return {
        "id": source.id,
        "uid": source.uid,
        "orgId": 1,
        "name": source.name,
        "typeLogoUrl": "",
        **source.body,
        "isDefault": source.is_default,
        "version": source.version,
        "readOnly": False,
    }


def _listed(source: DataSource) -> dict[str, Any]:
    shown = _shown(source)
    for name in ("basicAuthUser", "withCredentials", "secureJsonFields", "version"):
        del shown[name]
    return {**shown, "typeName": shown["type"]}


def _done(message: str, source: DataSource) -> Answer:
    return Answer({"id": source.id, "message": message, "name": source.name, "datasource": _shown(source)})
