"""Recordings as a customer gets them: by the link in the call record, then read from the first octet to the last."""

import io
import time

import httpx2
import soundfile

from playvoice.media.encoding import CHANNELS, wav_header
from playvoice.media.g711 import SAMPLE_RATE

AGAIN = 0.2
"""Seconds between two tries while a recording is being encoded."""


def fetch(http: httpx2.Client, url: str, until: float) -> tuple[int, bytes]:
    """Get a recording; one that is being encoded is asked for again until the monotonic clock says `until`."""
    while True:
        answer = http.get(url)
        if answer.status_code != 503 or time.monotonic() > until:
            return answer.status_code, answer.content
        time.sleep(AGAIN)


def read(name: str, content: bytes) -> tuple[float, str]:
    """How many seconds a recording of this name has, and what is wrong with it; `""` if nothing is."""
    try:
        samples, rate = soundfile.read(io.BytesIO(content), always_2d=True)
    except (soundfile.LibsndfileError, ValueError) as error:
        return 0.0, f"it can't be read: {error}"
    frames, channels = samples.shape
    seconds = frames / rate
    if (rate, channels) != (SAMPLE_RATE, CHANNELS):
        return seconds, f"it has {channels} channels at {rate} Hz"
    if name.endswith(".wav"):
        header = wav_header((len(content) - len(wav_header(0))) // CHANNELS)
        if not content.startswith(header):
            return seconds, f"its header does not say that it has {len(content)} octets"
    return seconds, ""
