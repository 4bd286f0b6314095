"""What every access key must look like, whoever mints it."""

import base64
import re
from typing import Any

from iam.room import ACCOUNT, Room


def is_key_id(room: Room, value: Any) -> None:
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", value)
    assert room.sts.get_access_key_info(AccessKeyId=value)["Account"] == ACCOUNT


def is_secret(room: Room, value: Any) -> None:
    assert re.fullmatch(r"[A-Za-z0-9+/]{40}", value)
    assert len(base64.b64decode(value, validate=True)) == 30


def is_active(room: Room, value: Any) -> None:
    assert value == "Active"
