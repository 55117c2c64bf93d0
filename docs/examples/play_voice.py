"""Log in and place one call: python3 play_voice.py NUMBER. Needs Python 3.8 or newer, nothing else."""

import json
import os
import sys
from urllib.parse import urlencode
from urllib.request import Request, urlopen

URL = os.environ.get("PLAYVOICE_URL", "http://127.0.0.1:8080/")


class Refused(Exception):
    """The server did not do what was asked; the code says why."""

    def __init__(self, code, text):
        super().__init__(f"{code} {text}")
        self.code = code


def playvoice(service, fields, headers=None):
    """Send one request; returns `result`, and the headers of the answer."""
    body = urlencode({"service": service, **fields}).encode()
    with urlopen(Request(URL, body, headers or {}), timeout=30) as response:
        answer = json.load(response)
    if answer["ret"] != 200:  # 600: log in again
        raise Refused(answer["ret"], answer["msg"])
    if answer["data"]["status"] != 0:  # 1003: wait for the seconds of response.headers["Retry-After"]
        raise Refused(answer["data"]["errors"]["code"], answer["data"]["errors"]["codemsg"])
    return answer["data"].get("result"), response.headers


def main(number):
    """Log in, and call the number."""
    credentials = {"appid": os.environ["PLAYVOICE_APPID"], "accesskey": os.environ["PLAYVOICE_ACCESSKEY"]}
    login, _ = playvoice("App.Sip_Auth.Login", credentials)
    call = {
        "token": login["token"],
        "destnumber": number,
        "voicetype": "2",
        "voicefile": "https://www.example.com/notice.mp3",
        "chengshudu": "1",
        "userid": "1@extGroup-1",
    }
    _, headers = playvoice("App.Sip_Call.PlayVoice", call, {"Idempotency-Key": f"invoice-4711-{number}"})
    print(headers["X-Call-UUID"])


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Refused as error:
        sys.exit(str(error))
