"""Nodes become nodes: registration with an activation code, the keys of their role, and the change of their key.

Follows amazon-ssm-agent, `agent/ssm/anonauth`, and AWS Systems Manager User Guide, "hybrid activations". The code
is looked at and the count taken down in one transaction; a wrong id and a wrong code answer alike.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Protocol

from keystead.audit.event import note_authority
from keystead.credentials.issue import Minted
from keystead.identity.principals import Principal
from keystead.identity.role_records import role_named
from keystead.identity.session_records import Scope
from keystead.identity.sessions import Sessions, role_session, session_kind
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.entropy import Entropy
from keystead.kernel.secret import Secret
from keystead.products.ssm import node_records as records
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.trust import trusts_service
from keystead.store.interface import Reader, Transaction

PASSED_TO: Final = "ssm.amazonaws.com"
NODE_SESSION: Final = session_kind("ssm.node", longest=timedelta(hours=1))
"""The keys of a node's role. They end with the role, and with the node's registration."""
KEY_LIFE: Final = timedelta(hours=1)


class Said(Exception):
    """A node's call was refused: the shape of its answer, which the real agent knows by name, and a text."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Activation:
    """What an activation gives the nodes that register with it."""

    id: str
    account: str
    region: str
    iam_role: str
    name: str
    tags: dict[str, str] = field(default_factory=dict[str, str])


class Redeem(Protocol):
    """Takes one registration off an activation."""

    def __call__(self, tx: Transaction, activation_id: str, code: Secret) -> Activation:
        """Return the activation if the code is right and registrations are left.

        Raises Said: InvalidActivation, ActivationExpired, RegistrationLimitExceeded.
        """
        ...


class Registered(Protocol):
    """Learns of a new node inside the transaction that makes it: its tags are kept by others."""

    def __call__(self, tx: Transaction, node: Node, tags: dict[str, str]) -> None:
        """Keep what else is known of the node."""
        ...


class Registrations:
    """Registers nodes and hands their keys out."""

    def __init__(
        self, redeem: Redeem, registered: Registered, sessions: Sessions, clock: Clock, entropy: Entropy
    ) -> None:
        self._redeem = redeem
        self._registered = registered
        self._sessions = sessions
        self._clock = clock
        self._entropy = entropy

    def register(
        self,
        tx: Transaction,
        activation_id: str,
        code: Secret,
        public_key: bytes,
        fingerprint: str,
        source_address: str,
    ) -> str:
        """Return the new node's id. Raises Said."""
        activation = self._redeem(tx, activation_id, code)
        now = now_ms(self._clock)
        node = Node(
            id=f"mi-{self._entropy.token_bytes(9).hex()[:17]}",
            account=activation.account,
            region=activation.region,
            activation=activation.id,
            iam_role=activation.iam_role,
            name=activation.name,
            fingerprint=fingerprint,
            public_key=public_key,
            source_address=source_address,
            registered_at=now,
            deregistered_at=None,
            pinged_at=None,
            told={},
        )
        records.add(tx, node)
        self._registered(tx, node, activation.tags)
        self._note(tx, "RegisterManagedInstance", node, activationId=activation.id)
        return node.id

    def mint_keys(self, tx: Transaction, node: Node) -> Minted:
        """Return fresh keys of the node's role, whose session is named like the node. Raises Said."""
        self._again(tx, node)
        role = role_named(tx, node.account, node.iam_role)
        if role is None or not trusts_service(role.trust, PASSED_TO):
            raise Said("AccessDeniedException", "The node's role is gone, or trusts nodes no longer.")
        minted = self._sessions.mint(
            tx, NODE_SESSION, role_session(role, node.id), Scope(), by=None, life=KEY_LIFE
        )
        self._note(tx, "RequestManagedInstanceRoleToken", node, accessKeyId=minted.credential.id)
        return minted

    def change_key(self, tx: Transaction, node: Node, public_key: bytes) -> None:
        """Have the node be known by another key from now on. Raises Said."""
        self._again(tx, node)
        if public_key == node.public_key:
            raise Said("PublicKeyAlreadyRegistered", "The public key is registered already.")
        records.set_public_key(tx, node.id, public_key)
        self._note(tx, "UpdateManagedInstancePublicKey", node)

    def node_of(self, reader: Reader, principal: Principal, kind: str) -> Node:
        """Return the node that a caller is, by keys of the `kind` that only nodes are given. Raises Said.

        Whoever may assume the node's role can call a session what it likes: the name alone makes nobody a node.
        """
        found = None
        if kind == NODE_SESSION.name and principal.session is not None:
            found = records.find_any(reader, principal.session.name)
        if (
            found is None
            or found.account != principal.account
            or found.iam_role != principal.issuer_name
            or not found.is_registered
        ):
            raise Said("AccessDeniedException", "The caller is no managed node.")
        return found

    def _again(self, tx: Transaction, node: Node) -> None:
        """Look again inside the transaction: the node may be gone, or known by another key, by now."""
        present = records.find_any(tx, node.id)
        if present is None or not present.is_registered or present.public_key != node.public_key:
            raise Said("InvalidInstanceId", "")

    def _note(self, tx: Transaction, name: str, node: Node, **parameters: Any) -> None:
        epoch = self._clock.epoch()
        note_authority(tx, epoch, name, instanceId=node.id, account=node.account, **parameters)
