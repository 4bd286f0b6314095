"""The rows of managed nodes: their only SQL."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead.store.interface import Reader, Row, Transaction

_NODE = (
    "id, account, region, activation, iam_role, name, fingerprint, public_key, source_address, registered_at, "
    "deregistered_at, pinged_at, told"
)


@dataclass(frozen=True, slots=True)
class Node:
    """A managed node. Times are epoch milliseconds; `told` is what its agent says of itself, by member name."""

    id: str
    account: str
    region: str
    activation: str
    iam_role: str
    name: str
    fingerprint: str
    public_key: bytes
    source_address: str
    registered_at: int
    deregistered_at: int | None
    pinged_at: int | None
    told: Mapping[str, Any]

    @property
    def is_registered(self) -> bool:
        """Whether it is one of the account's nodes still."""
        return self.deregistered_at is None


def add(tx: Transaction, node: Node) -> None:
    """Insert a node that registered."""
    tx.run(
        f"INSERT INTO ssm_node ({_NODE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            node.id,
            node.account,
            node.region,
            node.activation,
            node.iam_role,
            node.name,
            node.fingerprint,
            node.public_key,
            node.source_address,
            node.registered_at,
            node.deregistered_at,
            node.pinged_at,
            json.dumps(node.told),
        ),
    )


def find(reader: Reader, account: str, region: str, node_id: str) -> Node | None:
    """Return an account's node in a region, deregistered ones included."""
    row = reader.one(
        f"SELECT {_NODE} FROM ssm_node WHERE id = ? AND account = ? AND region = ?",
        (node_id, account, region),
    )
    return None if row is None else _node(row)


def find_any(reader: Reader, node_id: str) -> Node | None:
    """Return a node by its id alone: for its own calls, in which it proves that it has the key."""
    row = reader.one(f"SELECT {_NODE} FROM ssm_node WHERE id = ?", (node_id,))
    return None if row is None else _node(row)


def listed(reader: Reader, account: str, region: str) -> list[Node]:
    """Return an account's registered nodes in a region, by id."""
    rows = reader.all(
        f"SELECT {_NODE} FROM ssm_node WHERE account = ? AND region = ? AND deregistered_at IS NULL ORDER BY id",
        (account, region),
    )
    return [_node(row) for row in rows]


def set_public_key(tx: Transaction, node_id: str, public_key: bytes) -> None:
    """Change a node's key; the old one stops at once."""
    tx.run("UPDATE ssm_node SET public_key = ? WHERE id = ?", (public_key, node_id))


def set_role(tx: Transaction, node_id: str, iam_role: str) -> None:
    """Change the role whose keys a node gets."""
    tx.run("UPDATE ssm_node SET iam_role = ? WHERE id = ?", (iam_role, node_id))


def set_pinged(tx: Transaction, node_id: str, at: int, told: Mapping[str, Any]) -> None:
    """Note that a node spoke, and what it said of itself."""
    tx.run("UPDATE ssm_node SET pinged_at = ?, told = ? WHERE id = ?", (at, json.dumps(told), node_id))


def deregister(tx: Transaction, account: str, region: str, node_id: str, at: int) -> bool:
    """End a node's registration, and tell whether it had one."""
    changed = tx.run(
        "UPDATE ssm_node SET deregistered_at = ?"
        " WHERE id = ? AND account = ? AND region = ? AND deregistered_at IS NULL",
        (at, node_id, account, region),
    )
    return changed == 1


def _node(row: Row) -> Node:
    (
        id_,
        account,
        region,
        activation,
        iam_role,
        name,
        fingerprint,
        public_key,
        source_address,
        registered_at,
        deregistered_at,
        pinged_at,
        told,
    ) = row
    return Node(
        id_,
        account,
        region,
        activation,
        iam_role,
        name,
        fingerprint,
        bytes(public_key),
        source_address,
        registered_at,
        deregistered_at,
        pinged_at,
        json.loads(told),
    )
