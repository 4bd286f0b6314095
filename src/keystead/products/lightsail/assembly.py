"""Puts the S3 door together out of the foundation; the door itself imports neither this nor the API's gateway."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from keystead.access.doors import HTTPDoor, Worker
from keystead.access.sigv4 import rules_for
from keystead.products.lightsail.door.access import Access
from keystead.products.lightsail.door.accesslog import DELIVERY_SECONDS, AccessLines
from keystead.products.lightsail.door.app import S3Door
from keystead.products.lightsail.door.desk import Desk
from keystead.products.lightsail.door.lending import Lending
from keystead.products.lightsail.door.operations import operations
from keystead.products.lightsail.door.request import Hosts
from keystead.products.lightsail.door.scribe import Scribe
from keystead.products.lightsail.door.visit import Guards
from keystead.products.lightsail.door.visitor import Visitors
from keystead.products.lightsail.kinds import BUCKET_ACCESS_KEY
from keystead.products.lightsail.objects.blobs import LocalBlobs
from keystead.products.lightsail.objects.sweep import SWEEP_SECONDS, ObjectSweep
from keystead.products.lightsail.objects.versions import Versions
from keystead.products.product import Foundation
from keystead.protocol.regions import public_regions

OBJECTS = "objects"
"""The folder of the bodies, in the data directory."""


@dataclass(frozen=True, slots=True)
class S3:
    """The door and the work that is done behind it."""

    door: HTTPDoor
    workers: Sequence[Worker]
    sweep: ObjectSweep


def s3(base: Foundation) -> S3:
    """Return the S3 door of an authority."""
    blobs = LocalBlobs(base.settings.data / OBJECTS, base.entropy)
    blobs.prepare()
    removing: set[asyncio.Task[None]] = set()

    def discard(gone: Sequence[str]) -> None:
        # Apart from the request whose commit it was; what a stop cuts short is the sweep's.
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(blobs.remove, gone))
        removing.add(task)
        task.add_done_callback(removing.discard)

    versions = Versions(discard, base.clock, base.entropy)
    scribe = Scribe(base.clock)
    lines = AccessLines(base.store, versions, base.clock, base.entropy)
    desk = Desk(base.store, base.reader, blobs, versions, scribe, base.clock, base.entropy)
    hosts = Hosts(base.settings.domain)
    visitors = Visitors(
        base.authenticator,
        base.verifier,
        base.clock,
        rules_for("s3", public_regions(), base.settings.region),
        BUCKET_ACCESS_KEY,
        takes_v2=base.settings.s3_signature_v2,
    )
    guards = Guards(Access(base.authoriser), base.authenticator, base.verifier, base.clock, base.reader)
    base.objects.offer(Lending(desk, guards).fetch)
    app = S3Door(
        operations(desk, visitors),
        hosts,
        visitors,
        guards,
        base.usage,
        base.journal,
        scribe,
        lines,
        base.entropy,
    )
    sweep = ObjectSweep(base.store, blobs, versions, base.clock)
    door = HTTPDoor(
        "s3", app, takes_host=hosts.takes, signing_name="s3", takes_the_rest=True, at_once=app.at_once
    )
    workers = [
        Worker("s3-sweep", SWEEP_SECONDS, sweep.sweep),
        Worker("s3-access-log", DELIVERY_SECONDS, lines.deliver),
    ]
    return S3(door, workers, sweep)
