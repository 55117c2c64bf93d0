"""What a simulated world's configuration is made of."""

import subprocess
import sys

import pytest

from playvoice.simulator import configuration
from playvoice.simulator.errors import SimulatorError

ASK_FOR = """
import sys
from playvoice.simulator import configuration
port = int(sys.argv[1])
configuration.LASTING_PORTS = range(port, port + 1)
print(configuration.free_ports(1))
"""


def test_a_port_is_given_out_once_while_the_process_runs_that_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (port,) = configuration.free_ports(1)
    monkeypatch.setattr(configuration, "LASTING_PORTS", range(port, port + 1))
    with pytest.raises(SimulatorError, match=f"fewer than 1 ports from {port} on are free"):
        configuration.free_ports(1)
    other = subprocess.run([sys.executable, "-c", ASK_FOR, str(port)], capture_output=True, text=True, check=False)
    assert "fewer than 1 ports" in other.stderr
