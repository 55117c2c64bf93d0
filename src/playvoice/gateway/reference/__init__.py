"""The documentation of the API, made from what the server has: services, rules, codes, payloads, schedules.

Fixed prose stands in `templates/`, in both languages; `{{name}}` in it is a part of `parts.py`, and
`{{include FILE}}` a file of the project, shown as it is. A test fails where `docs/api.md` is old.
"""

from playvoice.gateway.reference.pages import PAGES, PageError, render, write

__all__ = ["PAGES", "PageError", "render", "write"]
