"""What is shared and with whom: the folder or dashboard of a path; accounts, users, teams and roles of a list."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from keystead.products.grafana import account_records, acl_records, permission_records
from keystead.products.grafana.acl_records import ADMINISTER, Entry
from keystead.products.grafana.door import folder_records, item_records
from keystead.products.grafana.door.acl import TEAM
from keystead.products.grafana.door.asking import Ask, Refusal, is_array, is_object, whole_in
from keystead.products.grafana.door.dashboards import dashboard_url, named_dashboard
from keystead.products.grafana.door.folders import folder_url, named_folder
from keystead.products.grafana.door.people import number_of
from keystead.products.grafana.door.roles import RANKS

MOST_LINES = 500
"""In one list: each request for what it guards reads it."""
Subject = tuple[str, int, int]
"""A role, a person's number, a team's number: one of them, the others "" and 0."""


class Target(NamedTuple):
    """A folder or dashboard whose list is meant; `around` are the folders it lies in, outermost first."""

    id: int
    uid: str
    title: str
    url: str
    is_folder: bool
    around: Sequence[folder_records.Folder]


class Party(NamedTuple):
    """Who a line is about, as it is shown; the number of a role is 0."""

    number: int
    login: str
    name: str
    email: str
    is_account: bool


def folder_target(ask: Ask, action: str) -> Target:
    """Return the folder of the path, which the caller administers. Raises Refusal, Lacking."""
    folder = named_folder(ask, ADMINISTER, action)
    if folder.id == 0:
        raise Refusal(404, "folder not found", status="not-found")
    around = folder_records.around(ask.reader, ask.workspace.id, folder)
    return Target(folder.id, folder.uid, folder.title, folder_url(ask, folder), True, around)


def dashboard_target(ask: Ask, action: str) -> Target:
    """Return the dashboard of the path, which the caller administers. Raises Refusal, Lacking."""
    board = named_dashboard(ask, ADMINISTER, action)
    folder = folder_records.by_id(ask.reader, ask.workspace.id, board.folder)
    around = [] if folder is None or not folder.id else [*_with_outer(ask, folder)]
    return Target(board.id, board.uid, board.title, dashboard_url(ask, board), False, around)


def _with_outer(ask: Ask, folder: folder_records.Folder) -> Sequence[folder_records.Folder]:
    return [*folder_records.around(ask.reader, ask.workspace.id, folder), folder]


def lines(ask: Ask, target: Target) -> list[tuple[Entry, bool]]:
    """Return the lines that count for a target, and whether each is inherited; its own come first."""
    workspace = ask.workspace.id
    own = [(entry, False) for entry in acl_records.of(ask.reader, workspace, [target.id])]
    outer = [each.id for each in target.around]
    return own + [(entry, True) for entry in (acl_records.of(ask.reader, workspace, outer) if outer else ())]


def party(ask: Ask, entry: Entry) -> Party | None:
    """Return who a line is about; None for somebody who has gone."""
    if entry.role:
        return Party(0, "", entry.role.capitalize(), "", False)
    if entry.team:
        team = item_records.by_id(ask.reader, ask.workspace.id, TEAM, entry.team)
        return None if team is None else Party(team.id, "", team.name, team.body["email"], False)
    return _person(ask, entry.person)


def _person(ask: Ask, number: int) -> Party | None:
    account = account_records.find_account(ask.reader, ask.workspace.id, number)
    if account is not None:
        return Party(account.id, account.login, account.name, "", True)
    people = permission_records.permissions(ask.reader, ask.workspace.id)
    found = [each for each in people if each.user_type == "SSO_USER" and number_of(each) == number]
    # Of two that have one number neither is meant for certain.
    return Party(number, found[0].user_id, found[0].user_id, "", False) if len(found) == 1 else None


def checked_subject(ask: Ask, role: object, person: int, team: int) -> Subject:
    """Return whom a request means, exactly one role, person or team of the workspace. Raises Refusal 400, 404."""
    if sum((role is not None, person != 0, team != 0)) != 1:
        raise Refusal(400, "one of role, user and team is needed, and no more")
    if role is not None:
        if not isinstance(role, str) or role.upper() not in RANKS or role != role.capitalize():
            raise Refusal(400, "invalid role")
        return role.upper(), 0, 0
    if person and _person(ask, person) is None:
        raise Refusal(404, "User not found")
    if team and item_records.by_id(ask.reader, ask.workspace.id, TEAM, team) is None:
        raise Refusal(404, "Team not found")
    return "", person, team


def items_in(ask: Ask, member: str) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of the list that a request holds. Raises Refusal 400."""
    items = ask.body.get(member)
    if not is_array(items):
        raise Refusal(400, "bad request data")
    for item in items:
        if not is_object(item):
            raise Refusal(400, "bad request data")
        yield item


def subject_in(ask: Ask, item: Mapping[str, Any], role: str) -> Subject:
    """Return whom a line of a request names; `role` is the member for roles. Raises Refusal 400, 404."""
    person, team = whole_in(item, "userId"), whole_in(item, "teamId")
    # Go clients send the members that do not apply as zeros.
    return checked_subject(ask, item.get(role) or None, person, team)


def replace_list(ask: Ask, target: Target, wanted: dict[Subject, int]) -> None:
    """Make a list say this and nothing else; lines that were there keep their time. Raises Refusal 400."""
    if len(wanted) > MOST_LINES:
        raise Refusal(400, f"a list has at most {MOST_LINES} lines")
    workspace, number = ask.workspace.id, target.id
    before = {entry.subject: entry for entry in acl_records.of(ask.tx, workspace, [number])}
    made = {subject: before[subject].created_at if subject in before else ask.now_ms for subject in wanted}
    acl_records.remove_object(ask.tx, workspace, number)
    acl_records.put(
        ask.tx,
        workspace,
        [Entry(number, *subject, level, made[subject], ask.now_ms) for subject, level in wanted.items()],
    )
    ask.noted["permissions"] = len(wanted)


def change_line(ask: Ask, target: Target, subject: Subject, level: int) -> None:
    """Set one line of a list, or delete it for level 0. Raises Refusal 400."""
    workspace = ask.workspace.id
    before = {entry.subject: entry for entry in acl_records.of(ask.tx, workspace, [target.id])}
    made = before[subject].created_at if subject in before else ask.now_ms
    entry = Entry(target.id, *subject, level, made, ask.now_ms)
    if not level:
        acl_records.take(ask.tx, workspace, entry)
        return
    if subject not in before and len(before) >= MOST_LINES:
        raise Refusal(400, f"a list has at most {MOST_LINES} lines")
    acl_records.put(ask.tx, workspace, [entry])
