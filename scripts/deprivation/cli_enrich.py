"""The commands `lookup` and `enrich`: what they are called with and what they show."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import click

from deprivation import settings
from deprivation.errors import InputError

database_option = click.option(
    "--database",
    type=click.Path(path_type=Path),
    help="The published file.  [default: DEPRIVATION_DB, or deprivation.duckdb in the project]",
)


@click.command()
@click.argument("postcode", nargs=-1, required=True)
@click.option("--edition", help="2019, or nearest:2019.  [default: the nation's newest]")
@click.option("--json", "is_json", is_flag=True, help="For programs: one JSON document.")
@database_option
def lookup(postcode: tuple[str, ...], edition: str | None, is_json: bool, database: Path | None):
    """Deprivation of one postcode, in any spelling, in every index of an edition.

    A postcode that is not in the directory is answered by its sector, with the spread of deciles.
    Ends with 1 if there is no answer.
    """
    from deprivation import lookup as lookups

    text = " ".join(postcode)
    rows = lookups.look_up(database or settings.database(), text, edition)
    problem = lookups.problem(rows, text)
    if is_json:
        click.echo(json.dumps(lookups.as_json(rows), indent=2, ensure_ascii=False))
        sys.exit(1 if problem else 0)
    if problem:
        raise InputError(problem)
    click.echo(lookups.as_text(rows))


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--postcode-column", required=True, metavar="NAME", help="Holds the postcodes.")
@click.option("--output", required=True, metavar="OUT", help="File to write; - for stdout.")
@click.option("--edition", metavar="YEAR", help="2019, or nearest:2019 for each nation's nearest.")
@click.option(
    "--date-column",
    metavar="NAME",
    help="Holds each record's date, its year in full: 2019-05-31, 31/05/2019, 2019-05 or 2019. Its"
    " edition is that whose year is nearest to the date's year; of two equally near, the older. A"
    " record without a date gets --edition, or else the newest.",
)
@click.option("--index", default="imd", show_default=True, help="Indices, by comma: imd,income.")
@click.option(
    "--local",
    metavar="GEOGRAPHY",
    help="Also the place within lad, icb, region ... (see local_quantiles.geography), by NTILE and"
    " by the public-health method (_ohid).",
)
@click.option(
    "--fallback",
    type=click.Choice(["sector"]),
    help="Answer a postcode that is not in the directory by its sector, with the spread.",
)
@click.option(
    "--repair",
    is_flag=True,
    help="Read 0 as O and 1 as I, or the reverse, where exactly one real postcode results; flagged"
    " in is_repaired.",
)
@click.option(
    "--only",
    metavar="WHAT",
    help="Only these of the added columns, by comma: edition, area, score, rank, decile, quintile,"
    " local. match_status always comes.",
)
@click.option("--drop-postcode", is_flag=True, help="Leave the postcode column out.")
@click.option("--prefix", default="", help="Put before the names of all added columns.")
@click.option("--input-format", metavar="FORMAT", help="csv, tsv, jsonl, parquet; csv.gz ...")
@click.option("--output-format", metavar="FORMAT", help="The same, of the output.")
@click.option("--report", type=click.Path(path_type=Path), help="Write the summary as JSON.")
@click.option("--force", is_flag=True, help="Write over an output or report that exists.")
@database_option
def enrich(
    files,
    postcode_column,
    output,
    edition,
    date_column,
    index,
    local,
    fallback,
    repair,
    only,
    drop_postcode,
    prefix,
    input_format,
    output_format,
    report,
    force,
    database,
):
    """Put deprivation beside every record of a file.

    FILE is CSV, TSV, JSON lines or Parquet, by its name: people.csv, people.csv.gz,
    people.jsonl.zst, people.parquet. Several files or a quoted pattern make one output; - is stdin.
    Every record comes out once, in order, with all its columns and a match_status:

    \b
    matched             the postcode's area has its indices beside it
    matched_terminated  the same; Royal Mail has ended the postcode
    sector              not in the directory, answered by its sector (--fallback)
    outside_coverage    in a nation that the edition does not speak about
    no_area             in the directory, but in none of the edition's areas
    not_found           a postcode's format, but not in the directory
    partial             an outcode or a sector alone
    pseudo              ZZ99 codes: no fixed abode, not known, ...
    invalid             not a postcode
    missing             empty

    Decile 1 and quintile 1 are the most deprived. Nothing is written but the output and --report;
    JSON lines and Parquet from stdin, and what goes to stdout, are kept in a private folder until
    done.
    """
    from deprivation import enrich as enriching
    from deprivation.enrich_answers import WANTED, Columns
    from deprivation.enrich_summary import as_text

    if report and report.exists() and not force:
        raise InputError(f"{report} exists; --force writes over it")
    if report and not report.absolute().parent.is_dir():
        raise InputError(f"{report.parent}: no such folder")
    if report and report.resolve() == Path(output).resolve():
        raise InputError("--report and --output are one file")
    if not listed(index):
        raise InputError("--index names no index")
    wanted = listed(only) if only else list(WANTED)
    if unknown := sorted(set(wanted) - set(WANTED)):
        raise InputError(f"--only knows no {', '.join(unknown)}; it knows {', '.join(WANTED)}")
    request = enriching.Request(
        files=list(files),
        postcode_column=postcode_column,
        output=output,
        edition=edition,
        date_column=date_column,
        columns=Columns(
            indices=tuple(listed(index)),
            wanted=frozenset(wanted),
            local=local,
            has_spread=fallback is not None,
        ),
        falls_back=fallback is not None,
        repairs=repair,
        prefix=prefix,
        drops_postcode=drop_postcode,
        input_format=input_format,
        output_format=output_format,
        force=force,
    )
    # So that what is unfinished is removed: by default these signals end Python at once.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    summary = enriching.enrich(database or settings.database(), request, watch=progress_bar)
    click.echo(as_text(summary), err=True)
    if report:
        report.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")


def listed(text: str) -> list[str]:
    """`imd, income` -> [imd, income], each once."""
    return list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))


def progress_bar(
    still_runs: Callable[[float], bool], percent: Callable[[], float | None], patience: float = 2
) -> None:
    """Show a progress bar on a terminal for what takes longer than `patience` seconds."""
    if not sys.stderr.isatty() or not still_runs(patience):
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("enrich", total=None)
        while still_runs(0.2):
            done = percent()
            bar.update(task, completed=done or 0, total=None if done is None else 100)
