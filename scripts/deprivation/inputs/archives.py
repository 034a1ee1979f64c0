"""Zip files: members are read up to a limit, and faults of the archive are reported in one line."""

from __future__ import annotations

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from deprivation.errors import InputError

BLOCK = 1 << 20


@contextlib.contextmanager
def opened_zip(archive: Path) -> Iterator[zipfile.ZipFile]:
    """The open archive. Raises InputError if it, or a member read in the block, is damaged."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            yield zipped
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise InputError(
            f"{archive.name}: the zip is damaged or truncated ({error}); fetch it again"
        ) from None
    except NotImplementedError as error:  # a compression or a version that Python does not know
        raise InputError(
            f"{archive.name}: the zip uses a compression that is not supported ({error}); use it"
            " as the publisher issued it, or unpack it there"
        ) from None
    except RuntimeError as error:  # what Python raises for a password
        raise InputError(
            f"{archive.name}: the zip is encrypted ({error}); use it as the publisher issued it"
        ) from None


def copy_member(
    zipped: zipfile.ZipFile, member: zipfile.ZipInfo, to: IO[bytes], most_bytes: int
) -> None:
    """Unpack one member, checked against the zip's own checksum.

    Raises InputError if it unpacks to more than most_bytes, whatever the archive says its size is.
    """
    left = most_bytes
    with zipped.open(member) as packed:
        while block := packed.read(BLOCK):
            left -= len(block)
            if left < 0:
                name = Path(zipped.filename or "").name
                raise InputError(
                    f"{name}: {member.filename} unpacks to over {most_bytes / 1e9:.1f} GB, more"
                    " than any release; use the zip as the publisher issued it"
                )
            to.write(block)


def read_member(zipped: zipfile.ZipFile, member: zipfile.ZipInfo, most_bytes: int) -> bytes:
    """The content of one member; raises as copy_member does."""

    content = io.BytesIO()
    copy_member(zipped, member, content, most_bytes)
    return content.getvalue()
