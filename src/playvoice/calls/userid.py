"""The parameter `userid` of PlayVoice: which key leads to which group.

`1@sales,2@support` names two keys; a pair without a key, `@support`, is for no key. Keys are 0–9, `*` and `#`.
A group's name holds no `,`, no `@` and no white space.
"""

from playvoice.calls.errors import UseridError

KEYS = frozenset("0123456789*#")
NO_KEY = ""
MAX_LENGTH = 1000
MAX_GROUP_LENGTH = 64

KeyGroups = tuple[tuple[str, str], ...]


def parse_userid(text: str) -> KeyGroups:
    """Return (key, group) pairs in the order of `text`, `""` as key for no key.

    White space around a pair and around its parts is dropped. Raises `UseridError` with what is wrong and where.
    """
    if len(text) > MAX_LENGTH:
        raise UseridError(f"longer than {MAX_LENGTH} characters")
    pairs: list[tuple[str, str]] = []
    seen: set[str] = set()
    for part in text.split(","):
        pair = _parse_pair(part.strip())
        if pair[0] in seen:
            raise UseridError(f"{part.strip()!r}: {_called(pair[0])} stands twice")
        seen.add(pair[0])
        pairs.append(pair)
    return tuple(pairs)


def _parse_pair(part: str) -> tuple[str, str]:
    key, at, group = part.partition("@")
    key, group = key.strip(), group.strip()
    if not at:
        raise UseridError(f"{part!r}: expected KEY@GROUP")
    if key != NO_KEY and key not in KEYS:
        raise UseridError(f"{part!r}: the key is one of 0-9, * and #")
    if not group:
        raise UseridError(f"{part!r}: the group is missing")
    if len(group) > MAX_GROUP_LENGTH:
        raise UseridError(f"{part!r}: a group's name has at most {MAX_GROUP_LENGTH} characters")
    if "@" in group or any(character.isspace() or not character.isprintable() for character in group):
        raise UseridError(f"{part!r}: a group's name has no @ and no white space")
    return key, group


def _called(key: str) -> str:
    return f"key {key}" if key else "the pair without a key"
