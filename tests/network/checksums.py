"""`python -m tests.network.checksums INTERFACE`: no checksum is left to hardware, as by `ethtool -K INTERFACE tx off`.

A virtual cable has no hardware: what a relay carries on by hand would have none at all.
"""

import ctypes
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
"""sockios.h."""
SWITCHES = {"tso": 0x1F, "gso": 0x24, "tx": 0x17}
"""ethtool.h: the requests that set what a segment or a checksum is left to."""


def switch_off(interface: str) -> None:
    """Have the kernel itself do what these switches leave to hardware. OSError where it won't."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for switch in SWITCHES.values():
            value = ctypes.create_string_buffer(struct.pack("II", switch, 0), 8)
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))  # struct ifreq
            fcntl.ioctl(sock, SIOCETHTOOL, request.ljust(40, b"\0"))


if __name__ == "__main__":
    switch_off(sys.argv[1])
