"""Service settings: account-level switches with defaults of the service's own.

Follows the AWS Systems Manager API reference, "GetServiceSetting". The ids are AWS's; the ones that this authority
has no use for are kept and shown all the same, since Terraform sets them.
"""

from typing import Final

from keystead.gateway.call import Call
from keystead.kernel.clock import Clock, now_ms
from keystead.products.ssm import tag_records as records
from keystead.products.ssm.resources import ssm_arn
from keystead.products.ssm.tag_records import Setting
from keystead.products.ssm.times import as_datetime
from keystead.types import ssm

DEFAULTS: Final = {
    "/ssm/access-request/email-role-mapping": "",
    "/ssm/access-request/enabled-email-notifications": "",
    "/ssm/appconfig/appconfig-maintenance-windows": "Disabled",
    "/ssm/automation/customer-script-log-destination": "",
    "/ssm/automation/customer-script-log-group-name": "",
    "/ssm/automation/enable-adaptive-concurrency": "False",
    "/ssm/documents/console/public-sharing-permission": "Enable",
    "/ssm/managed-instance/activation-tier": "standard",
    "/ssm/managed-instance/default-ec2-instance-management-role": "$None",
    "/ssm/opsinsights/opscenter": "Disabled",
    "/ssm/parameter-store/default-parameter-tier": "Standard",
    "/ssm/parameter-store/high-throughput-enabled": "false",
}
_EPOCH: Final = 0
"""When a default was last changed: never."""
_SYSTEM: Final = "System"


class ServiceSettings:
    """The three operations on settings."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @ssm.GetServiceSetting("read", resource="servicesetting/{SettingId}")
    def get_service_setting(
        self, call: Call, request: ssm.GetServiceSettingRequest
    ) -> ssm.GetServiceSettingResult:
        """Return a setting's value, its default unless somebody changed it."""
        return {"ServiceSetting": self._shown(call, _id(call, request["SettingId"]))}

    @ssm.UpdateServiceSetting("write", resource="servicesetting/{SettingId}")
    def update_service_setting(
        self, call: Call, request: ssm.UpdateServiceSettingRequest
    ) -> ssm.UpdateServiceSettingResult:
        """Change a setting."""
        setting_id = _id(call, request["SettingId"])
        changed = Setting(setting_id, request["SettingValue"], now_ms(self._clock), call.principal.arn)
        records.keep_setting(call.tx, call.principal.account, call.region, changed)
        return {}

    @ssm.ResetServiceSetting("write", resource="servicesetting/{SettingId}")
    def reset_service_setting(
        self, call: Call, request: ssm.ResetServiceSettingRequest
    ) -> ssm.ResetServiceSettingResult:
        """Let a setting have its default again."""
        setting_id = _id(call, request["SettingId"])
        records.drop_setting(call.tx, call.principal.account, call.region, setting_id)
        return {"ServiceSetting": self._shown(call, setting_id)}

    def _shown(self, call: Call, setting_id: str) -> ssm.ServiceSetting:
        account, region = call.principal.account, call.region
        found = records.setting(call.reader, account, region, setting_id)
        held = found or Setting(setting_id, DEFAULTS[setting_id], _EPOCH, _SYSTEM)
        return {
            "SettingId": setting_id,
            "SettingValue": held.value,
            "LastModifiedDate": as_datetime(held.changed_at),
            "LastModifiedUser": held.changed_by,
            "ARN": ssm_arn(account, region, f"servicesetting{setting_id}"),
            "Status": "Default" if found is None else "Customized",
        }


def _id(call: Call, given: str) -> str:
    """Return the id in an id or an ARN of the account's own. Raises ServiceSettingNotFound."""
    own = ssm_arn(call.principal.account, call.region, "servicesetting")
    setting_id = given.removeprefix(own)
    if setting_id not in DEFAULTS:
        raise ssm.ServiceSettingNotFound(f"Setting {given} was not found.")
    return setting_id
