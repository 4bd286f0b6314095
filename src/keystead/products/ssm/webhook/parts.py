"""Makes the webhook's worker out of the settings; what it needs is imported only where there is one."""

from collections.abc import Sequence

from keystead.access.doors import Worker
from keystead.products.product import Foundation


def workers(base: Foundation) -> Sequence[Worker]:
    """Return the worker that posts, where a URL is set. Raises BadSetting."""
    settings = base.settings
    if not settings.webhook_url:
        return ()
    from keystead.products.ssm.webhook.destination import Destination
    from keystead.products.ssm.webhook.envelope import read_secret
    from keystead.products.ssm.webhook.sending import LOOK_SECONDS, Sending

    destination = Destination(settings.webhook_url, settings.webhook_hosts, settings.webhook_ca_file)
    secret = read_secret(settings.webhook_secret_file)
    sending = Sending(base.store, destination, secret, settings.webhook_attempts, base.clock)
    return (Worker("ssm-webhook", LOOK_SECONDS, sending.send_due),)
