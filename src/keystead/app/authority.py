"""The authority itself: every part built from the settings and joined, with or without listeners in front.

Opening takes the exclusive lock of the data directory; nothing else may work on it meanwhile.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from keystead.access.authenticate import Authenticator
from keystead.access.authorise import Authoriser
from keystead.access.bearing import Bearings
from keystead.access.explanations import Explanations
from keystead.access.limits import RequestLimits
from keystead.access.objects import Objects
from keystead.access.sigv4 import Verifier as Signatures
from keystead.app.directory import DataDirectory
from keystead.audit import journal as audit_journal
from keystead.audit.journal import Journal
from keystead.config.places import Addresses, FirstSegments
from keystead.config.settings import BadSetting, Settings
from keystead.credentials import sweep as sweeping
from keystead.credentials import usage as usages
from keystead.credentials.issue import Issuer
from keystead.credentials.kind import Kinds
from keystead.credentials.rootkey import RootKeyFile
from keystead.credentials.seal import Seal
from keystead.credentials.usage import Usage
from keystead.credentials.verify import Accepts, Verifier
from keystead.gateway.operations import OperationTable
from keystead.gateway.pipeline import Gateway
from keystead.identity import records
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
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy, SystemEntropy
from keystead.kernel.paging import Markers
from keystead.products.product import Foundation, Parts, Product, discover
from keystead.protocol import Models
from keystead.protocol.regions import public_regions
from keystead.store.batching import BatchingStore
from keystead.store.interface import DatabaseUnusable
from keystead.store.migrations import Migrations, migrate
from keystead.store.opening import open_store
from keystead.zones.changes import Changes
from keystead.zones.zones import Zones

_LOG = logging.getLogger("keystead")
_SOURCE = Path(__file__).parent.parent


@dataclass(slots=True)
class Authority:
    """An open data directory. The parts that administration and doors need are its attributes."""

    settings: Settings
    directory: DataDirectory
    clock: Clock
    store: BatchingStore
    journal: Journal
    kinds: Kinds
    seal: Seal
    root_key_file: RootKeyFile
    verifier: Verifier
    issuer: Issuer
    usage: Usage
    accounts: Accounts
    principals: Principals
    products: Sequence[Product]
    base: Foundation
    models: Models
    entropy: Entropy
    rekeying: asyncio.Lock = field(default_factory=asyncio.Lock)
    _parts: Sequence[Parts] | None = None

    @property
    def parts(self) -> Sequence[Parts]:
        """What each product brings, made once."""
        if self._parts is None:
            self._parts = [product.parts(self.base) for product in self.products]
        return self._parts

    def gateway(self) -> Gateway:
        """Return the API door. Raises BadDeclaration when a product declares what no model has."""
        faces = [parts.face for parts in self.parts]
        table = OperationTable(self.models, faces, public_regions(), self.settings.region)
        self._require_served(self.base.limits.services, table)
        self.base.first_segments.settle(table.first_segments | self._reserved())
        return Gateway(
            table,
            self.base.authenticator,
            self.base.authoriser,
            self.store,
            self.journal,
            self.usage,
            self.clock,
            self.entropy,
            self.base.explanations,
            self.base.limits,
            audit_reads=self.settings.audit_reads,
        )

    def _require_served(self, limited: frozenset[str], table: OperationTable) -> None:
        """Raise BadSetting when a service has a limit that nobody serves: a slip of the pen would be no limit."""
        doors = {door.signing_name for parts in self.parts for door in parts.doors if door.signing_name}
        served = sorted(doors | set(table.services))
        if unknown := sorted(limited - set(served)):
            raise BadSetting(f"limits: no service {unknown[0]} is served; there are {', '.join(served)}")

    def _reserved(self) -> frozenset[str]:
        """Return the first segments of the paths that doors reserve."""
        prefixes = (prefix for parts in self.parts for door in parts.doors for prefix in door.prefixes)
        return frozenset(prefix.decode().lstrip("/").partition("/")[0] for prefix in prefixes)

    def forget_all(self) -> None:
        """Drop everything that is held in memory of credentials, principals and policies."""
        self.verifier.forget_all()
        self.principals.forget_all()
        self.base.epoch.bump()
        self.base.zones.changes.bump()

    def start(self) -> list[asyncio.Task[None]]:
        """Start the writer and the work that is done apart from requests.

        Raises DatabaseUnusable, and has closed the database, when nothing was ever put into it by `init`.
        """
        if not records.accounts(self.store.reader):
            self.store.close()
            raise DatabaseUnusable(
                f"the database is empty, and {self.settings.data} belongs to another one: use a new data directory"
            )
        self.directory.keep_database_place(self.directory.database_place(self.settings))
        self.store.start()
        return [
            asyncio.create_task(_every(audit_journal.FLUSH_SECONDS, lambda: self.journal.flush(self.store))),
            asyncio.create_task(_every(usages.FLUSH_SECONDS, lambda: self.usage.flush(self.store))),
            asyncio.create_task(_every(usages.FLUSH_SECONDS, lambda: self.base.role_uses.flush(self.store))),
            asyncio.create_task(_every(sweeping.SWEEP_SECONDS, self._sweep)),
            *(
                asyncio.create_task(_every(worker.seconds, worker.work), name=worker.name)
                for parts in self.parts
                for worker in parts.workers
            ),
        ]

    async def stop(self, work: Sequence[asyncio.Task[None]]) -> None:
        """Write down what waits, then close the database and free the directory."""
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        await self.usage.flush(self.store)
        await self.base.role_uses.flush(self.store)
        await self.journal.flush(self.store)
        await self.store.stop()

    async def _sweep(self) -> None:
        await sweeping.sweep(self.store, self.issuer, self.clock)


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do something again and again; a failure is logged and tried again, since what waits is kept."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            _LOG.exception("background work failed; it will be tried again")


def open_authority(settings: Settings, entropy: Entropy | None = None) -> Authority:
    """Open an initialised data directory.

    Raises DirectoryInUse, DatabaseUnusable, SchemaMismatch, RootKeyUnusable; the directory is free again then.
    """
    directory = DataDirectory(settings.data)
    place = directory.database_place(settings)
    store = open_store(place.url, settings.data, place.password_file)
    try:
        authority = _assemble(settings, directory, store, entropy or SystemEntropy())
        store.when_in_doubt(authority.forget_all)
        return authority
    except BaseException:
        store.close()
        raise


def _assemble(
    settings: Settings, directory: DataDirectory, store: BatchingStore, entropy: Entropy
) -> Authority:
    clock = directory.clock()
    products = discover()
    store.write_now(lambda tx: migrate(tx, schema_owners(products), now_ms(clock)))
    journal = Journal(clock, store.reader)
    store.log_to(journal)
    root_key_file = RootKeyFile(settings.root_key_path, entropy)
    seal = Seal(root_key_file.load(), entropy)
    seal.load(store.reader)
    kinds = Kinds(tuple(kind for product in products for kind in product.kinds(settings)))
    verifier = Verifier(kinds, seal, store.reader, clock)
    issuer = Issuer(kinds, seal, verifier, clock, entropy)
    signing = {name: "" for product in products for name in product.signing_kinds}
    core = _Core(settings, directory, clock, entropy, store, journal, seal, verifier, issuer, Usage(clock))
    base = _foundation(core, signing)
    return Authority(
        settings,
        directory,
        clock,
        store,
        journal,
        kinds,
        seal,
        root_key_file,
        verifier,
        issuer,
        base.usage,
        base.accounts,
        base.principals,
        products,
        base,
        Models([product.models for product in products if product.models is not None]),
        entropy,
    )


class _Core(NamedTuple):
    """What everything above the credentials is built from."""

    settings: Settings
    directory: DataDirectory
    clock: Clock
    entropy: Entropy
    store: BatchingStore
    journal: Journal
    seal: Seal
    verifier: Verifier
    issuer: Issuer
    usage: Usage


def _foundation(core: _Core, signing: Accepts) -> Foundation:
    """Build the identities, the decision on them, and the one object that offers all of it to products."""
    settings, clock, entropy = core.settings, core.clock, core.entropy
    quotas, epoch = Quotas(users_per_account=settings.users_per_account), PolicyEpoch()
    principals = Principals(
        core.store.reader,
        core.verifier,
        epoch,
        sessions_outlive_issuer=settings.sessions_outlive_issuer,
    )
    policies, role_uses = Policies(quotas, epoch, clock, entropy), RoleUses(clock)
    return Foundation(
        settings,
        clock,
        entropy,
        core.store.reader,
        core.store,
        core.journal,
        core.seal,
        core.verifier,
        core.issuer,
        core.usage,
        Accounts(core.seal, clock),
        Users(principals, quotas, epoch, clock, entropy),
        Groups(quotas, epoch, clock, entropy),
        Roles(quotas, epoch, clock, entropy),
        role_uses,
        InstanceProfiles(quotas, clock, entropy),
        Sessions(core.issuer, clock),
        policies,
        Tags(quotas, epoch),
        quotas,
        epoch,
        Markers(lambda: core.seal.marker_key),
        principals,
        Authenticator(core.verifier, Signatures(), principals, clock, signing, role_uses),
        Authoriser(Bearings(policies, epoch)),
        core.directory.tls_files(settings),
        Addresses(settings.public_host),
        FirstSegments(),
        Zones(Changes(), clock, entropy),
        Explanations(clock),
        RequestLimits(dict(settings.limits), clock),
        Objects(),
    )


def schema_owners(products: Sequence[Product]) -> list[Migrations]:
    """Return everybody who has tables, in the order in which they may refer to each other."""
    own = [
        Migrations(layer, _SOURCE / layer / "migrations")
        for layer in ("store", "audit", "credentials", "identity", "zones")
    ]
    return own + [migrations for product in products for migrations in product.owned_migrations()]
