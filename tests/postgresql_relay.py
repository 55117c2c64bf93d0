"""Between a server and its PostgreSQL: what a network does to the connections, at the worst moment where asked."""

import re
import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy.engine import make_url

SOCKET = ".s.PGSQL.5432"
"""What PostgreSQL calls its socket in a directory."""
_COMMIT = re.compile(rb"Q....COMMIT", re.DOTALL)
"""A simple query (PostgreSQL's protocol, section 55.7)."""


class PostgresqlRelay:
    """A socket of its own that leads to the database's; `url` is the database's address through it."""

    def __init__(self, url: str, folder: Path) -> None:
        parsed = make_url(url)
        self._behind = f"{parsed.query['host']}/{SOCKET}"
        self._place = folder / SOCKET
        self.url = parsed.set(query={"host": str(folder)}).render_as_string(hide_password=False)
        self._listener = socket.socket(socket.AF_UNIX)
        self._admits = True
        self._sought = b""
        """What a transaction has for its commit to be cut or held."""
        self._held_for: float | None = None
        self._cuts_at_commit = False
        self._committing: socket.socket | None = None
        """Who waits for an answer that is not to come."""
        self._swallows = False
        self._unanswered: bytes | None = None
        self._forgotten: set[socket.socket] = set()
        """The server's ends of connections that nothing is carried over any more."""
        self._holds_commit = False
        self._handed_on = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._listener.bind(str(self._place))
        self._listener.listen()
        thread = threading.Thread(target=self._accept)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hand_on()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut_at_commit(self, of: bytes = b"") -> None:
        """Hand the next COMMIT on and wait for its answer, which nobody gets: all are cut, and nobody is let in.

        `of`: octets that a transaction has to have for that.
        """
        self._sought = of
        self._cuts_at_commit = True

    def hold_commit(self, of: bytes = b"", seconds: float | None = None) -> None:
        """Keep the next COMMIT, of such a transaction, back for so long, also when its sender has ended.

        `seconds`: None, until it is handed on.
        """
        self._sought, self._held_for = of, seconds
        self._handed_on.clear()
        self._holds_commit = True

    def hand_on(self) -> None:
        """Hand on what is kept back, and keep nothing back any more."""
        self._holds_commit = False
        self._handed_on.set()

    def refuse(self) -> None:
        """Cut all connections, and let nobody in."""
        self._admits = False
        self.cut()

    def swallow(self) -> None:
        """Take all that is sent and hand on nothing, the end of a connection neither, as a broken proxy does."""
        self._swallows = True
        self._forgotten |= self._open

    def swallow_answers_to(self, what: bytes) -> None:
        """Hand on what is sent until it has these octets, and forget the connection then."""
        self._unanswered = what

    def admit(self) -> None:
        """Let everybody in; nothing is cut or swallowed any more, but whose connection was forgotten stays so."""
        self._admits, self._cuts_at_commit, self._swallows, self._unanswered = True, False, False, None

    def cut(self) -> None:
        """Cut all connections."""
        for each in list(self._open):
            _shut(each)

    def _accept(self) -> None:
        while True:
            try:
                front, _ = self._listener.accept()
            except OSError:
                return  # the end
            if not self._admits:
                front.close()
                continue
            back = socket.socket(socket.AF_UNIX)
            try:
                back.connect(self._behind)
            except OSError:  # the database is away
                front.close()
                back.close()
                continue
            self._open |= {front, back}
            if self._swallows:
                self._forgotten.add(front)
            thread = threading.Thread(target=self._carry, args=(front, back))
            thread.start()
            self._threads.append(thread)

    def _carry(self, front: socket.socket, back: socket.socket) -> None:
        with front, back:
            answers = threading.Thread(target=self._carry_answers, args=(front, back))
            answers.start()
            has_it = False
            with suppress(OSError):
                while octets := front.recv(65_536):
                    if front in self._forgotten:
                        continue
                    has_it |= self._sought in octets
                    if _COMMIT.search(octets):
                        if has_it:
                            self._at_commit(front)
                        has_it = False
                    if self._unanswered is not None and self._unanswered in octets:
                        self._forgotten.add(front)
                    back.sendall(octets)
            if front in self._forgotten:
                answers.join()  # the database is not told that who asked has gone
            self._open -= {front, back}
            _shut(front)
            _shut(back)
            answers.join()

    def _at_commit(self, front: socket.socket) -> None:
        if self._cuts_at_commit:
            self._cuts_at_commit, self._admits = False, False
            self._committing = front
        if self._holds_commit:
            self._holds_commit = False
            self._handed_on.wait(self._held_for)

    def _carry_answers(self, front: socket.socket, back: socket.socket) -> None:
        with suppress(OSError):
            while octets := back.recv(65_536):
                if front in self._forgotten:
                    continue
                if self._committing is front:
                    self._committing = None
                    self.cut()
                    return
                front.sendall(octets)
        _shut(front)


def _shut(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
