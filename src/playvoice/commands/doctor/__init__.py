"""`playvoice doctor`: looks at a set-up the way a call goes through it, and says what to do about what it finds.

Each check is a function of what it needs and gives findings (`finding.py`); which checks there are, and in which order,
says `examination.py`. Nothing here changes anything: no lock is taken, no registration made, and a callback is sent
only where the user asks for it.
"""
