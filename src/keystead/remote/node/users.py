"""As whom shells and commands run: a user that exists and was configured, never one that is made.

Follows amazon-ssm-agent's `runAs`. Only root can become somebody else; an agent that is not root runs everything as
itself, and refuses an order that names another user.
"""

import os
import pwd
from dataclasses import dataclass
from typing import Any


class NoSuchUser(Exception):
    """The session's user does not exist here, or this agent cannot become it."""


@dataclass(frozen=True, slots=True)
class RunAs:
    """A user, and whether a child has to become it."""

    name: str
    uid: int
    gid: int
    home: str
    shell: str
    is_other: bool

    def child(self) -> dict[str, Any]:
        """Return what starts a child process as the user."""
        if not self.is_other:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}

    def environment(self) -> dict[str, str]:
        """Return the environment of a shell; nothing of the agent's own is in it."""
        path = os.environ.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        return {
            "TERM": "xterm-256color",
            "LANG": os.environ.get("LANG") or "C.UTF-8",
            "HOME": self.home,
            "USER": self.name,
            "LOGNAME": self.name,
            "SHELL": self.shell,
            "PATH": path,
        }

    def folder(self) -> str:
        """Return where a shell begins."""
        return self.home if os.path.isdir(self.home) else "/"


def find(name: str, shell: str) -> RunAs:
    """Return the user called `name`, the agent's own for an empty name. Raises NoSuchUser."""
    own = os.geteuid()
    try:
        entry = pwd.getpwnam(name) if name else pwd.getpwuid(own)
    except KeyError as error:
        raise NoSuchUser(f"there is no user {name or own} on this node") from error
    if entry.pw_uid != own and own != 0:
        raise NoSuchUser(f"this agent cannot become {name}")
    return RunAs(entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir, shell, entry.pw_uid != own)
