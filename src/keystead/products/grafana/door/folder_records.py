"""The rows of folders. Folder 0, General, has none; it is the root, the parent of those that lie in no other."""

from dataclasses import dataclass

from keystead.store.interface import Reader, Transaction

_COLUMNS = "id, uid, parent, title, version, created_at, created_by, updated_at, updated_by"


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder. Times are epoch milliseconds; authors are logins; `parent` is a folder's number, 0 for the root."""

    id: int
    uid: str
    parent: int
    title: str
    version: int
    created_at: int
    created_by: str
    updated_at: int
    updated_by: str


GENERAL = Folder(0, "general", 0, "General", 1, 0, "", 0, "")


def listed(reader: Reader, workspace: str) -> list[Folder]:
    """Return a workspace's folders by title."""
    rows = reader.all(
        f"SELECT {_COLUMNS} FROM grafana_folder WHERE workspace = ? ORDER BY lower(title), id", (workspace,)
    )
    return [Folder(*row) for row in rows]


def by_id(reader: Reader, workspace: str, number: int) -> Folder | None:
    """Return the folder of a number; General for 0."""
    if number == 0:
        return GENERAL
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_folder WHERE workspace = ? AND id = ?", (workspace, number)
    )
    return None if row is None else Folder(*row)


def by_uid(reader: Reader, workspace: str, uid: str) -> Folder | None:
    """Return the folder of a uid."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_folder WHERE workspace = ? AND uid = ?", (workspace, uid)
    )
    return None if row is None else Folder(*row)


def by_title(reader: Reader, workspace: str, parent: int, title: str) -> Folder | None:
    """Return the folder of a title in another, or at the root."""
    row = reader.one(
        f"SELECT {_COLUMNS} FROM grafana_folder WHERE workspace = ? AND parent = ? AND title = ?",
        (workspace, parent, title),
    )
    return None if row is None else Folder(*row)


def around(reader: Reader, workspace: str, folder: Folder) -> list[Folder]:
    """Return the folders that one lies in, from the outermost to its parent."""
    found: list[Folder] = []
    while folder.parent:
        outer = by_id(reader, workspace, folder.parent)
        if outer is None:
            break
        found.insert(0, outer)
        folder = outer
    return found


def inside(reader: Reader, workspace: str, folder: Folder) -> list[Folder]:
    """Return all folders that lie in one, at any depth, outer ones first."""
    every, found = listed(reader, workspace), [folder]
    for outer in found:
        found += [each for each in every if each.parent == outer.id]
    return found[1:]


def put(tx: Transaction, workspace: str, folder: Folder) -> None:
    """Keep a folder, new or changed; that its title and uid are free was seen in the same transaction."""
    tx.run(
        f"INSERT INTO grafana_folder (workspace, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (workspace, id) DO UPDATE SET uid = excluded.uid, parent = excluded.parent,"
        " title = excluded.title, version = excluded.version, updated_at = excluded.updated_at,"
        " updated_by = excluded.updated_by",
        (
            workspace,
            folder.id,
            folder.uid,
            folder.parent,
            folder.title,
            folder.version,
            folder.created_at,
            folder.created_by,
            folder.updated_at,
            folder.updated_by,
        ),
    )


def remove(tx: Transaction, workspace: str, number: int) -> None:
    """Delete a folder; what was in it is gone already."""
    tx.run("DELETE FROM grafana_folder WHERE workspace = ? AND id = ?", (workspace, number))
