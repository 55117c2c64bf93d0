"""What strangers, and far ends that have gone wrong, may send to every open port of a running server.

A package, so that its tests share one server under attack.
"""
