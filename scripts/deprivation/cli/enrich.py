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
    help="Print one JSON document, or a list of them for several postcodes.",
)
@click.option(
    "--output", metavar="FILE", help="Write a table with a row for each index: .csv or .xlsx."
)
@click.option("--force", is_flag=True, help="Overwrite an existing output.")
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

    In any spelling, with every index of the edition. A postcode that is not in the directory gets
    the figures of its sector, with the range of deciles. The exit code is 1 if any has no answer.
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
@click.option("--postcode-column", required=True, metavar="NAME", help="Column of postcodes.")
@click.option("--output", required=True, metavar="OUT", help="File to write; - for stdout.")
@click.option(
    "--edition",
    metavar="YEAR",
    help="2019, or nearest:2019 for each nation's nearest; or several separated by commas, each"
    " with its own columns.  [default: each nation's newest]",
)
@click.option(
    "--date-column",
    metavar="NAME",
    help="Column of dates: 2019-05-31, 31/05/2019 09:30, 31-May-2019, 20190531, 2019-05, 2019,"
    " 2018/19; day first, year with four digits. Each record gets the edition nearest in year, the"
    " older of two equally near, or that of --edition if its date cannot be read.",
)
@click.option("--date-format", metavar="FORMAT", help="Read dates only in this format: %d/%m/%y.")
@click.option("--index", default="imd", show_default=True, help="Indices: imd,income; or all.")
@click.option(
    "--local",
    metavar="GEOGRAPHY",
    help="Add rank, decile and quintile within the lad, icb, region ... (several separated by"
    " commas), by NTILE and by the public-health method (_ohid).",
)
@click.option(
    "--fallback",
    type=click.Choice(["sector"]),
    help="Give a postcode that is not in the directory, or a sector alone (M1 1), the figures of"
    " the sector, with the range of deciles.",
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
    help="Add only these columns and match_status: edition, area, score, rank, decile, quintile,"
    " local (several separated by commas).",
)
@click.option(
    "--labels",
    is_flag=True,
    help="Add imd_quintile_label and imd_decile_label (Most deprived 20%, 2nd most deprived"
    " fifth ...), is_most_deprived_20pct, is_most_deprived_10pct.",
)
@click.option(
    "--reverse",
    is_flag=True,
    help="Number deciles and quintiles so that 10 and 5 are the most deprived, under names that say"
    " so: imd_decile_10_is_most_deprived.",
)
@click.option("--drop-postcode", is_flag=True, help="Leave the postcode column out.")
@click.option("--prefix", default="", help="Text before the names of all added columns.")
@click.option("--input-format", metavar="FORMAT", help="csv, tsv, jsonl, parquet, xlsx; csv.gz ...")
@click.option("--output-format", metavar="FORMAT", help="The same, for the output.")
@click.option(
    "--delimiter", metavar="CHARACTER", help="Of the input CSV.  [default: from its header]"
)
@click.option("--encoding", metavar="NAME", help="Of the input: cp1252.  [default: UTF-8 or BOM]")
@click.option("--sheet", metavar="NAME", help="Sheet to read, if there are several.")
@click.option(
    "--summary-by",
    metavar="NAME",
    help="Also write a table for publication: counts and percentages by quintile (or"
    " --summary-band) for each value of this column, with Unknown.",
)
@click.option("--summary-output", metavar="FILE", help="File for that table: .csv or .xlsx.")
@click.option(
    "--summary-band",
    type=click.Choice(["quintile", "decile"]),
    default="quintile",
    show_default=True,
    help="Groups of that table.",
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
    help="Allow one index for a study: the same records get no second one in the output's folder."
    " The file deprivation-one-index.json there records digests of the postcodes.",
)
@click.option(
    "--min-area-population",
    type=click.IntRange(1),
    metavar="N",
    help="Leave out answers from areas with fewer than N people: small_area.",
)
@click.option(
    "--k-anonymity",
    multiple=True,
    metavar="COLUMN...",
    help="Report how many records share the same values of these columns and the same answer.",
)
@click.option(
    "--k",
    type=click.IntRange(2),
    default=5,
    show_default=True,
    help="Smallest group allowed.",
)
@click.option(
    "--suppress-below-k",
    "suppresses_below_k",
    is_flag=True,
    help="Leave out answers that fewer than k records share: suppressed.",
)
@click.option("--report", metavar="FILE", help="Write the summary as JSON.")
@click.option("--force", is_flag=True, help="Overwrite an existing output or report.")
@click.option(
    "--allow-synthetic",
    is_flag=True,
    help="Leave out the column is_synthetic, which marks every record from synthetic data.",
)
@database_option
def enrich(files, database, only, index, local, fallback, repair, drop_postcode, report, **options):
    """Add deprivation to every record of a file.

    FILE is CSV, TSV, JSON lines, Parquet or Excel, by its name: people.csv, people.csv.gz,
    people.jsonl.zst, people.parquet, people.xlsx. Several files or a quoted pattern give one
    output; - is stdin. Every record comes out once, in order, with all its columns and a
    match_status:

    \b
    matched             the figures of the postcode's area
    matched_terminated  the same, but Royal Mail has ended the postcode
    sector              not in the directory; the figures of its sector (--fallback)
    outside_coverage    in a nation without such an edition
    no_area             in the directory, but in none of the edition's areas
    not_found           the format of a postcode, but not in the directory
    partial             an outcode or a sector alone
    pseudo              ZZ99 codes: no fixed abode, not known, ...
    invalid             not a postcode
    missing             empty, or NULL, N/A, none, unknown, not known, -, ? and the like
    no_edition          no date that can be read, and no --edition (--date-column)
    small_area          in an area with too few people (--min-area-population)
    suppressed          too few records like it (--suppress-below-k)

    Decile 1 and quintile 1 are the most deprived. Column names match whatever their case and outer
    spaces. Output is UTF-8, CSV with commas. docs/enrich.md says what is kept on disk meanwhile.
    """
    from deprivation.enrich import run as enriching
    from deprivation.enrich.destination import check_destination, write_whole
    from deprivation.enrich.request import WANTED, Columns, Request, cautions
    from deprivation.published import SYNTHETIC

    if not comma_separated(index):
        raise InputError("--index names no index")
    wanted = comma_separated(only) if only else list(WANTED)
    if unknown := sorted(set(wanted) - set(WANTED)):
        raise InputError(f"--only: no {', '.join(unknown)}; choose from {', '.join(WANTED)}")
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
            raise InputError("--report and --output are the same file")
    for caution in cautions(request):
        click.echo(f"deprivation: {caution}", err=True)
    summary = enriching.enrich(database, request, watch=progress_bar)
    from deprivation.enrich.summary import summary_text

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
