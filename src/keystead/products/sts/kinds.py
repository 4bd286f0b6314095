"""The kind of credential that STS issues: the temporary triple of key id, secret and session token."""

from collections.abc import Sequence
from datetime import timedelta

from keystead.config.settings import Settings
from keystead.credentials.kind import Kind
from keystead.identity.sessions import session_kind

SESSION = session_kind("sts.session", shortest=timedelta(minutes=15), longest=timedelta(hours=36))
"""Bounds of all operations together; each has its own, tighter ones."""


def kinds(settings: Settings) -> Sequence[Kind]:
    """Return STS's one kind, whichever operation makes it."""
    del settings
    return [SESSION]
