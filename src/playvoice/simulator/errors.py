"""What goes wrong in the simulator."""


class SimulatorError(Exception):
    """A simulated far end was told something that it can't do, or a program did not do what was waited for."""
