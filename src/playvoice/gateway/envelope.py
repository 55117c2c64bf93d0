"""The envelope of every answer, to the letter: names, their order, JSON types, no spaces."""

import json
from collections.abc import Mapping

from playvoice.codes import BUSINESS_TEXTS, RET_TEXTS, BusinessCode, Language, Ret, Text


def success(desc: Text, result: object | None, language: Language, *, reqtime: int, rsptime: int) -> bytes:
    """Return the answer to a request that was done; `result` stands there only where a service has one."""
    data: dict[str, object] = {"status": 0, "desc": desc(language)}
    if result is not None:
        data["result"] = result
    data["reqtime"] = reqtime
    data["rsptime"] = rsptime
    return _envelope(Ret.OK, data, "")


def failure(desc: Text, code: BusinessCode, language: Language, *, reqtime: int, rsptime: int) -> bytes:
    """Return the answer to a request that could not be done for a reason of table A6."""
    data: dict[str, object] = {
        "status": 1,
        "desc": desc(language),
        "errors": {"code": int(code), "codemsg": BUSINESS_TEXTS[code](language)},
        "reqtime": reqtime,
        "rsptime": rsptime,
    }
    return _envelope(Ret.OK, data, "")


def exception(ret: Ret, detail: Text | None, language: Language) -> bytes:
    """Return the answer to a request that was not understood, not allowed, or met a fault of ours."""
    message = RET_TEXTS[ret](language)
    return _envelope(ret, [], message if detail is None else message + detail(language))


def _envelope(ret: Ret, data: Mapping[str, object] | list[object], msg: str) -> bytes:
    text = json.dumps({"ret": int(ret), "data": data, "msg": msg}, ensure_ascii=False, separators=(",", ":"))
    return text.encode()
