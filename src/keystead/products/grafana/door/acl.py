"""What a caller may do with one folder or dashboard: its own list, and those of the folders around it.

Follows facts/grafana.md §5. Admins may everything. For others the highest line counts that names their role, a role
below it, their account or one of their teams. Where nothing names them, the answer is nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from keystead.products.grafana import acl_records
from keystead.products.grafana.acl_records import ADMINISTER, EDIT, NOTHING, VIEW, Entry
from keystead.products.grafana.door import folder_records, item_records
from keystead.products.grafana.door.asking import Ask, Lacking, Refusal
from keystead.products.grafana.door.dashboard_records import Dashboard
from keystead.products.grafana.door.folder_records import Folder
from keystead.products.grafana.door.roles import ADMIN, EDITOR, RANKS, may

TEAM = "team"
"""The sort of teams among the items."""
_FOLDER_ACTIONS = {
    VIEW: ("folders:read", "dashboards:read", "library.panels:read"),
    EDIT: (
        "folders:write",
        "folders:delete",
        "dashboards:create",
        "dashboards:write",
        "dashboards:delete",
        "library.panels:create",
        "library.panels:write",
        "library.panels:delete",
    ),
    ADMINISTER: (
        "folders.permissions:read",
        "folders.permissions:write",
        "dashboards.permissions:read",
        "dashboards.permissions:write",
    ),
}
_DASHBOARD_ACTIONS = {
    VIEW: ("dashboards:read",),
    EDIT: ("dashboards:write", "dashboards:delete"),
    ADMINISTER: ("dashboards.permissions:read", "dashboards.permissions:write"),
}


def actions(level: int, *, of_folder: bool) -> list[str]:
    """Return the actions that a level stands for."""
    table = _FOLDER_ACTIONS if of_folder else _DASHBOARD_ACTIONS
    return [action for needed, found in table.items() if needed <= level for action in found]


class Rights:
    """What one caller may do; levels are those of `acl_records`.

    Lists are read as they are asked for, or all at once by `of_everything` for whoever asks about many objects.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._lists: Mapping[int, Sequence[Entry]] | None = None
        self._folders: dict[int, Folder] = {}
        self._teams: dict[int, bool] = {}

    @classmethod
    def of_everything(cls, ask: Ask) -> "Rights":
        """Return the rights with all lists and folders of the workspace read already."""
        rights = cls(ask)
        if ask.holder.role != ADMIN:
            lists: dict[int, list[Entry]] = {}
            for entry in acl_records.every(ask.reader, ask.workspace.id):
                lists.setdefault(entry.object, []).append(entry)
            rights._lists = lists
            rights._folders = {each.id: each for each in folder_records.listed(ask.reader, ask.workspace.id)}
        return rights

    def on_folder(self, folder: Folder) -> int:
        """Return the level on a folder. Of General, which has no list, it is that of making things in it."""
        if self._ask.holder.role == ADMIN:
            return ADMINISTER
        if folder.id == 0:
            return EDIT if self._ask.holder.role == EDITOR else VIEW
        return self._highest([folder.id, *self._around(folder.parent)])

    def on_dashboard(self, dashboard: Dashboard) -> int:
        """Return the level on a dashboard."""
        if self._ask.holder.role == ADMIN:
            return ADMINISTER
        return self._highest([dashboard.id, *self._around(dashboard.folder)])

    def _around(self, number: int) -> Iterator[int]:
        """Give the numbers of a folder and those that it lies in, up to the root."""
        while number:
            yield number
            folder = self._folders.get(number) or folder_records.by_id(
                self._ask.reader, self._ask.workspace.id, number
            )
            number = 0 if folder is None else folder.parent

    def _highest(self, objects: Sequence[int]) -> int:
        if self._lists is None:
            entries: Iterable[Entry] = acl_records.of(self._ask.reader, self._ask.workspace.id, objects)
        else:
            entries = (entry for number in objects for entry in self._lists.get(number, ()))
        return max((entry.level for entry in entries if self._is_meant(entry)), default=NOTHING)

    def _is_meant(self, entry: Entry) -> bool:
        holder = self._ask.holder
        if entry.role:
            return RANKS.get(holder.role, 0) >= RANKS[entry.role]
        if entry.person:
            return entry.person == holder.number
        return holder.number != 0 and self._is_member(entry.team)

    def _is_member(self, team: int) -> bool:
        if team not in self._teams:
            found = item_records.by_id(self._ask.reader, self._ask.workspace.id, TEAM, team)
            self._teams[team] = found is not None and str(self._ask.holder.number) in found.body["members"]
        return self._teams[team]


def denied(ask: Ask, action: str, message: str) -> Refusal | Lacking:
    """Return how a caller is refused: by `message` if its role usually has the action, else by the action."""
    return Refusal(403, message) if may(ask.holder.role, action) else Lacking(action)


def managed_scopes(ask: Ask, boards: Sequence[Dashboard], folders: Sequence[Folder]) -> dict[str, list[str]]:
    """Return, by action, the scopes that lists give a caller."""
    rights, found = Rights.of_everything(ask), dict[str, list[str]]()
    for folder in folders:
        for action in actions(rights.on_folder(folder), of_folder=True):
            found.setdefault(action, []).append(f"folders:uid:{folder.uid}")
    inherited = {folder.id: rights.on_folder(folder) for folder in folders}
    for board in boards:
        level = rights.on_dashboard(board)
        # What a dashboard inherits is said by its folder's scope.
        if level > inherited.get(board.folder, NOTHING):
            for action in actions(level, of_folder=False):
                found.setdefault(action, []).append(f"dashboards:uid:{board.uid}")
    return found
