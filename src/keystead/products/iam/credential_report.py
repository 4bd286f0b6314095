"""The credential report: one CSV line for the account root and one for each user.

Follows the IAM User Guide, "Get credential reports for your AWS account": a report is made on demand, kept, and
made again when it is older than four hours. It is made at once, in the transaction that asks for it: reading one
user's keys costs some ten microseconds, and an account has a few thousand users at most. So nobody ever sees
ReportInProgress.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from keystead.credentials import shelf
from keystead.credentials.kind import ACTIVE
from keystead.credentials.shelf import Credential
from keystead.credentials.usage import Usage
from keystead.gateway.call import Call
from keystead.identity import records as identities
from keystead.identity.accounts import Accounts
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.records import User
from keystead.kernel.arn import iam_arn
from keystead.kernel.clock import Clock, now_ms
from keystead.products.iam import records
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.products.iam.records import Report
from keystead.products.iam.times import as_datetime
from keystead.store.interface import Reader
from keystead.types import iam

KEPT = timedelta(hours=4)
STARTED = "No report exists. Starting a new report generation task"
# UNCONFIRMED: AWS's wording of both.
NO_REPORT = "No credential report exists. Request one with GenerateCredentialReport."
EXPIRED = "The credential report has expired. Request another with GenerateCredentialReport."

# UNCONFIRMED: newer reports of AWS append columns.
COLUMNS = [
    "user",
    "arn",
    "user_creation_time",
    "password_enabled",
    "password_last_used",
    "password_last_changed",
    "password_next_rotation",
    "mfa_active",
    "access_key_1_active",
    "access_key_1_last_rotated",
    "access_key_1_last_used_date",
    "access_key_1_last_used_region",
    "access_key_1_last_used_service",
    "access_key_2_active",
    "access_key_2_last_rotated",
    "access_key_2_last_used_date",
    "access_key_2_last_used_region",
    "access_key_2_last_used_service",
    "cert_1_active",
    "cert_1_last_rotated",
    "cert_2_active",
    "cert_2_last_rotated",
]
ROOT_NAME = "<root_account>"
ABSENT = "N/A"
NO_KEY = ("false", ABSENT, ABSENT, ABSENT, ABSENT)
NO_CERTIFICATES = ("false", ABSENT, "false", ABSENT)
NO_PASSWORD = ("false", ABSENT, ABSENT, ABSENT)
ROOT_PASSWORD = ("not_supported",) * 4
NO_MFA = "false"
SHOWN_KEYS = 2
_USERS_AT_ONCE = 500


class CredentialReports:
    """The two operations on the credential report."""

    def __init__(self, accounts: Accounts, usage: Usage, clock: Clock) -> None:
        self._accounts = accounts
        self._usage = usage
        self._clock = clock

    @iam.GenerateCredentialReport("write", resource="*")
    def generate_credential_report(
        self, call: Call, request: iam.Empty
    ) -> iam.GenerateCredentialReportResponse:
        """Make a report unless there is one that is young enough."""
        account = call.principal.account
        kept = records.report(call.tx, account)
        if kept is not None and not self._is_old(kept):
            return {"State": "COMPLETE"}
        made = Report(now_ms(self._clock), _written(self._lines(call.tx, account)))
        records.keep_report(call.tx, account, made)
        return {"State": "STARTED", "Description": STARTED}

    @iam.GetCredentialReport("read", resource="*")
    def get_credential_report(self, call: Call, request: iam.Empty) -> iam.GetCredentialReportResponse:
        """Return the last report, unless it is too old."""
        kept = records.report(call.reader, call.principal.account)
        if kept is None:
            raise iam.CredentialReportNotPresentException(NO_REPORT)
        if self._is_old(kept):
            raise iam.CredentialReportExpiredException(EXPIRED)
        return {
            "Content": kept.content.encode(),
            "ReportFormat": "text/csv",
            "GeneratedTime": as_datetime(kept.generated_at),
        }

    def _is_old(self, report: Report) -> bool:
        return now_ms(self._clock) - report.generated_at >= KEPT.total_seconds() * 1000

    def _lines(self, reader: Reader, account: str) -> Iterator[tuple[str, ...]]:
        yield tuple(COLUMNS)
        created = _time(self._accounts.get(reader, account).created_at)
        root = (ROOT_NAME, iam_arn(account, "root"), created, *ROOT_PASSWORD, NO_MFA)
        yield (*root, *self._keys(reader, account, ROOT_OWNER), *NO_CERTIFICATES)
        for user in _users(reader, account):
            named = (user.name, user.arn, _time(user.created_at), *NO_PASSWORD, NO_MFA)
            yield (*named, *self._keys(reader, account, user.id), *NO_CERTIFICATES)

    def _keys(self, reader: Reader, account: str, owner: str) -> Iterator[str]:
        keys = shelf.of_owner(reader, account, owner, ACCESS_KEY)[:SHOWN_KEYS]
        for key in keys:
            yield from self._key(reader, key)
        for _ in range(SHOWN_KEYS - len(keys)):
            yield from NO_KEY

    def _key(self, reader: Reader, key: Credential) -> tuple[str, ...]:
        is_active = key.status == ACTIVE and not key.is_expired(self._clock.epoch() * 1000)
        use = self._usage.last(reader, key.id)
        used = (ABSENT, ABSENT, ABSENT) if use is None else (_time(use.used_at), use.region, use.service)
        return ("true" if is_active else "false", _time(key.created_at), *used)


def _users(reader: Reader, account: str) -> Iterator[User]:
    position: str | None = ""
    while position is not None:
        users, position = identities.users_from(reader, account, position, _USERS_AT_ONCE, "/")
        yield from users


def _written(lines: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).isoformat()
