"""What is wrong with an upstream and what mends it: is it reached, trusted, a Grafana; are our accounts there?"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal

from keystead.credentials.seal import Seal, SealBroken
from keystead.kernel.errors import DomainError
from keystead.kernel.secret import Secret
from keystead.products.grafana.records import Workspace
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.landlord import Landlord, Unwilling, account_name
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.products.grafana.upstream.wire import Line, Times
from keystead.store.interface import Reader

_ROLES = {"VIEWER": "Viewer", "EDITOR": "Editor", "ADMIN": "Admin"}
_OLDEST, _NEWEST = 9, 12


@dataclass(frozen=True, slots=True)
class Found:
    """One line of a check. `remedy` is what mends it, empty when all is well."""

    subject: str
    verdict: Literal["ok", "warning", "problem"]
    told: str
    remedy: str = ""


class Checkup:
    """Looks at one upstream, as it is set or as it is about to be."""

    def __init__(self, workspace: Workspace, url: str, ca: str, admin_token: Secret, times: Times) -> None:
        self._workspace = workspace
        self._url = url
        self._ca = ca
        self._admin_token = admin_token
        self._times = times

    async def findings(self, reader: Reader, upstream: Upstream | None) -> list[Found]:
        """Return every finding, in the order in which they depend on each other; it ends where the next needs more.

        `upstream` is what is set already, None before it is. Changes nothing at the upstream.
        """
        line = Line(self._url, self._ca, self._times)
        try:
            landlord = Landlord(line, self._admin_token, self._times.connect)
            found = [each async for each in self._looked(line, landlord)]
            if not any(each.verdict == "problem" for each in found) and upstream is not None:
                found += [each async for each in self._accounts(reader, landlord)]
            return found
        finally:
            await line.close()

    async def _looked(self, line: Line, landlord: Landlord) -> AsyncIterator[Found]:
        try:
            health = await landlord.health()
        except Unwilling as error:
            yield Found("upstream", "problem", f"{self._url}: {error}", self._way_there(error))
            return
        version = str(health.get("version", ""))[:40]
        if not version or "database" not in health:
            told = f"{self._url} answers, and not as a Grafana does"
            yield Found(
                "upstream", "problem", told, "name the URL under which Grafana's /api/health is found"
            )
            return
        if str(health["database"]) != "ok":
            yield Found(
                "upstream", "warning", "its database does not answer", "look at the upstream's own log"
            )
        yield Found("upstream", "ok", f"{self._url} is reached and answers as Grafana {version}")
        yield self._encrypted(line)
        yield self._version(version)
        yield await self._rights(landlord)

    def _way_there(self, error: Unwilling) -> str:
        if "certificate" in str(error):
            return "give the authority that signed its certificate: `keystead workspace upstream set … --ca FILE`"
        if error.status in range(300, 400):
            return "it redirects: set the URL that it redirects to"
        if error.status:
            return "name the URL under which Grafana's /api/health is found, its sub-path included"
        return "see that it runs, and that this machine reaches its host and port"

    def _encrypted(self, line: Line) -> Found:
        if line.address.is_encrypted:
            authorities = "the CA that was given" if self._ca else "this machine's authorities"
            return Found(
                "TLS",
                "ok",
                f"verified against {authorities}",
            )
        host = line.address.origin.removeprefix("http://").rsplit(":", 1)[0]
        if host in ("localhost", "127.0.0.1", "[::1]"):
            return Found("TLS", "ok", "none, and none is needed on this machine")
        told = "requests and tokens travel in plain HTTP"
        return Found("TLS", "warning", told, "serve the upstream over HTTPS and set its https:// URL")

    def _version(self, version: str) -> Found:
        number = version.partition(".")[0]
        major = int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0
        if not _OLDEST <= major <= _NEWEST:
            told = f"Grafana {version}; versions {_OLDEST} to {_NEWEST} are what this was written for"
            return Found("version", "warning", told, "try what your clients do before you rely on it")
        if major != self._workspace.major:
            told = f"Grafana {version}, while the workspace says {self._workspace.version}"
            remedy = "refusals come in the words of the workspace's version; make it the upstream's if clients mind"
            return Found("version", "warning", told, remedy)
        return Found("version", "ok", f"Grafana {version}, as the workspace says")

    async def _rights(self, landlord: Landlord) -> Found:
        try:
            await landlord.account_named(account_name(self._workspace.id, "VIEWER"))
        except Unwilling as error:
            remedy = (
                "make a service account with the role Admin there, and give its token: `--token-file FILE`"
            )
            told = {
                401: "the upstream does not know the administrator's token",
                403: "the administrator's token may not list service accounts",
            }.get(error.status, str(error))
            return Found("administrator", "problem", told, remedy)
        return Found("administrator", "ok", "the token may see service accounts there")

    async def _accounts(self, reader: Reader, landlord: Landlord) -> AsyncIterator[Found]:
        lodgers = records.lodgers(reader, self._workspace.id)
        if not lodgers:
            yield Found("accounts", "ok", "none was needed yet; each role's is made at its first request")
        for lodger in lodgers:
            name, subject = account_name(self._workspace.id, lodger.role), f"account {lodger.role}"
            remedy = "the next token that is minted puts it right; `set` the upstream again to have that now"
            try:
                account = await landlord.account_named(name)
            except Unwilling as error:
                yield Found(subject, "problem", str(error), "see above")
                return
            if account is None or account.get("id") != lodger.number:
                yield Found(subject, "problem", f"{name} is not there any more", remedy)
            elif account.get("role") != _ROLES[lodger.role] or account.get("isDisabled"):
                told = f"{name} was changed there: role {str(account.get('role'))[:20]}, or disabled"
                yield Found(subject, "problem", told, remedy)
            else:
                yield Found(subject, "ok", f"{name} has the role {_ROLES[lodger.role]}")


async def examined(
    reader: Reader, seal: Seal, workspace: Workspace, upstream: Upstream, times: Times
) -> list[Found]:
    """Return the findings on an upstream that is set."""
    again = f"set it again: `keystead workspace upstream set {workspace.id} …`"
    try:
        admin_token = records.admin_token(reader, seal, workspace.id)
    except SealBroken:
        return [Found("administrator", "problem", "the administrator's token does not open", again)]
    if admin_token is None:
        return [Found("administrator", "problem", "there is no administrator's token", again)]
    try:
        return await Checkup(workspace, upstream.url, upstream.ca, admin_token, times).findings(
            reader, upstream
        )
    except DomainError as error:
        return [Found("upstream", "problem", str(error), again)]
