"""Who a SIP request comes from: an IP address and port, also behind a proxy of ours."""

from collections.abc import Collection
from ipaddress import ip_address

from playvoice.sip import Flow, Request
from playvoice.sip.flow import DEFAULT_PORT
from playvoice.sip.message import vias_of


def source_of(request: Request, flow: Flow, edges: Collection[str]) -> tuple[str, int]:
    """Where a request comes from: its flow, or what an edge wrote into the Via below its own.

    `edges` are the IP addresses of proxies that are believed; one behind another is. A Via that names no IP address
    and port tells nothing: the request counts as the edge's own.
    """
    source = flow.remote
    for via in vias_of(request)[1:] if source[0] in edges else ():
        host = (via.parameters.get("received") or via.host).strip("[]")
        port = via.parameters.get("rport") or str(via.port or DEFAULT_PORT)
        try:
            believed = str(ip_address(host)), int(port)
        except ValueError:
            break
        if not 0 < believed[1] < 65_536:
            break
        source = believed
        if source[0] not in edges:
            break
    return source
