"""The server as a process among others: its signals, descriptors and log, its locks, its HTTP address, its memory."""
