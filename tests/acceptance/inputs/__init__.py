"""What customers' programs may send by mistake or on purpose, and what each of it gets, over HTTP.

A package, so that its tests share one server.
"""
