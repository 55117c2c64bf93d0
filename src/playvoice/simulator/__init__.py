"""The far ends of a call for demonstrations, tests and benchmarks: carrier, agents' phones, callback receiver.

Each is a process of its own that speaks over sockets, with the same SIP and RTP code as the server, and tells as one
JSON object a line on standard output what it saw and did. So what a check compares is what went over the wire, written
down by who got it.
"""
