"""Puts Lightsail's API together out of the foundation."""

from keystead.access.doors import Worker
from keystead.gateway.operations import Face
from keystead.products.lightsail.bucket_keys import BucketKeys
from keystead.products.lightsail.buckets import BucketMaking, BucketOperations
from keystead.products.lightsail.bundles import BundleOperations, Bundles
from keystead.products.lightsail.conditions import condition_key
from keystead.products.lightsail.contents import ObjectCounts
from keystead.products.lightsail.errors import translate
from keystead.products.lightsail.finding import resource_arn
from keystead.products.lightsail.kinds import bucket_access_key_kind
from keystead.products.lightsail.metrics import MEASURE_SECONDS, Measures, MetricOperations
from keystead.products.lightsail.operations import OperationLookups
from keystead.products.lightsail.oplog import OperationLog
from keystead.products.lightsail.regions import RegionOperations
from keystead.products.lightsail.showing import Showing
from keystead.products.lightsail.tagging import TagOperations
from keystead.products.product import Foundation


def lightsail_face(base: Foundation, contents: ObjectCounts) -> Face:
    """Return the API; `contents` knows what the buckets hold."""
    log = OperationLog(base.clock, base.entropy)
    bundles = Bundles(base.clock, once_a_month=base.settings.bundle_changes_once_a_month)
    showing = Showing(bundles, base.addresses, base.settings.domain)
    kind = bucket_access_key_kind()
    return Face(
        groups=[
            BucketMaking(
                bundles,
                base.issuer,
                contents,
                base.first_segments,
                log,
                showing,
                base.clock,
                base.entropy,
            ),
            BucketOperations(log, showing, base.markers),
            BucketKeys(kind, base.issuer, base.usage, log, base.clock),
            BundleOperations(bundles, log),
            MetricOperations(contents, base.clock),
            OperationLookups(base.markers),
            TagOperations(log),
            RegionOperations(),
        ],
        translate=translate,
        resource_arn=resource_arn,
        condition_key=condition_key,
    )


def measuring(base: Foundation, contents: ObjectCounts) -> Worker:
    """Return the worker that looks at what buckets hold."""
    return Worker("lightsail-measures", MEASURE_SECONDS, Measures(base.store, contents, base.clock).take)
