"""Public keys of machines: identity, no secret. Whether one is fit, and whether its holder signed something.

Follows RFC 8017, RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes, as amazon-ssm-agent signs.
"""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

SALT_BYTES = 32
SMALLEST_BITS, LARGEST_BITS = 2048, 4096


def is_fit(der: bytes) -> bool:
    """Return whether `der` is an RSA public key (SubjectPublicKeyInfo) of 2048 to 4096 bits."""
    return _read(der) is not None


def is_signed(der: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether the holder of the private key signed `message`. Never raises for what a caller can send."""
    key = _read(der)
    if key is None:
        return False
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), SALT_BYTES)
    try:
        key.verify(signature, message, pss, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _read(der: bytes) -> RSAPublicKey | None:
    try:
        key = serialization.load_der_public_key(der)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if not isinstance(key, RSAPublicKey) or not SMALLEST_BITS <= key.key_size <= LARGEST_BITS:
        return None
    return key
