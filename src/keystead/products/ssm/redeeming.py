"""How a machine's activation code is redeemed, and what else becomes of a new node.

A wrong id, a wrong code and a deleted activation answer alike: nobody learns which activations exist.
"""

import hmac

from keystead.credentials.seal import Seal
from keystead.kernel.clock import Clock, now_ms
from keystead.kernel.secret import Secret
from keystead.products.ssm import activation_records as records
from keystead.products.ssm import tag_records
from keystead.products.ssm.activations import TAG_TYPE
from keystead.products.ssm.node_records import Node
from keystead.products.ssm.registration import Activation, Said
from keystead.products.ssm.tag_records import Place
from keystead.store.interface import Transaction


class Redeeming:
    """Takes registrations off activations."""

    def __init__(self, seal: Seal, clock: Clock) -> None:
        self._seal = seal
        self._clock = clock

    def redeem(self, tx: Transaction, activation_id: str, code: Secret) -> Activation:
        """Return what the activation gives, and count the registration. Raises Said."""
        found = records.find_any(tx, activation_id)
        # The digest is made whether there is an activation or not, so that both take the same time.
        shown = self._seal.digest(code)
        if found is None or not hmac.compare_digest(shown, found.code_digest):
            raise Said("InvalidActivation", "The activation is not valid.")
        if now_ms(self._clock) >= found.expires_at:
            raise Said("ActivationExpired", "The activation has expired.")
        if not records.count(tx, found.id):
            raise Said("RegistrationLimitExceeded", "The activation's registrations are used up.")
        tags = tag_records.tags(tx, Place(found.account, found.region, TAG_TYPE, found.id))
        return Activation(found.id, found.account, found.region, found.iam_role, found.name, tags)


def keep_tags(tx: Transaction, node: Node, tags: dict[str, str]) -> None:
    """Give a new node the tags of its activation."""
    tag_records.put(tx, Place(node.account, node.region, "ManagedInstance", node.id), tags)
