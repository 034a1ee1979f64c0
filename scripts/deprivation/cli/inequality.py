"""The command inequality."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click

from deprivation.cli.options import WithLists
from deprivation.errors import InputError


@click.command(cls=WithLists)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--by", default="", help="Columns that identify a set: indicator,area.")
@click.option("--quantile", required=True, help="Column of the group, 1 = most deprived.")
@click.option("--population", required=True, help="Column of the group's population.")
@click.option("--value", help="Column of the indicator's value.")
@click.option("--count", help="Column of cases, in place of --value, for a proportion.")
@click.option("--lower", help="Column of the value's lower 95% limit.")
@click.option("--upper", help="Column of the value's upper 95% limit.")
@click.option("--se", help="Column of the standard error, on the scale of --type (log, logit).")
@click.option(
    "--type",
    "kind",
    type=click.Choice(["rate", "proportion", "other"]),
    default="other",
    show_default=True,
    help="How the value's error is distributed.",
)
@click.option("--multiplier", default=1.0, show_default=True, help="Scales SII and gap.")
@click.option("--confidence", default="95", show_default=True, help="Levels, 90 to 99.99: 95,99.8.")
@click.option(
    "--repetitions", default=100_000, show_default=True, help="Random draws, at least 1,000."
)
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same limits.")
@click.option("--transform", is_flag=True, help="Fit on the log or logit scale.")
@click.option("--allow-mixed", is_flag=True, help="Sets may have different numbers of groups.")
@click.option("--output", type=click.Path(path_type=Path), help="CSV to write.  [default: stdout]")
@click.option("--plot", type=click.Path(path_type=Path), help="SVG to write: values and line.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of CSV.")
@click.option("--force", is_flag=True, help="Overwrite existing files.")
def inequality(
    file: Path,
    by: str,
    confidence: str,
    output: Path | None,
    plot: Path | None,
    as_json: bool,
    force: bool,
    **options,
) -> None:
    """Measure how unequal an indicator is.

    Across deprivation groups, with intervals. FILE (CSV, Excel, Parquet) holds a row for each group
    of each set. For each set: slope index (sii) and relative index (rii) of inequality by the
    public-health method, gap and ratio between the most and the least deprived group, population
    attributable share, concentration index.
    """
    from deprivation.enrich.destination import check_destination, write_whole
    from deprivation.inequality import run

    try:
        levels = tuple(float(part) for part in confidence.split(","))
    except ValueError:
        raise click.UsageError(f"--confidence {confidence!r}: numbers by comma") from None
    asked = run.Options(
        by=tuple(part.strip() for part in by.split(",") if part.strip()),
        confidences=tuple(level / 100 if level >= 1 else level for level in levels),
        **options,
    )
    table = check_destination(str(output), force, [file]) if output else None
    drawn = check_destination(str(plot), force, [file], "--plot") if plot else None
    if table and table == drawn:
        raise InputError("--output and --plot are one file")
    answers = run.inequality(file, asked)
    rows = [row for answer in answers for row in answer.rows()]
    if drawn:
        from deprivation.inequality.plot import plot_of

        write_whole(plot_of([(one.name, one.groups, one.measures) for one in answers]), drawn)
    text = io.StringIO()
    json.dump(rows, text, indent=1) if as_json else run.write_measures(rows, text)
    if table:
        write_whole(text.getvalue(), table)
    else:
        click.echo(text.getvalue(), nl=as_json)
