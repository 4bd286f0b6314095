"""Taking leave of an upstream: the accounts that were made there are deleted, and with them their tokens."""

from keystead.credentials.seal import Seal, SealBroken
from keystead.products.grafana.upstream import upstream_records as records
from keystead.products.grafana.upstream.landlord import Landlord, Unwilling
from keystead.products.grafana.upstream.upstream_records import Upstream
from keystead.products.grafana.upstream.wire import Line, Times
from keystead.store.interface import Reader


async def leave(reader: Reader, seal: Seal, upstream: Upstream, times: Times) -> list[str]:
    """Delete our service accounts at an upstream; return what could not be deleted, and why.

    A token that stays because its upstream does not answer ends by itself, two days after it was made.
    """
    lodgers = records.lodgers(reader, upstream.workspace)
    try:
        admin_token = records.admin_token(reader, seal, upstream.workspace)
    except SealBroken:
        admin_token = None
    if admin_token is None:
        return [f"service account {each.number}: the administrator's token is gone" for each in lodgers]
    line = Line(upstream.url, upstream.ca, times)
    left: list[str] = []
    try:
        landlord = Landlord(line, admin_token, times.connect)
        for lodger in lodgers:
            try:
                await landlord.remove(lodger.number)
            except Unwilling as error:
                left.append(f"service account {lodger.number}: {error}")
                if not error.status:
                    # It does not answer at all: the others would each wait as long.
                    break
    finally:
        await line.close()
    return left
