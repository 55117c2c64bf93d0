"""The RTCP of one leg in the worker: its socket, and where its reports go.

Reports go to the address of the session description (the port after RTP's, or that of `a=rtcp`, RFC 3605) until the far
end's own come; from then on to where they come from, as RTP does (RFC 4961). Behind NAT the port after the one that
RTP comes from is the best that is known until then.
"""

import socket

from playvoice.media.latch import Address, Latch
from playvoice.media.quality import Reception
from playvoice.media.reports import Reports, Sending
from playvoice.media.rtcp import parse
from playvoice.media.rtp import MAX_PACKET
from playvoice.media.sdp import ZEROS


class Control:
    """Sends and receives the reports of one stream, whose far end `latch` knows."""

    def __init__(self, sock: socket.socket, reports: Reports, latch: Latch) -> None:
        self.socket = sock
        self.reports = reports
        self._latch = latch
        self._described: Address | None = None
        self._heard_from: Address | None = None

    def describe(self, remote: Address, now: float) -> None:
        """Take where a session description wants reports; the port is 0 where it wants none (RFC 3556)."""
        if remote != self._described:
            self._heard_from = None
        self._described = remote
        self.reports.begin(now)

    def receive(self, now: float) -> bool:
        """Read one datagram, of which a far end sends few: a flood waits. False if it was no report of the far end."""
        try:
            data, source = self.socket.recvfrom(MAX_PACKET)
        except OSError:  # an ICMP error about a report of ours
            return True
        if not self._is_far_end(source[0]):  # before it is read: strangers are to cost the clock nothing
            return False
        compound = parse(data)
        if compound is None:
            return False
        self._latch.alive_at = now
        if self._heard_from != self._described:  # the described address wins over another port
            self._heard_from = source[:2]
        self.reports.take(compound, now)
        return True

    def send(self, sending: Sending, reception: Reception, now: float, *, filtered: bool) -> None:
        """Send the report that is due."""
        report = self.reports.write(sending, reception.block(filtered=filtered), now)
        self._transmit(report)

    def close(self, sending: Sending, reception: Reception, now: float, *, filtered: bool) -> None:
        """Say goodbye, and close the socket."""
        report = self.reports.leave(sending, reception.block(filtered=filtered), now)
        if report is not None:
            self._transmit(report)
        self.socket.close()

    def _is_far_end(self, host: str) -> bool:
        """Whether it is a host that RTP may come from, or the one that `a=rtcp` names."""
        return self._latch.knows(host) or (self._described is not None and host == self._described[0])

    def _transmit(self, report: bytes) -> None:
        target = self._target()
        if target is None:
            return
        try:
            self.socket.sendto(report, target)
        except OSError:
            pass  # nobody waits for a report

    def _target(self) -> Address | None:
        rtp, described = self._latch.target, self._described
        if rtp is None or described is None or described[1] == 0:
            return None
        target = self._heard_from or described
        if self._heard_from is None and self._latch.has_moved:
            target = (rtp[0], min(rtp[1] + 1, 65_535))
        return None if target[0] in ZEROS else target
