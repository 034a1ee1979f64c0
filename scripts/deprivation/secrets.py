"""Passwords and tokens are kept out of everything that is printed or written."""

from __future__ import annotations

import re

HIDDEN = "***"

# user:password@ of an address, up to the last @ before another address: a password may hold
# spaces, slashes and quotes. Better too much hidden than too little.
_USER_INFORMATION = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?:(?!://).)*@", re.IGNORECASE)
# password='a b', "password" = x, &token=x, api-key: x
_NAMED = re.compile(
    r"(?P<name>\b\w*(?:pass(?:word|wd|phrase)?|pwd|token|secret|signature|api[-_]?key|access[-_]?key"
    r"|credential|authorization)s?\b[\"']?\s*[=:]\s*)(?P<value>'(?:\\.|[^'\\])*'|\"[^\"]*\"|[^\s&;,'\"]+)",
    re.IGNORECASE,
)


def without_secrets(text: str) -> str:
    """`text` with users and passwords in addresses, and values named as secrets, as ***.

    >>> without_secrets("postgresql://me:pa ss@db/x?sslpassword=y")
    'postgresql://***@db/x?sslpassword=***'
    """
    text = _USER_INFORMATION.sub(lambda found: f"{found['scheme']}{HIDDEN}@", text)
    return _NAMED.sub(lambda found: found["name"] + HIDDEN, text)
