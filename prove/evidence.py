"""What an authority left on disk: its rows, and its journal replayed from the first block.

The journal is read as an auditor would: the chain is recomputed, and the changes that it tells of, done again one
by one, must give exactly the rows that are there.
"""

import json
from pathlib import Path
from typing import Any

from keystead.audit import records
from keystead.audit.journal import GENESIS, link
from keystead.store.sqlite import DATABASE, SQLiteReader, connect
from prove.ledger import Found

Event = dict[str, Any]


class Evidence:
    """Reads one data directory; the journal is read on from where the last look ended.

    Its connection lives for one look. One that stayed open over a kill would keep the write-ahead log's index
    alive, and the recovery that is to be proved would not happen.
    """

    def __init__(self, data: Path) -> None:
        self._database = data / DATABASE
        self._chain = GENESIS
        self._blocks = 0
        self._users: set[str] = set()
        self._keys: dict[str, tuple[str, str]] = {}
        self.events = 0

    def look(self) -> tuple[Found, list[str]]:
        """Return what the rows say, and what is wrong: with the chain, or between journal and rows."""
        connection = connect(self._database, read_only=True)
        try:
            connection.execute("BEGIN")
            reader = SQLiteReader(connection)
            broken = self._read_on(reader)
            found = _rows(reader)
        finally:
            connection.close()
        return found, broken + self._differences(found)

    def _read_on(self, reader: SQLiteReader) -> list[str]:
        broken: list[str] = []
        for block in records.blocks(reader, self._blocks + 1):
            self._chain = link(self._chain, block.at, block.body)
            if (block.number, block.chain) != (self._blocks + 1, self._chain):
                return [*broken, f"the chain breaks at block {block.number}"]
            self._blocks = block.number
            for line in block.body.split(b"\n"):
                self.events += 1
                broken += self._replay(json.loads(line))
        return broken

    def _replay(self, event: Event) -> list[str]:
        if event.get("errorCode"):
            return []
        asked = event.get("requestParameters") or {}
        key_id = asked.get("AccessKeyId", "")
        match event.get("eventName"):
            case "CreateUser":
                self._users.add(asked["UserName"])
            case "CreateAccessKey":
                made = event["responseElements"]["AccessKey"]
                self._keys[made["AccessKeyId"]] = (made.get("UserName", ""), made["Status"])
            case "UpdateAccessKey" | "DeleteAccessKey" if key_id not in self._keys:
                return [f"the journal changes key {key_id}, which it does not have"]
            case "UpdateAccessKey":
                self._keys[key_id] = (self._keys[key_id][0], asked["Status"])
            case "DeleteAccessKey":
                del self._keys[key_id]
            case _:
                pass
        return []

    def _differences(self, found: Found) -> list[str]:
        users = [f"user {name}: only in rows or journal" for name in found.users ^ self._users]
        keys = [
            f"key {key_id}: {found.keys.get(key_id)} in rows, {self._keys.get(key_id)} in the journal"
            for key_id in found.keys.keys() | self._keys.keys()
            if found.keys.get(key_id) != self._keys.get(key_id)
        ]
        return users + keys


def _rows(reader: SQLiteReader) -> Found:
    """Return what the load made; the first user and its key are `init`'s."""
    users = reader.all("SELECT name FROM iam_user WHERE name <> 'admin'")
    keys = reader.all(
        "SELECT credential.id, iam_user.name, status FROM credential"
        " JOIN iam_user ON iam_user.id = credential.owner WHERE iam_user.name <> 'admin'"
    )
    return Found(frozenset(name for (name,) in users), {row[0]: (row[1], row[2]) for row in keys})
