"""The server as a process among others: its signals, its database's lock, its HTTP address, its memory."""
