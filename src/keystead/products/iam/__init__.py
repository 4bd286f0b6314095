"""IAM: users, groups, roles and policies, and the access keys that sign every request."""

from pathlib import Path

from keystead.gateway.operations import Face
from keystead.products.iam.access_keys import AccessKeys
from keystead.products.iam.account import AccountOperations
from keystead.products.iam.attachments import Attachments
from keystead.products.iam.authorization_details import AuthorizationDetails
from keystead.products.iam.boundaries import Boundaries
from keystead.products.iam.callers import resource_arn
from keystead.products.iam.conditions import condition_key
from keystead.products.iam.credential_report import CredentialReports
from keystead.products.iam.entities import Entities
from keystead.products.iam.errors import translate
from keystead.products.iam.groups import GroupOperations
from keystead.products.iam.inline_policies import InlinePolicies
from keystead.products.iam.instance_profiles import InstanceProfileOperations
from keystead.products.iam.kinds import ACCESS_KEY, access_key_kind, kinds
from keystead.products.iam.listing import Listing
from keystead.products.iam.managed_policies import ManagedPolicies
from keystead.products.iam.policy_versions import PolicyVersions
from keystead.products.iam.roles import RoleOperations
from keystead.products.iam.service_credentials import ServiceCredentials
from keystead.products.iam.simulation import Simulations
from keystead.products.iam.users import UserOperations
from keystead.products.product import Foundation, Parts, Product


def _parts(base: Foundation) -> Parts:
    access_key = access_key_kind(base.settings)
    listing = Listing(base.markers)
    entities = Entities(base.users, base.groups, base.roles)
    face = Face(
        groups=[
            AccessKeys(access_key, base.issuer, base.users, base.usage, base.markers, base.clock),
            ServiceCredentials(base.issuer, base.users, listing, base.clock),
            UserOperations(base.users, base.policies, base.tags, listing),
            GroupOperations(base.groups, base.users, listing),
            RoleOperations(base.roles, base.role_uses, base.policies, base.tags, listing),
            InstanceProfileOperations(base.profiles, base.roles, base.tags, listing),
            ManagedPolicies(base.policies, base.tags, listing),
            PolicyVersions(base.policies, entities, listing),
            Attachments(base.policies, entities, listing),
            InlinePolicies(base.policies, entities, listing),
            Boundaries(base.policies, entities),
            Simulations(base.policies, entities, listing),
            AccountOperations(base.accounts, base.markers, base.quotas, base.settings.access_keys_per_user),
            AuthorizationDetails(base.policies, base.role_uses, listing),
            CredentialReports(base.accounts, base.usage, base.clock),
        ],
        translate=translate,
        resource_arn=resource_arn,
        condition_key=condition_key,
    )
    return Parts(face)


PRODUCT = Product(
    name="iam",
    kinds=kinds,
    parts=_parts,
    signing_kinds=[ACCESS_KEY],
    migrations=Path(__file__).with_name("migrations"),
)
