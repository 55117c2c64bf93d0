"""`python -m playvoice.gateway.reference [FOLDER]`: write the pages of the API; FOLDER is that of the project."""

import sys
from pathlib import Path

from playvoice.gateway.reference.pages import PageError, write

if __name__ == "__main__":
    try:
        for page in write(Path(sys.argv[1] if len(sys.argv) > 1 else ".")):
            print(page)
    except (PageError, OSError) as error:
        print(f"the pages of the API can't be written: {error}", file=sys.stderr)
        raise SystemExit(1) from None
