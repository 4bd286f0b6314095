"""`Product`: what a folder under `products` declares, and how such folders are found.

A folder is served because it is there: `discover` imports every package beside this file that has a `PRODUCT`.
"""

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from keystead import products
from keystead.access.authenticate import Authenticator
from keystead.access.authorise import Authoriser
from keystead.access.doors import HTTPDoor, Listener, Worker
from keystead.access.explanations import Explanations
from keystead.access.limits import RequestLimits
from keystead.access.objects import Objects
from keystead.audit.journal import Journal
from keystead.config.places import Addresses, FirstSegments, TLSFiles
from keystead.config.settings import Settings
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import Kind
from keystead.credentials.seal import Seal
from keystead.credentials.usage import Usage
from keystead.credentials.verify import Verifier
from keystead.gateway.operations import Face
from keystead.identity.accounts import Accounts
from keystead.identity.epoch import PolicyEpoch
from keystead.identity.groups import Groups
from keystead.identity.policies import Policies
from keystead.identity.principals import Principals
from keystead.identity.quotas import Quotas
from keystead.identity.role_uses import RoleUses
from keystead.identity.roles import InstanceProfiles, Roles
from keystead.identity.sessions import Sessions
from keystead.identity.tags import Tags
from keystead.identity.users import Users
from keystead.kernel.clock import Clock
from keystead.kernel.entropy import Entropy
from keystead.kernel.paging import Markers
from keystead.store.interface import Reader, Store
from keystead.store.migrations import Migrations
from keystead.zones.zones import Zones


@dataclass(frozen=True, slots=True)
class Foundation:
    """What the layers below offer to products. A product's `parts` picks what its groups and doors need.

    `tls` are the files that TLS listeners show, made before any listens; `addresses` are known once all listen,
    `first_segments` of paths once every product has said what it serves; `explanations` keep why requests were
    refused, at doors as well; `limits` count requests by service and account; `objects` are read in buckets for the
    caller of an operation.
    """

    settings: Settings
    clock: Clock
    entropy: Entropy
    reader: Reader
    store: Store
    journal: Journal
    seal: Seal
    verifier: Verifier
    issuer: Issuer
    usage: Usage
    accounts: Accounts
    users: Users
    groups: Groups
    roles: Roles
    role_uses: RoleUses
    profiles: InstanceProfiles
    sessions: Sessions
    policies: Policies
    tags: Tags
    quotas: Quotas
    epoch: PolicyEpoch
    markers: Markers
    principals: Principals
    authenticator: Authenticator
    authoriser: Authoriser
    tls: TLSFiles
    addresses: Addresses
    first_segments: FirstSegments
    zones: Zones
    explanations: Explanations
    limits: RequestLimits
    objects: Objects


@dataclass(frozen=True, slots=True)
class Parts:
    """What a product brings to a running authority, made together so that its parts may share objects.

    `listeners` are those beside the HTTP and HTTPS ones, behind which `doors` are; `workers` run in the background.
    """

    face: Face
    doors: Sequence[HTTPDoor] = ()
    listeners: Sequence[Listener] = ()
    workers: Sequence[Worker] = ()


@dataclass(frozen=True, slots=True)
class Product:
    """One product: its kinds of credential, its API and doors, and its tables.

    `kinds` are fixed by the settings (quotas); `signing_kinds` names those of them that sign API requests.
    `models` is a folder of service models in botocore's format,
    for APIs that no public model describes.
    """

    name: str
    kinds: Callable[[Settings], Sequence[Kind]]
    parts: Callable[[Foundation], Parts]
    signing_kinds: Sequence[str] = ()
    migrations: Path | None = None
    models: Path | None = None
    service: str = ""

    @property
    def service_name(self) -> str:
        """The name of the service's model: the product's own, unless it says another."""
        return self.service or self.name

    def owned_migrations(self) -> list[Migrations]:
        """Return the product's schema files, if it has tables of its own."""
        return [] if self.migrations is None else [Migrations(self.name, self.migrations)]


def no_kinds(settings: Settings) -> Sequence[Kind]:
    """Return the kinds of a product that has none."""
    del settings
    return ()


def discover() -> list[Product]:
    """Return every product that has a folder, by name."""
    found: list[Product] = []
    for module in pkgutil.iter_modules(products.__path__, products.__name__ + "."):
        if module.ispkg:
            product = getattr(importlib.import_module(module.name), "PRODUCT", None)
            if not isinstance(product, Product):
                raise TypeError(f"{module.name} declares no PRODUCT")
            found.append(product)
    return sorted(found, key=lambda product: product.name)
