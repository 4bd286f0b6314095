"""`Room`: one running authority for a whole module of tests, each of which makes users of its own."""

import functools
import itertools
from typing import Any

import boto3
from botocore.config import Config

from support.running import Key, RunningAuthority

ACCOUNT = "123456789012"
USER_ARN = f"arn:aws:iam::{ACCOUNT}:user"


@functools.cache
def _session() -> boto3.session.Session:
    # One for all clients: it reads each service's model once, which is nine tenths of what a client costs.
    return boto3.session.Session()


class Room:
    """A running authority, clients that are made quickly, and names that nobody has used."""

    def __init__(self, authority: RunningAuthority) -> None:
        self.authority = authority
        self._numbers = itertools.count(1)
        self.iam = self.client("iam")
        self.sts = self.client("sts")

    def client(
        self, service: str, key: Key | None = None, region: str = "us-east-1", **config: object
    ) -> Any:
        """Return an unmodified boto3 client that tries once; it signs with the root's key by default."""
        key = key or self.authority.root_key
        return _session().client(
            service,
            endpoint_url=self.authority.url,
            region_name=region,
            aws_access_key_id=key.id,
            aws_secret_access_key=key.secret,
            aws_session_token=key.session_token,
            config=Config(retries={"total_max_attempts": 1}, max_pool_connections=64, **config),
        )

    @property
    def unchecked(self) -> Any:
        """A client of the root that sends what it is given, however wrong."""
        return self.client("iam", parameter_validation=False)

    def name(self, stem: str = "user") -> str:
        """Return a user name that no test has used."""
        return f"{stem}-{next(self._numbers)}"

    def user(self, stem: str = "user", **members: object) -> str:
        """Make a user and return its name."""
        name = self.name(stem)
        self.iam.create_user(UserName=name, **members)
        return name

    def key(self, user_name: str) -> Key:
        """Make a key for a user."""
        made = self.iam.create_access_key(UserName=user_name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def caller(self, key: Key) -> str:
        """Return the ARN that a key acts as, by asking with it. Raises ClientError when it is refused."""
        return self.client("sts", key).get_caller_identity()["Arn"]
