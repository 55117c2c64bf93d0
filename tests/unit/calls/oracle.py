"""What happened to a request, and what its record may tell of that by the contract."""

from dataclasses import dataclass, field

from playvoice.sip import IncomingCall

KEY_TIME = 5
TRUNK_TIMES_OUT = 32
STATUSES = {
    302: 10020, 400: 10024, 401: 10025, 403: 10025, 404: 10014, 408: 10015, 410: 10027, 480: 10009, 484: 10017,
    486: 10006, 487: 10020, 488: 10004, 503: 10004, 504: 10015, 600: 10006, 603: 10003,
}  # fmt: skip
"""Final statuses and the `hangupcause` that each is."""
NEXT_TRUNK = frozenset({401, 403, 407, 408, 488, 503, 504})
"""After these another trunk is tried, before any 18x."""
NO_KEY = ""


@dataclass(eq=False)
class Asked:
    """One request and what happened to it."""

    number: str
    groups: dict[str, str]
    waittime: int
    conntime: int
    broken_voice: bool
    uuid: str = ""
    attempts: list[IncomingCall] = field(default_factory=list)
    """The INVITEs that the carrier got."""
    dialled_by: set[int] = field(default_factory=set)
    """The processes that they came from."""
    rang: set[str] = field(default_factory=set)
    """The Call-IDs of attempts that rang."""
    reached: set[str] = field(default_factory=set)
    """Those of attempts that were answered."""
    refused: list[int] = field(default_factory=list)
    unusable: bool = False
    """It was answered with something that is no session description."""
    customer_hung_up: bool = False
    agent_hung_up: bool = False
    silent: bool = False
    cut: bool = False
    """The server stopped, or lost its media, before the record."""
    hung_up: bool = False
    """An operator hung it up, or tried to."""
    keys_by_info: set[str] = field(default_factory=set)
    """The Call-IDs of attempts that were answered without telephone-events."""
    asked_inside: bool = False
    """Requests were sent inside its calls, whose far end, or whose sender, hangs up where no answer comes."""
    keys: str = ""
    userkey: str = ""
    """The key that decides, if everything is told at once."""
    transferred: bool = False
    voice_over_at: float | None = None

    # --- what happens ---------------------------------------------------------------------------------------------

    def press(self, key: str, now: float) -> None:
        self.keys += key
        in_time = self.voice_over_at is None or now < self.voice_over_at + KEY_TIME
        if in_time and not self.transferred and key in self.groups:
            self.userkey, self.transferred = key, True

    def voice_over(self, now: float) -> None:
        if self.voice_over_at is None:
            self.voice_over_at = now

    # --- what the record may tell ---------------------------------------------------------------------------------

    def check(self, record: dict[str, object], *, network_failed: bool, troubled: bool) -> None:
        """Compare the record with what happened."""
        what = f"{record} of {self}"
        cause, direction = record["hangupcause"], record["hangupdirection"]
        assert (cause, direction) in self._allowed(record, network_failed), what
        assert (record["answertime"] == "") <= (record["billsec"] == 0), what
        assert record["userkey"] in {NO_KEY, *self.keys} & {NO_KEY, *self.groups}, what
        if not troubled and not self.cut:
            assert record["userkey"] == self.userkey, what
        if not self.cut:
            assert int(str(record["billsec"])) <= self.conntime, what
            assert record["answertime"] or int(str(record["duration"])) <= self.waittime, what
        assert len(self.dialled_by) <= 1, f"what one process has dialled, another one does not: {what}"
        assert len(self.attempts) <= 2, f"there are two trunks: {what}"
        if not network_failed and not troubled:
            assert len(self.rang | self.reached) <= 1, f"nobody is reached twice: {what}"

    def _allowed(self, record: dict[str, object], network_failed: bool) -> set[tuple[int, int]]:
        if record["answertime"] == "":
            return self._unanswered(int(str(record["duration"])), network_failed)
        assert self.reached, f"only what was answered has an answertime: {self}"
        pairs = self._answered(int(str(record["billsec"])))
        return pairs | ({(10001, 10040), (10001, 10041)} if network_failed and self.asked_inside else set())

    def _unanswered(self, duration: int, network_failed: bool) -> set[tuple[int, int]]:
        causes = {STATUSES[status] for status in self.refused}
        pairs = {(cause, cause) for cause in causes}
        if self.cut:
            pairs.add((10007, 10007))
        if duration >= self.waittime:
            pairs.add((10016, 10040))
        if self.unusable or (network_failed and duration >= TRUNK_TIMES_OUT):
            pairs.add((10004, 10004))
        if not self.attempts:
            pairs.add((10011, 10011))
        if self.broken_voice and not self.attempts:
            pairs = {(10020, 10020), (10011, 10011)}
        if self.hung_up:
            pairs.add((10007, 10007))
        return pairs

    def _answered(self, billsec: int) -> set[tuple[int, int]]:
        pairs = set()
        if self.cut or self.hung_up:
            pairs.add((10007, 10040))
        if self.customer_hung_up:
            pairs.add((10001, 10041))
        if self.agent_hung_up or (self.voice_over_at is not None and NO_KEY not in self.groups):
            pairs.add((10001, 10040))
        if billsec >= self.conntime or self.silent:
            pairs.add((10011, 10040))
        if set(self.keys) & set(self.groups) or (self.voice_over_at is not None and NO_KEY in self.groups):
            pairs |= {(10005, 10040), (10008, 10040)}
        return pairs
