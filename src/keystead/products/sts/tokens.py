"""Verifies web identity tokens: OpenID Connect ID tokens of the issuers that are configured.

Follows OpenID Connect Core 1.0, section 3.1.3.7 (ID Token Validation), RFC 7519 (JWT) and RFC 8725 (its best
practices): the algorithm is the key's, never the token's; issuer and audience must be the configured ones; time is
the authority's.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, cast

from keystead.kernel.clock import Clock
from keystead.kernel.lazily import later
from keystead.products.sts.issuers import OIDCIssuer
from keystead.products.sts.jwks import ALGORITHMS, CannotFetch, Keys
from keystead.types import sts

if TYPE_CHECKING:
    import jwt
else:
    jwt = later("jwt")

# [GH], quoted from AWS's answers.
NOT_A_JWT = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
NO_PROVIDER = "No OpenIDConnect provider found in your account for {issuer}"
NO_KEY = (
    "Couldn't retrieve verification key from your identity provider,  please reference"
    " AssumeRoleWithWebIdentity documentation for requirements"
)
WRONG_AUDIENCE = "Incorrect token audience"
EXPIRED = "Token expired: current date/time {now} must be before the expiration date/time {end}"
# UNCONFIRMED: AWS's words for the following.
BAD_SIGNATURE = "The signature of the ID Token provided is not valid."
MISSING_CLAIM = "Missing a required claim: {claim}"
NOT_YET = "The ID Token provided is not valid yet."
CANNOT_FETCH = "The identity provider's keys could not be retrieved."

SKEW_SECONDS = 300
"""How far an issuer's clock may be ahead of ours. UNCONFIRMED: AWS's allowance."""
_REQUIRED = ("iss", "sub", "aud", "exp", "iat")


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom an issuer vouches for. `audience` is the one that the operator configured and the token is for."""

    issuer: OIDCIssuer
    subject: str
    audience: str
    claims: Mapping[str, Any]


class WebIdentityTokens:
    """Verifies the tokens of all configured issuers."""

    def __init__(self, issuers: Mapping[str, OIDCIssuer], clock: Clock) -> None:
        self._issuers = issuers
        self._clock = clock
        self._keys = {url: Keys(issuer, clock) for url, issuer in issuers.items()}

    async def verify(self, token: str) -> Vouched:
        """Return whom a token vouches for.

        Raises InvalidIdentityTokenException, ExpiredTokenException, IDPCommunicationErrorException.
        """
        header, claimed = _unverified(token)
        issuer = self._issuers.get(claimed.rstrip("/"))
        if issuer is None:
            _refuse(NO_PROVIDER.format(issuer=claimed))
        try:
            key = await self._keys[issuer.url].key(header.get("kid", ""))
        except CannotFetch as error:
            raise sts.IDPCommunicationErrorException(CANNOT_FETCH) from error
        if key is None or header.get("alg") != key.algorithm_name:
            _refuse(NO_KEY)
        claims = _verified(token, key)
        if not _is_text(claims):
            _refuse(NOT_A_JWT)
        return self._judge(issuer, claims)

    def _judge(self, issuer: OIDCIssuer, claims: Mapping[str, Any]) -> Vouched:
        """Judge the claims of a token whose signature holds."""
        for name in _REQUIRED:
            if name not in claims:
                _refuse(MISSING_CLAIM.format(claim=name))
        self._judge_time(claims)
        meant = texts(claims["aud"])
        audience = next((each for each in issuer.audiences if each in meant), None)
        if audience is None:
            _refuse(WRONG_AUDIENCE)
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            _refuse(MISSING_CLAIM.format(claim="sub"))
        return Vouched(issuer, subject, audience, claims)

    def _judge_time(self, claims: Mapping[str, Any]) -> None:
        now = self._clock.epoch()
        end = _seconds(claims["exp"], "exp")
        if now >= end:
            raise sts.ExpiredTokenException(EXPIRED.format(now=_shown(now), end=_shown(end)))
        starts = [_seconds(claims[name], name) for name in ("iat", "nbf") if name in claims]
        if any(start > now + SKEW_SECONDS for start in starts):
            _refuse(NOT_YET)


def texts(value: object) -> Sequence[str]:
    """Return the texts of a claim that is one or a list of them."""
    # A claim is any JSON; only its texts count.
    listed = cast("list[object]", value) if isinstance(value, list) else [value]
    return [each for each in listed if isinstance(each, str)]


def _unverified(token: str) -> tuple[Mapping[str, Any], str]:
    """Return a token's header and the issuer that it claims, of which nothing is believed yet."""
    try:
        header = jwt.get_unverified_header(token)
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        _refuse(NOT_A_JWT)
    issuer = claims.get("iss")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or not isinstance(issuer, str):
        _refuse(NOT_A_JWT)
    return header, issuer


def _verified(token: str, key: "jwt.PyJWK") -> Mapping[str, Any]:
    """Return the claims of a token that this key signed; what they say is judged by the authority's clock."""
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            options={
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_aud": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.PyJWTError:
        _refuse(BAD_SIGNATURE)


def _is_text(claims: Mapping[str, Any]) -> bool:
    """Return whether claims can be written down: JSON can hold half of a surrogate pair, and no journal can."""
    try:
        json.dumps(claims, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _seconds(value: object, claim: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e11:
        _refuse(MISSING_CLAIM.format(claim=claim))
    return float(value)


def _shown(epoch: float) -> str:
    return datetime.fromtimestamp(int(epoch), UTC).isoformat().replace("+00:00", "Z")


def _refuse(message: str) -> NoReturn:
    raise sts.InvalidIdentityTokenException(message)
