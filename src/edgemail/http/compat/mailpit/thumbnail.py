"""A white JPEG of 180 x 120 pixels, which stands for every thumbnail."""

from __future__ import annotations

import base64
import zlib
from typing import Final

THUMBNAIL: Final = zlib.decompress(
    base64.b64decode(
        "eNr7f+P/bYYWBi52dg52Ni4ODg5uLi5uPgkBPl5ePllRMUEJZXlVFSV5JUU1bXN9NU0TTUUlA0dDE0trOzs7VT0XT2cbD3NbO2tG"
        "Lm5uPl4+GQEBGWsNJQ1rksH/AwzcHAwVDFsYGQUZ/h9huMTAwMjKCAYMUMDIxMzCysbOwcnFLcDAxMjMzMTCzMrKwgKUqQXKMbAI"
        "sgopGjqyCQcmsisVihg1TlzIoey08aBo0MUPKsZJRU2cXGLiEpJSqmrqGppaJqZm5haWVs4urm7uHp5ewSGhYeERkVHJKalp6RmZ"
        "WcUlpWXlFZVVzS2tbe0dnV2TJk+ZOm36jJmzFi1esnTZ8hUrV23avGXrtu07du46dPjI0WPHT5w8denylavXrt+4eevho8dPnj57"
        "/uLlq4+fPn/5+u37j5+//t9i4AD5xZ7hW5bGoq4Rjv7fBABDmedG"
    )
)
