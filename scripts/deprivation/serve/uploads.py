"""POST /enrich: the command `enrich` on an uploaded file, in a process and a folder of its own.

The process has limits and ends with the request; the folder goes before the answer is sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, BinaryIO

import click
from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile

from deprivation.cli.enrich import enrich as command
from deprivation.enrich.formats import KINDS
from deprivation.serve.problems import ProblemError, api_words, json_response

# Options of the command that are files of the server, or not the sender's to choose.
WITHHELD = {
    *("files", "output", "force", "database", "report"),
    *("input_format", "summary_output", "allow_synthetic", "one_index"),
}
# By the name in the form, `round` for --round.
OPTIONS = {
    option.opts[0].lstrip("-").replace("-", "_"): option
    for option in command.params
    if option.name not in WITHHELD
}
# Values of an option that is a switch in the command.
SWITCHES = dict.fromkeys(("true", "1", "yes", "on"), True)
SWITCHES |= dict.fromkeys(("false", "0", "no", "off"), False)
# What comes back: the file, of --summary-by the table for publication, or the summary as JSON.
ANSWERS = ("records", "table", "summary")
MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "tsv": "text/tab-separated-values; charset=utf-8",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
COMPRESSED = (".gz", ".zst")
# What an upload may become: bytes of any file written, and of a spreadsheet's parts unpacked.
LARGEST_FILE = 4 << 30
LARGEST_SHEET = 1 << 30
SECONDS = 600
AT_ONCE, WAITING, RECEIVED = 2, 16, 100
BLOCK = 1 << 20
# Bytes of the header with the summary: proxies cut at 4 or 8 kB for all headers together.
LARGEST_HEADER = 2000
# Named in an environment variable of the process: where it writes the percent done.
PROGRESS = "DEPRIVATION_PROGRESS_FILE"


class Uploads:
    def __init__(self, database: Path):
        self._database = database
        self._turn = asyncio.Semaphore(AT_ONCE)
        # By the id of its request, the state of each file that is there, and its folder.
        self._there: dict[str, tuple[str, Path | None]] = {}

    async def answer(self, request: Request) -> Response:
        """Raises ProblemError for what cannot be enriched."""
        number = request.state.request_id
        self._check_room(RECEIVED, at_all=True)
        if number in self._there:
            raise ProblemError(409, "a file with this X-Request-Id is being enriched")
        self._there[number] = ("receiving", None)
        folder = None
        try:
            async with request.form(max_files=1, max_fields=50) as form:
                self._check_room(AT_ONCE + WAITING)
                folder = Path(tempfile.mkdtemp(prefix="deprivation-upload-"))
                self._there[number] = ("waiting", None)
                async with self._turn:
                    self._there[number] = ("working", folder)
                    return await self._answer(request, form, folder)
        finally:
            del self._there[number]
            if folder:
                await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)

    def _check_room(self, most: int, at_all: bool = False) -> None:
        """at_all: files that still arrive, too."""
        there = [state for state, _ in self._there.values() if at_all or state != "receiving"]
        if len(there) >= most:
            raise ProblemError(503, "too many files are being enriched; try again in a minute")

    def progress(self, number: str) -> dict[str, Any]:
        """Of the file that came with a request of this id. Raises ProblemError if none is there."""
        if number not in self._there:
            raise ProblemError(404, "no file with this X-Request-Id is being enriched")
        state, folder = self._there[number]
        percent = None
        if folder:
            with contextlib.suppress(OSError, ValueError):
                percent = float((folder / "progress").read_text("ascii"))
        return {"state": state, "percent": percent}

    async def _answer(self, request: Request, form: FormData, folder: Path) -> Response:
        upload = form.get("file")
        if not isinstance(upload, UploadFile) or not upload.filename:
            raise ProblemError(422, "send the file as the part `file`, with its name")
        ending = file_ending(upload.filename)
        given = folder / f"upload{ending}"
        await run_in_threadpool(_copy, upload.file, given)
        if ending.endswith((".xlsx", ".xlsm", ".ods")):
            await run_in_threadpool(check_unpacked, given)
        wanted, words = options(form)
        output_ending = f".{wanted}" if wanted else ending
        what = form.get("answer") or ANSWERS[0]
        if what not in ANSWERS or (what == "table" and not form.get("summary_by")):
            raise ProblemError(422, "answer is records, summary, or with summary_by also table")
        output, report = folder / f"output{output_ending}", folder / "report.json"
        if form.get("summary_by"):
            table_ending = ".xlsx" if output_ending == ".xlsx" else ".csv"
            table = folder / f"table{table_ending}"
            words.append(f"--summary-output={table}")
        words += [f"--output={output}", f"--report={report}", f"--database={self._database}"]
        await _run(request, [*words, "--", str(given)], folder)
        summary = json.loads(report.read_text("utf-8"))
        header = {"x-deprivation-summary": short_summary(summary), "cache-control": "no-store"}
        if what == "summary":
            return json_response(summary, headers=header)
        name = "with-deprivation"
        if what == "table":
            output, output_ending, name = table, table_ending, "table"
        kind = output_ending.removesuffix(".gz").removesuffix(".zst").rpartition(".")[2]
        form_of = KINDS.get(f".{kind}", kind)
        is_plain = not output_ending.endswith(COMPRESSED)
        return StreamingResponse(
            _blocks(output.open("rb")),
            media_type=MEDIA_TYPES.get(form_of) if is_plain else "application/octet-stream",
            headers={
                "content-disposition": f'attachment; filename="{name}{output_ending}"',
                "content-length": str(output.stat().st_size),
            }
            | header,
        )


def short_summary(summary: dict[str, Any]) -> str:
    """For the header: JSON in ASCII; of the quintiles of many indices, and of what else there is,
    as much as LARGEST_HEADER takes. `is_whole` says whether that is all.
    """
    kept = {name: summary[name] for name in ("is_synthetic", "asked", "rows", "statuses")}
    kept |= {"quintiles": {}, "is_whole": True}
    more = [
        *({"quintiles": {index: counts}} for index, counts in summary["quintiles"].items()),
        *({name: summary[name]} for name in summary if name not in kept),
    ]
    for part in more:
        larger = kept | part
        if "quintiles" in part:
            larger["quintiles"] = kept["quintiles"] | part["quintiles"]
        if len(_compact(larger)) <= LARGEST_HEADER:
            kept = larger
        else:
            kept["is_whole"] = False
    return _compact(kept)


def _compact(document: dict[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"))


def file_ending(name: str) -> str:
    """`people.csv.gz` -> `.csv.gz`; of names that others chose nothing else is used."""
    endings = [part.lower() for part in Path(name.replace("\\", "/")).suffixes[-2:]]
    kept = [end for end in endings if end in (*KINDS, ".xlsx", *COMPRESSED)]
    if not kept or kept[0] in COMPRESSED or endings[-1] != kept[-1]:
        known = ", ".join(sorted({*KINDS, ".xlsx"}))
        raise ProblemError(415, f"the file's name must end in {known}, or one of these and .gz")
    return "".join(kept)


def options(form: FormData) -> tuple[str | None, list[str]]:
    """The output's format, and the words for the command. Raises ProblemError."""
    words: list[str] = []
    wanted = None
    given: dict[str, str] = {}
    for name, value in form.multi_items():
        if name in ("file", "answer"):
            continue
        if name not in OPTIONS or not isinstance(value, str):
            raise ProblemError(422, f"no option {name[:40]!r}; there are {', '.join(OPTIONS)}")
        if not value:
            continue
        if name in given and given[name] != value and not OPTIONS[name].multiple:
            raise ProblemError(422, f"option {name} is there twice")
        given[name] = value
        if OPTIONS[name].is_flag and value.lower() not in SWITCHES:
            raise ProblemError(422, f"option {name} is {' or '.join(SWITCHES)}")
        if OPTIONS[name].is_flag and not SWITCHES[value.lower()]:
            continue
        if "\0" in value or len(value) > 1000:
            raise ProblemError(422, f"option {name} has a value that cannot be used")
        if name == "output_format":
            wanted = file_ending(f"-.{value}").removeprefix(".")
            continue
        flag = OPTIONS[name].opts[0]
        words.append(flag if OPTIONS[name].is_flag else f"{flag}={value}")
    return wanted, words


