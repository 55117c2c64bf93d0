"""Seconds as they stand in a header: delta-seconds (RFC 3261 section 25.1) and Retry-After (section 20.33)."""

from sipmessage import Response


def delta_seconds(text: str | None) -> int | None:
    """Whole seconds; None where they can't be read."""
    text = (text or "").strip()
    return int(text[:10]) if text.isascii() and text.isdigit() else None


def retry_after(response: Response, most: float) -> float:
    """What a response wants us to wait, `most` at most; 0 where it says nothing of it.

    A comment and parameters may stand behind the seconds.
    """
    value = (response.headers.get("Retry-After") or "").partition("(")[0].partition(";")[0]
    return min(most, float(delta_seconds(value) or 0))
