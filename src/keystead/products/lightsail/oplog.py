"""The log of operations: each change of a bucket leaves one, in its own transaction, and answers with it.

Follows the Lightsail API reference, "Operation". Changes are done when they are answered, so every operation is
`Succeeded` from the start; Terraform asks for it by id until it is, also after its bucket is gone.
"""

from typing import cast

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import RequestIds
from keystead.products.lightsail import operation_records
from keystead.products.lightsail.operation_records import Done
from keystead.products.lightsail.times import as_datetime
from keystead.types import lightsail

# UNCONFIRMED: what AWS says of a resource that is in no particular zone.
EVERY_ZONE = "all"
# The model's list has no type for tagging. UNCONFIRMED: which one AWS gives.
TAGGING = "UpdateBucket"


class OperationLog:
    """Writes operations down, and shows them as answers do."""

    def __init__(self, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._ids = RequestIds(entropy)

    def note(self, call: Call, bucket_name: str, kind: str, details: str = "") -> list[lightsail.Operation]:
        """Keep what was done to a bucket, and return it as the list that answers hold."""
        done = Done(
            0,
            self._ids.next(),
            call.principal.account,
            call.region,
            bucket_name,
            kind,
            details,
            now_ms(self._clock),
        )
        operation_records.add(call.tx, done)
        return [shown(done)]


def shown(done: Done) -> lightsail.Operation:
    """Return an operation as answers show it."""
    at = as_datetime(done.created_at)
    operation = {
        "id": done.id,
        "resourceName": done.resource,
        "resourceType": "Bucket",
        "createdAt": at,
        "location": {"availabilityZone": EVERY_ZONE, "regionName": done.region},
        "isTerminal": True,
        "operationDetails": done.details,
        "operationType": done.type,
        "status": "Succeeded",
        "statusChangedAt": at,
    }
    # The rows hold values of the model's enumerations: `note` writes constants, and the region that was signed for.
    return cast(lightsail.Operation, operation)