def check_unpacked(path: Path) -> None:
    """Raises ProblemError for what is no zip file, or unpacks to more than LARGEST_SHEET.

    Unpacked and counted, for the sizes that it declares may be invented.
    """
    left = LARGEST_SHEET
    try:
        with zipfile.ZipFile(path) as packed:
            for part in packed.infolist():
                with packed.open(part) as stream:
                    while block := stream.read(BLOCK):
                        left -= len(block)
                        if left < 0:
                            raise ProblemError(413, "the spreadsheet unpacks to more than 1 GB")
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError):
        raise ProblemError(422, "the file is not the spreadsheet that its name says") from None


def _copy(source: BinaryIO, target: Path) -> None:
    with target.open("xb") as file:
        shutil.copyfileobj(source, file, BLOCK)


async def _run(request: Request, words: list[str], folder: Path) -> None:
    """Run `deprivation enrich`; ends it when the sender goes or time is up. Raises ProblemError."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "deprivation", "enrich", *words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        cwd=folder,
        env=os.environ | {PROGRESS: str(folder / "progress")},
    )
    _limit(process.pid)
    ending = asyncio.ensure_future(process.communicate())
    try:
        for _ in range(SECONDS * 2):
            done, _ = await asyncio.wait({ending}, timeout=0.5)
            if done:
                break
            if await request.is_disconnected():
                raise ProblemError(400, "the sender has gone")
        else:
            raise ProblemError(503, f"the file took more than {SECONDS} seconds")
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        said = ending.result()[1].decode("utf-8", "replace").strip().splitlines()
        reason = said[-1] if said else "enrich failed"
        reason = api_words(reason.removeprefix("deprivation: ").removeprefix("error: "))
        raise ProblemError(422, reason.replace(f"{folder}/", "").replace(str(folder), ""))


def _limit(pid: int) -> None:
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import resource

        resource.prlimit(pid, resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


async def _blocks(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while block := await run_in_threadpool(file.read, BLOCK):
            yield block


def described() -> dict[str, Any]:
    """The parts of the form, for openapi.json."""
    parts: dict[str, Any] = {
        "file": {"type": "string", "format": "binary"},
        "answer": {"type": "string", "enum": list(ANSWERS), "default": ANSWERS[0]},
    }
    for name, option in OPTIONS.items():
        assert isinstance(option, click.Option)
        help_text = " ".join((option.help or "").split())
        kind = "boolean" if option.is_flag else "string"
        parts[name] = {"type": kind, "description": help_text}
    return parts
