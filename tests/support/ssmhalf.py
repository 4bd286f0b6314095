"""The door's half of Session Manager as a product of its own: activations are one known code, all else is real.

`python -m support.ssmhalf serve …` is the command line with that product in it.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import keystead.app.authority as authority
import keystead.products.ssm as ssm
from keystead.credentials.issue import Secret
from keystead.gateway.operations import Face
from keystead.products.product import Foundation, Parts, Product, discover
from keystead.products.ssm.node_access import node_access
from keystead.products.ssm.registration import NODE_SESSION, Activation, Said
from keystead.products.ssm.sessions import session_resource

ACTIVATION = "11111111-2222-3333-4444-555555555555"
CODE = "activation-code-0123456789"
ACCOUNT, REGION, ROLE = "123456789012", "us-east-1", "SSMNodes"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ssm.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}
CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"


def redeem(tx, activation_id: str, code: Secret) -> Activation:
    if activation_id != ACTIVATION or code.reveal().decode() != CODE:
        raise Said("InvalidActivation", "Activation is not valid.")
    return Activation(ACTIVATION, ACCOUNT, REGION, ROLE, "test node")


def parts(base: Foundation) -> Parts:
    documents = Path(base.settings.data) / "test-documents.json"

    def find_document(reader, account: str, region: str, name: str) -> str | None:
        found = json.loads(documents.read_text()) if documents.exists() else {}
        return json.dumps(found[name]) if name in found else None

    half = node_access(
        base,
        redeem=redeem,
        registered=lambda tx, node, tags: None,
        find_document=find_document,
        request_of=lambda reader, account, credential: "",
    )
    face = Face(groups=[half.operations], resource_arn=session_resource)
    return Parts(face, doors=half.doors, workers=half.workers)


def _tables() -> Path:
    """Return a folder with this half's tables alone: the numbers of an owner have no gaps."""
    folder = Path(tempfile.mkdtemp())
    (whole,) = Path(next(iter(ssm.__path__))).glob("migrations/*_nodes_and_sessions.sql")
    shutil.copy(whole, folder / "0001_nodes_and_sessions.sql")
    return folder


HALF = Product(
    name="ssm",
    kinds=lambda settings: [NODE_SESSION],
    parts=parts,
    signing_kinds=[NODE_SESSION.name],
    migrations=_tables(),
)


def install() -> None:
    """Have every authority of this process serve the half in place of the product's folder."""
    authority.discover = lambda: [*(each for each in discover() if each.name != "ssm"), HALF]


if __name__ == "__main__":
    from keystead.cli.main import main

    install()
    sys.argv[0] = "keystead"
    main()
