"""IAM: users and the access keys that sign every request."""

from keystead.gateway.operations import Face
from keystead.products.iam.access_keys import AccessKeys
from keystead.products.iam.account import AccountOperations
from keystead.products.iam.callers import Resources
from keystead.products.iam.errors import translate
from keystead.products.iam.kinds import ACCESS_KEY, kinds
from keystead.products.iam.users import UserOperations
from keystead.products.product import Foundation, Product


def _face(base: Foundation) -> Face:
    (access_key,) = kinds(base.settings)
    return Face(
        groups=[
            AccessKeys(access_key, base.issuer, base.users, base.usage, base.markers, base.clock),
            UserOperations(base.users, base.markers),
            AccountOperations(
                base.accounts,
                base.markers,
                base.settings.users_per_account,
                base.settings.access_keys_per_user,
            ),
        ],
        translate=translate,
        resource_arn=Resources(base.users).arn,
    )


PRODUCT = Product(name="iam", kinds=kinds, face=_face, signing_kinds=[ACCESS_KEY])
