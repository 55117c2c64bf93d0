"""`python -m tests.network.caller HOST:PORT`: a customer who asks for one call for each line of standard input.

A line is a JSON object with fields of PlayVoice that differ from the usual ones.
"""

import json
import sys

from playvoice.simulator.client import Client
from playvoice.simulator.configuration import GROUP, NUMBERS
from playvoice.simulator.journal import Journal

USUAL = {
    "voicetype": "1",
    "voicefile": "notice.wav",
    "chengshudu": "1",
    "userid": f"1@{GROUP}",
    "disnumber": NUMBERS[0],
}


def main(arguments: list[str]) -> None:
    """Tell each answer with the call's uuid."""
    journal = Journal()
    with Client(arguments[0], timeout=20.0) as client:
        client.login()
        journal.write("ready")
        for line in sys.stdin:
            fields = json.loads(line)
            answer, uuid = client.play_voice(**(USUAL | fields))
            journal.write("answered", number=fields["destnumber"], uuid=uuid, answer=answer)


if __name__ == "__main__":
    main(sys.argv[1:])
