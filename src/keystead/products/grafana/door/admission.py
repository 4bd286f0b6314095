"""Who asks: the token or key that was presented, judged for this workspace, and whose it is.

Follows facts/grafana.md §4. `Authorization: Bearer`, or Basic with the user name `api_key`; nothing else is looked
at: no cookie, no query, no header of a proxy. Form and checksum come first, so that a forged text costs no look-up.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence

from keystead.credentials.shelf import Credential
from keystead.credentials.verify import Accepts, Refused, Verified, Verifier
from keystead.kernel.secret import Secret
from keystead.products.grafana import account_records as rows
from keystead.products.grafana.door.asking import Holder, Refusal, is_structured
from keystead.products.grafana.door.memory import Memory
from keystead.products.grafana.kinds import API_KEY, SERVICE_ACCOUNT_TOKEN
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.tokenform import has_key_form, is_well_formed
from keystead.store.interface import Reader

Headers = Sequence[tuple[bytes, bytes]]
_NONE = ("Unauthorized", "auth.unauthorized", "Unauthorized")
_INVALID = ("Invalid API key", "api-key.invalid", "Invalid API key")
_EXPIRED = ("Expired API key", "api-key.expired", "Expired API key")
_REVOKED = ("Revoked token", "api-key.revoked", "Revoked API key")
_DISABLED = ("Service account is disabled", "identity.disabled", "Unauthorized")
_ELSEWHERE = (
    "Invalid API key",
    "api-key.organization-mismatch",
    "API key does not belong to the requested organization",
)
_OWN = (b"", b"0", b"1")
# What is wrong with a token is told to who holds it; unknown ones and other workspaces' look alike.
_TOLD: Mapping[str, tuple[str, str, str]] = {"expired": _EXPIRED, "inactive": _REVOKED}


class Admission:
    """Judges what is presented with each request."""

    def __init__(self, verifier: Verifier, memory: Memory) -> None:
        self._verifier = verifier
        self._memory = memory

    def judge(self, reader: Reader, workspace: Workspace, headers: Headers) -> Holder:
        """Return who asks. Raises Refusal 401."""
        presented = _presented(workspace, headers)
        accepts = _accepted(presented, workspace)
        outcome = self._verifier.verify_bearer(Secret(presented), accepts=accepts)
        if not isinstance(outcome, Verified):
            reason = outcome.reason if isinstance(outcome, Refused) else ""
            raise _refusal(workspace, _TOLD.get(reason, _INVALID))
        if not _is_this_organisation(workspace, headers):
            raise _refusal(workspace, _ELSEWHERE)
        return self._held(reader, workspace, outcome.credential)

    def again(self, reader: Reader, workspace: Workspace, holder: Holder) -> Holder:
        """Return the holder as it is in this transaction, before it changes anything. Raises Refusal 401."""
        if not self._verifier.still_good(reader, holder.credential):
            raise _refusal(workspace, _INVALID)
        return self.holder(reader, workspace, holder.credential)

    def _held(self, reader: Reader, workspace: Workspace, credential: Credential) -> Holder:
        """Return whose a credential is, from memory where nothing changed in the workspace since it was read."""
        held = self._memory.of(workspace.id)
        holder = None if held is None else held.holders.get(credential.id)
        if holder is not None and holder.credential is credential:
            return holder
        holder = self.holder(reader, workspace, credential)
        if held is not None:
            self._memory.keep_holder(held, holder)
        return holder

    def holder(self, reader: Reader, workspace: Workspace, credential: Credential) -> Holder:
        """Return whose a verified credential is. Raises Refusal 401 if that is disabled or gone."""
        if credential.kind == API_KEY:
            key = rows.key_of(reader, workspace.id, credential.id)
            if key is not None:
                return Holder(0, "", key.name, key.role, credential)
        # A key without a row of its own may have become a service account's token.
        token = rows.token_of(reader, workspace.id, credential.id)
        account = None if token is None else rows.find_account(reader, workspace.id, token.service_account)
        if account is None:
            raise _refusal(workspace, _INVALID)
        if account.is_disabled:
            raise _refusal(workspace, _DISABLED)
        return Holder(account.id, account.login, account.name, account.role, credential)


def _refusal(workspace: Workspace, words: tuple[str, str, str]) -> Refusal:
    plain, message_id, message = words
    if not is_structured(workspace):
        return Refusal(401, plain)
    return Refusal(401, message, statusCode=401, messageId=message_id, traceID="")


def _accepted(presented: bytes, workspace: Workspace) -> Accepts:
    """Return the kind that a text has the form of, good for this workspace only. Raises Refusal 401."""
    if is_well_formed(presented):
        return {SERVICE_ACCOUNT_TOKEN: workspace.id}
    if has_key_form(presented):
        return {API_KEY: workspace.id}
    raise _refusal(workspace, _INVALID)


def _presented(workspace: Workspace, headers: Headers) -> bytes:
    """Return the text in the one Authorization header, in either form."""
    shown = [value for name, value in headers if name == b"authorization"]
    if not shown:
        raise _refusal(workspace, _NONE)
    if len(shown) == 1 and shown[0].startswith(b"Bearer glsa_"):
        return shown[0][7:].strip()
    scheme, _, text = shown[0].partition(b" ")
    if len(shown) > 1:
        raise _refusal(workspace, _INVALID)
    if scheme.lower() == b"bearer":
        return text.strip()
    if scheme.lower() != b"basic":
        raise _refusal(workspace, _NONE)
    try:
        user, _, password = base64.b64decode(text.strip(), validate=True).partition(b":")
    except binascii.Error as error:
        raise _refusal(workspace, _INVALID) from error
    if user != b"api_key":
        raise _refusal(workspace, _INVALID)
    return password


def _is_this_organisation(workspace: Workspace, headers: Headers) -> bool:
    """Return whether no other organisation is asked for than the one that a workspace has."""
    asked = [value for name, value in headers if name == b"x-grafana-org-id"]
    return not asked or not is_structured(workspace) or all(each.strip() in _OWN for each in asked)
