"""`Desk`: one workspace with a key of each role, and what its door answers."""

from grafana.workspaces import GrafanaRoom, Reply

ROLES = ("ADMIN", "EDITOR", "VIEWER")


class Desk:
    """One workspace of a version, a service account of each role, and a token of each account."""

    def __init__(self, room: GrafanaRoom, version: str = "12.4") -> None:
        self.room = room
        self.workspace = room.workspace(version)
        self.accounts = {role: int(room.account(self.workspace, role)) for role in ROLES}
        self.keys = {
            role: room.mint(self.workspace, str(account))["key"] for role, account in self.accounts.items()
        }

    def ask(self, method: str, path: str, body: object = None, role: str = "ADMIN", key: str = "") -> Reply:
        """Send a request with the token of a role, or with `key`."""
        return self.room.ask(self.workspace, f"/api{path}", key or self.keys[role], method=method, body=body)

    def does(self, method: str, path: str, body: object = None, role: str = "ADMIN", key: str = ""):
        """Send a request that is carried out, and return the body of the answer."""
        reply = self.ask(method, path, body, role, key)
        assert reply.status == 200, reply
        return reply.body

    def is_told(
        self, status: int, message: str, method: str, path: str, body: object = None, role: str = "ADMIN"
    ) -> None:
        """Send a request that is answered with this status and message."""
        reply = self.ask(method, path, body, role)
        assert (reply.status, reply.body["message"]) == (status, message)

    def board(self, title: str, **members: object) -> dict[str, object]:
        """Save a dashboard as the Editor, and return what the door says of it."""
        body = {"dashboard": {"title": title, **members}, "overwrite": True}
        return self.does("POST", "/dashboards/db", body, "EDITOR")
