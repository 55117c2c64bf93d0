"""Which of the two languages a client wants (RFC 9110 section 12.5.4)."""

from functools import lru_cache

from playvoice.codes import Language


@lru_cache(maxsize=256)
def preferred(accept_language: str) -> Language:
    """Return English where the header prefers it to Chinese; Chinese in all doubt."""
    best = {Language.ZH: 0.0, Language.EN: 0.0}
    for item in accept_language[:1000].split(","):
        tag, _, parameters = item.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        if primary in best:
            language = Language(primary)
            best[language] = max(best[language], _quality(parameters))
    return Language.EN if best[Language.EN] > best[Language.ZH] else Language.ZH


def _quality(parameters: str) -> float:
    name, _, value = parameters.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(value)
    except ValueError:
        return 0.0
    return quality if 0 <= quality <= 1 else 0.0
