"""The commands `lookup` and `enrich`: what they are called with and what they show."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from deprivation.cli.options import WithColumns, WithLists, database_option
from deprivation.cli.progress import progress_bar
from deprivation.errors import InputError


@click.command(cls=WithLists)
@click.argument("postcode", nargs=-1, required=True)
@click.option("--edition", help="2019, or nearest:2019.  [default: the nation's newest]")
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="For programs: one JSON document, or a list of them for several postcodes.",
)
@click.option("--output", metavar="FILE", help="Write a table, a row an index: .csv or .xlsx.")
@click.option("--force", is_flag=True, help="Write over an output that exists.")
@database_option
def lookup(
    postcode: tuple[str, ...],
    edition: str | None,
    is_json: bool,
    output: str | None,
    force: bool,
    database: Path,
):
    """Show the deprivation of postcodes.

    One or more, in any spelling; every index of the edition. A postcode that is not in the
    directory is answered by its sector, with the spread of deciles. Ends with 1 if any has no
    answer.
    """
    from deprivation import lookup as lookups
    from deprivation.published import SYNTHETIC

    texts = lookups.split_postcodes(postcode)
    table = None
    if output is not None:
        from deprivation.enrich.destination import check_destination, private_folder, put_in_place
        from deprivation.enrich.tally import write_table

        table = check_destination(output, force, [database])
        if table is None or table.suffix.lower() not in (".csv", ".xlsx"):
            raise InputError(f"--output {output}: a table is written to .csv or .xlsx")
    answers = lookups.look_up_each(database, texts, edition)
    pairs = list(zip(answers, texts, strict=True))
    problems = [problem for pair in pairs if (problem := lookups.why_no_answer(*pair))]
    if answers[0][0]["is_synthetic"]:
        click.echo(f"deprivation: {SYNTHETIC}", err=True)
    if table:
        with private_folder(table) as folder:
            written = folder / ("table" + table.suffix.lower())
            write_table(lookups.as_table(answers, texts), written, "Lookup")
            put_in_place(written, table)
    if is_json:
        documents = [lookups.as_json(rows) for rows in answers]
        shown = documents if len(documents) > 1 else documents[0]
        click.echo(json.dumps(shown, indent=2, ensure_ascii=False))
        sys.exit(1 if problems else 0)
    found = [
        lookups.answer_text(rows) for rows, text in pairs if not lookups.why_no_answer(rows, text)
    ]
    if found:
        click.echo("\n\n".join(found))
    if problems:
        raise InputError("; ".join(problems))


@click.command(cls=WithColumns)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--postcode-column", required=True, metavar="NAME", help="Holds the postcodes.")
@click.option("--output", required=True, metavar="OUT", help="File to write; - for stdout.")
@click.option(
    "--edition",
    metavar="YEAR",
    help="2019, or nearest:2019 for each nation's nearest; several by comma, each with columns of"
    " its own.  [default: each nation's newest]",
)
@click.option(
    "--date-column",
    metavar="NAME",
    help="Holds each record's date: 2019-05-31, 31/05/2019 09:30, 31-May-2019, 20190531, 2019-05,"
    " 2019, 2018/19; the day first, the year in full. Its edition is that whose year is nearest to"
    " the date's; of two equally near, the older. A record without a date that can be read has no"
    " edition but that of --edition.",
)
@click.option("--date-format", metavar="FORMAT", help="The one format of the dates: %d/%m/%y.")
@click.option(
    "--index", default="imd", show_default=True, help="Indices, by comma: imd,income; or all."
)
@click.option(
    "--local",
    metavar="GEOGRAPHY",
    help="Also the place within lad, icb, region ... (see local_quantiles.geography; several by"
    " comma), by NTILE and by the public-health method (_ohid).",
)
@click.option(
    "--fallback",
    type=click.Choice(["sector"]),
    help="Answer a postcode that is not in the directory, or a sector given alone (M1 1), by the"
    " sector, with the spread.",
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
@click.option(
    "--labels",
    is_flag=True,
    help="Also imd_quintile_label and imd_decile_label (Most deprived 20%, 2nd most deprived"
    " fifth ...), is_most_deprived_20pct, is_most_deprived_10pct.",
)
@click.option(
    "--reverse",
    is_flag=True,
    help="Count deciles and quintiles the other way, 10 and 5 the most deprived, under names that"
    " say so: imd_decile_10_is_most_deprived.",
)
@click.option("--drop-postcode", is_flag=True, help="Leave the postcode column out.")
@click.option("--prefix", default="", help="Put before the names of all added columns.")
@click.option("--input-format", metavar="FORMAT", help="csv, tsv, jsonl, parquet, xlsx; csv.gz ...")
@click.option("--output-format", metavar="FORMAT", help="The same, of the output.")
@click.option("--delimiter", metavar="CHARACTER", help="Of the CSV read.  [default: by its header]")
@click.option(
    "--encoding",
    metavar="NAME",
    help="Of the text read, such as cp1252.  [default: UTF-8, or its BOM]",
)
@click.option("--sheet", metavar="NAME", help="Of the workbook, if it has more than one.")
@click.option(
    "--summary-by",
    metavar="NAME",
    help="Also a table for publication: counts and percentages by quintile (or --summary-band) for"
    " each value of this column, with Unknown.",
)
@click.option("--summary-output", metavar="FILE", help="Where that table goes: .csv or .xlsx.")
@click.option(
    "--summary-band",
    type=click.Choice(["quintile", "decile"]),
    default="quintile",
    show_default=True,
    help="What it counts by.",
)
@click.option(
    "--suppress",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Show its counts from 1 to N as *.",
)
@click.option(
    "--round",
    "round_to",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Round its counts to multiples of N.",
)
@click.option(
    "--one-index",
    is_flag=True,
    help="One index for a study: the same records get no second one in the output's folder, where a"
    " small file, deprivation-one-index.json, records it by digests of the postcodes.",
)
@click.option(
    "--min-area-population",
    type=click.IntRange(1),
    metavar="N",
    help="Take out the answers of areas with fewer people than N: small_area.",
)
@click.option(
    "--k-anonymity",
    multiple=True,
    metavar="COLUMN...",
    help="Report how many records share their values of these columns and their answer.",
)
@click.option(
    "--k",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Fewer such records are too few.",
)
@click.option(
    "--suppress-below-k",
    "suppresses_below_k",
    is_flag=True,
    help="Take out the answers that fewer than k records share: suppressed.",
)
@click.option("--report", metavar="FILE", help="Write the summary as JSON.")
@click.option("--force", is_flag=True, help="Write over an output or report that exists.")
@click.option(
    "--allow-synthetic",
    is_flag=True,
    help="Of a file of synthetic data, leave out the column is_synthetic that marks every record.",
)
@database_option
def enrich(files, database, only, index, local, fallback, repair, drop_postcode, report, **options):
    """Put deprivation beside every record of a file.

    FILE is CSV, TSV, JSON lines, Parquet or Excel, by its name: people.csv, people.csv.gz,
    people.jsonl.zst, people.parquet, people.xlsx. Several files or a quoted pattern make one
    output; - is stdin. Every record comes out once, in order, with all its columns and a
    match_status:

    \b
    matched             the postcode's area has its indices beside it
    matched_terminated  the same; Royal Mail has ended the postcode
    sector              not in the directory, answered by its sector (--fallback)
    outside_coverage    in a nation that has no such edition
    no_area             in the directory, but in none of the edition's areas
    not_found           a postcode's format, but not in the directory
    partial             an outcode or a sector alone
    pseudo              ZZ99 codes: no fixed abode, not known, ...
    invalid             not a postcode
    missing             empty, or NULL, N/A, none, unknown, not known, -, ? and the like
    no_edition          no date that can be read, and no --edition (--date-column)
    small_area          in an area with too few people (--min-area-population)
    suppressed          too few records like it (--suppress-below-k)

    Decile 1 and quintile 1 are the most deprived. Column names match without case and outer spaces
    if only one does. The output is UTF-8, CSV with commas. Nothing is written but the output,
    --report and the record of --one-index; JSON lines and Parquet from stdin, and what goes to
    stdout, are kept in a private folder until done.
    """
    from deprivation.enrich import run as enriching
    from deprivation.enrich.destination import check_destination, write_whole
    from deprivation.enrich.disclosure import cautions
    from deprivation.enrich.request import WANTED, Columns, Request
    from deprivation.enrich.summary import summary_text
    from deprivation.published import SYNTHETIC

    if not comma_separated(index):
        raise InputError("--index names no index")
    wanted = comma_separated(only) if only else list(WANTED)
    if unknown := sorted(set(wanted) - set(WANTED)):
        raise InputError(f"--only knows no {', '.join(unknown)}; it knows {', '.join(WANTED)}")
    request = Request(
        files=list(files),
        columns=Columns(
            indices=tuple(comma_separated(index)),
            wanted=frozenset(wanted),
            local=tuple(comma_separated(local or "")),
            has_spread=fallback is not None,
            has_labels=options.pop("labels"),
            is_reversed=options.pop("reverse"),
        ),
        falls_back=fallback is not None,
        repairs=repair,
        drops_postcode=drop_postcode,
        allows_synthetic=options.pop("allow_synthetic"),
        k_anonymity=tuple(named_columns(options.pop("k_anonymity"))),
        **options,
    )
    report_file = None
    if report is not None:
        kept = [database, *enriching.inputs_of(request)]
        report_file = check_destination(report, request.force, kept, "--report")
        if report_file and request.output != "-" and report_file == Path(request.output).resolve():
            raise InputError("--report and --output are one file")
    for caution in cautions(request):
        click.echo(f"deprivation: {caution}", err=True)
    summary = enriching.enrich(database, request, watch=progress_bar)
    if summary["is_synthetic"]:
        click.echo(f"deprivation: {SYNTHETIC}", err=True)
    if left_out := summary.get("sheets_left_out"):
        click.echo(f"deprivation: sheets left out: {', '.join(left_out)}", err=True)
    click.echo(summary_text(summary), err=True)
    if report_file:
        write_whole(json.dumps(summary, indent=2) + "\n", report_file)


def comma_separated(text: str) -> list[str]:
    """`imd, income` -> [imd, income], each once."""
    return list(dict.fromkeys(part.strip().lower() for part in text.split(",") if part.strip()))


def named_columns(texts: Sequence[str]) -> list[str]:
    """Columns named by repeated options, or by comma: each once, as written."""
    names = [part.strip() for text in texts for part in text.split(",")]
    if not all(names):
        raise InputError("--k-anonymity names an empty column")
    return list(dict.fromkeys(names))
