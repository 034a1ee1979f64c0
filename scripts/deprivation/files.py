"""Files that replace others."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from deprivation.errors import InputError


def check_no_device(path: Path, instead: str = "") -> None:
    """Raises InputError if the path exists and is neither a file nor a folder.

    Reading a device such as /dev/zero may never end, a pipe can be read only once, and neither can
    be replaced. instead: what to do.
    """
    try:
        mode = path.stat().st_mode
    except OSError:  # missing, or reported when it is opened
        return
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return
    kind = "a pipe" if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else "a device"
    raise InputError(f"{path} is {kind}, not a file{instead and '; '}{instead}")


def carry_permissions(old: Path, new: Path) -> None:
    """Give `new` the mode, owner, group and access list of `old`, if there is an `old`.

    If the owner or group cannot be set, nobody whom `old` was closed to can open `new`.
    """
    if not old.exists():
        return
    was = old.stat()
    mode = was.st_mode & 0o7777
    if hasattr(os, "chown"):
        if new.stat().st_gid != was.st_gid:
            try:
                os.chown(new, -1, was.st_gid)
            except PermissionError:  # another group, so it gets no more than others had
                mode = (mode & ~0o070) | ((mode & 0o007) << 3)
        if new.stat().st_uid != was.st_uid:
            with contextlib.suppress(PermissionError):
                os.chown(new, was.st_uid, -1)
    new.chmod(mode)
    for name in os.listxattr(old) if hasattr(os, "listxattr") else []:
        if name.startswith(("user.", "system.posix_acl_access")):
            with contextlib.suppress(OSError):  # a file system without them
                os.setxattr(new, name, os.getxattr(old, name))
