"""Which source a stream believes to be its far end, and where it sends to. Without I/O.

    UNKNOWN ──packet of the described host, or of the host its SIP came from──> LATCHED ──enough packets──> settled
       ^                                                                          │
       └───────────── 5 s without a packet, or a new session description ─────────┘

A far end behind NAT sends from another port than it describes, or from another address than it knows of; so any port
will do until a packet came. The exact address of the description wins over another port. A stranger's packet, from
neither host, changes nothing; nor do the last ones from an address that a new description has left. Where we send
follows what was heard, and stays there through a pause: a phone that suppresses silence still wants to hear. (RFC 4961
for symmetric RTP, RFC 7362 for latching and its dangers.)
"""

Address = tuple[str, int]

LATCH_AGAIN = 5.0
"""Seconds without a packet after which another source may be the far end."""
SETTLED_PACKETS = 3
"""Packets from another port than the described one before no other is listened to: the described one may come yet."""
STRAGGLERS = 25
"""Packets from where the far end was before it gave another address, before it is believed to be there still: half a
second, in which the last ones are on their way, and it learns that it may change."""


class Latch:
    """The far end of one stream. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.target: Address | None = None
        """Where to send, None if the far end takes nothing."""
        self.latched: Address | None = None
        """The source that is listened to, None if there is none yet."""
        self.packet_at = 0.0
        """When the last RTP came, or a far end began to be waited for."""
        self.alive_at = 0.0
        """When RTP or RTCP came last."""
        self._described: Address | None = None
        self._hosts: frozenset[str] = frozenset()
        self._packets = 0
        self._left: frozenset[Address | None] = frozenset()
        """Where the far end was before the last change of its description's address: as it said, and as was heard."""
        self._stragglers = 0

    def __repr__(self) -> str:
        return f"<Latch {self.latched or 'open'}, described {self._described}>"

    def describe(self, remote: Address, sip_source: str, now: float) -> None:
        """Take a session description; `sip_source` is the host its SIP came from, `""` if that is not known.

        The same description again leaves where we send, since NAT has not moved for it.
        """
        if remote != self._described:
            self.target = remote if remote[1] else None
            self._left, self._stragglers = frozenset({self._described, self.latched}), 0
        self._described = remote
        self._hosts = frozenset({remote[0], sip_source or remote[0]})
        self.packet_at = self.alive_at = now
        self.release()

    def release(self) -> None:
        """Listen to whoever of the known hosts comes first again."""
        self.latched = None
        self._packets = 0

    def admits(self, source: Address, now: float) -> bool:
        """Whether a packet that is RTP of this stream comes from its far end; latches."""
        if source != self.latched:
            if not self.knows(source[0]) or (self.latched is not None and source != self._described):
                return False
            if self._is_straggler(source):
                self.hear(now)
                return True
            self.latched = self.target = source
            self._packets = 0
        self._packets += 1
        self.hear(now)
        return True

    def _is_straggler(self, source: Address) -> bool:
        """Whether a packet may be one of the last from where the far end was before: we send to where it says it is."""
        if source not in self._left or source == self._described or self._stragglers >= STRAGGLERS:
            return False
        self._stragglers += 1
        return True

    def hear(self, now: float) -> None:
        """A packet came on a socket that hears nobody else."""
        self.packet_at = self.alive_at = now

    def knows(self, host: str) -> bool:
        """Whether RTP may come from this host."""
        return host in self._hosts

    @property
    def settled(self) -> bool:
        """No better source is to be expected: the socket may be connected."""
        return self.latched is not None and (self.latched == self._described or self._packets >= SETTLED_PACKETS)

    @property
    def has_moved(self) -> bool:
        """We send to another address than the described one."""
        return self.target is not None and self.target != self._described

    def has_paused(self, now: float) -> bool:
        """The latched source has sent nothing for so long that another may be listened to."""
        return self.latched is not None and now - self.packet_at > LATCH_AGAIN
