"""What an RTP socket asks of Linux beyond the socket module: a filter in the kernel, and to forget its peer."""

import ctypes
import select
import socket
import struct

from playvoice.media.quality import SAMPLED

SO_ATTACH_FILTER = 26
SO_DETACH_FILTER = 27

_INSTRUCTION = struct.Struct("HBBI")
_LOAD_BYTE, _LOAD_HALF, _AND, _JUMP_EQUAL, _RETURN = 0x30, 0x28, 0x54, 0x15, 0x06
_RTP_TYPE, _RTP_SEQUENCE = 9, 10
"""Offsets from the UDP header, which is where a socket's filter begins to count."""

_libc = ctypes.CDLL(None, use_errno=True)

Pair = tuple[socket.socket, socket.socket]


def open_pair(address: str, port: int) -> Pair:
    """Bind RTP at `port` and RTCP at the next one; OSError if either is taken."""
    rtp = _bind(address, port)
    try:
        return rtp, _bind(address, port + 1)
    except OSError:
        rtp.close()
        raise


def _bind(address: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.bind((address, port))
    except OSError:
        sock.close()
        raise
    return sock


def attach_filter(sock: socket.socket, telephone_event: int) -> None:
    """Let only telephone-events of this payload type (-1: there are none) pass, and one packet in 64 (socket(7))."""
    program = b"".join(
        _INSTRUCTION.pack(*line)
        for line in (
            (_LOAD_BYTE, 0, 0, _RTP_TYPE),
            (_AND, 0, 0, 0x7F),
            (_JUMP_EQUAL, 3, 0, telephone_event & 0xFF),
            (_LOAD_HALF, 0, 0, _RTP_SEQUENCE),
            (_AND, 0, 0, SAMPLED - 1),
            (_JUMP_EQUAL, 0, 1, 0),
            (_RETURN, 0, 0, 0xFFFFFFFF),
            (_RETURN, 0, 0, 0),
        )
    )
    instructions = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HL", len(program) // _INSTRUCTION.size, ctypes.addressof(instructions))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, header)


def detach_filter(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)


def disconnect(sock: socket.socket) -> None:
    """Take datagrams from anybody again: connect(2) with AF_UNSPEC, which the socket module has no words for."""
    nowhere = struct.pack("H14x", socket.AF_UNSPEC)
    _libc.connect(sock.fileno(), nowhere, len(nowhere))


class Poll:
    """The descriptors that have something to read."""

    def __init__(self) -> None:
        self._epoll = select.epoll()

    def add(self, sock: socket.socket) -> None:
        self._epoll.register(sock.fileno(), select.EPOLLIN)

    def remove(self, sock: socket.socket) -> None:
        self._epoll.unregister(sock.fileno())

    def ready(self) -> list[int]:
        """Without waiting: which of them have."""
        return [descriptor for descriptor, _ in self._epoll.poll(0, maxevents=16_384)]
