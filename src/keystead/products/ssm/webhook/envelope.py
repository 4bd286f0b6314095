"""What is posted: an event in EventBridge's envelope, and the headers that sign it.

Follows the AWS EventBridge User Guide, "Event structure", and the Standard Webhooks specification 1.0.0
(standardwebhooks.com), for which receivers find libraries in every language.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from keystead.config.settings import BadSetting
from keystead.kernel.secret import Secret
from keystead.products.ssm.request_records import Event
from keystead.products.ssm.resources import ssm_arn

_PREFIX: Final = "whsec_"
_KEY_BYTES: Final = (24, 64)
"""Shortest and longest key that the specification allows."""


def read_secret(path: Path | None) -> Secret:
    """Return the key in a file: one line, `whsec_` and base64 of 24 to 64 bytes. Raises BadSetting."""
    if path is None:
        raise BadSetting("webhook_url: webhook_secret_file must name the key that signs what is posted")
    try:
        text = path.read_text().strip()
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else "not base64"
        raise BadSetting(f"webhook_secret_file: {path}: {reason}") from error
    if not text.startswith(_PREFIX) or not _KEY_BYTES[0] <= len(key) <= _KEY_BYTES[1]:
        raise BadSetting(
            f"webhook_secret_file: {path} must hold whsec_ and base64 of 24 to 64 bytes: "
            'echo "whsec_$(openssl rand -base64 32)"'
        )
    return Secret(key)


def body_of(event: Event) -> bytes:
    """Return the JSON that is posted: the same bytes at every try."""
    detail: dict[str, Any] = msgspec.json.decode(event.detail)
    execution = detail.get("ExecutionId")
    resource = f"automation-execution/{execution}" if execution else f"opsitem/{event.request}"
    told = {
        "version": "0",
        "id": event.id,
        "detail-type": event.detail_type,
        "source": "aws.ssm",
        "account": event.account,
        "time": f"{datetime.fromtimestamp(event.at // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": event.region,
        "resources": [ssm_arn(event.account, event.region, resource)],
        "detail": detail,
    }
    return msgspec.json.encode(told)


def headers_of(event: Event, body: bytes, secret: Secret, now: float) -> dict[str, str]:
    """Return the headers of one try. `now` is real time: receivers refuse what is older than some minutes."""
    stamp = str(int(now))
    signed = b".".join((event.id.encode(), stamp.encode(), body))
    # Revealed to sign with; the receiver has the same key.
    digest = hmac.new(secret.reveal(), signed, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": event.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
