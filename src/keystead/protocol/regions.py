"""The regions that the models know: of the partition `aws`, from botocore's `partitions.json`."""

from collections.abc import Sequence
from typing import Any

import msgspec

from keystead.protocol.models import botocore_data

GLOBAL_PSEUDO_REGION = "aws-global"


def public_regions() -> Sequence[str]:
    """Return the names of all regions of the public partition, sorted."""
    content = (botocore_data() / "partitions.json").read_bytes()
    partitions: list[dict[str, Any]] = msgspec.json.decode(content)["partitions"]
    public = next(partition for partition in partitions if partition["id"] == "aws")
    return sorted(set(public["regions"]) - {GLOBAL_PSEUDO_REGION})
