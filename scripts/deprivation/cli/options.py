"""Options that several commands share, and what their values may be."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import click

from deprivation import settings


class Renamed(click.Option):
    """An option with one name in the help; its former names still work."""

    def get_help_record(self, ctx):
        every, self.opts = self.opts, [name for name in self.opts if len(name) == 2][:1]
        self.opts += [name for name in every if name.startswith("--")][:1]
        try:
            return super().get_help_record(ctx)
        finally:
            self.opts = every


# Options that take several values, separated by commas.
LISTS = ("edition", "index", "local", "only", "by", "confidence")


class WithLists(click.Command):
    """A command whose LISTS are given once each: click takes the last and leaves out the others."""

    def parse_args(self, ctx, args):
        *_, order = self.make_parser(ctx).parse_args(args=list(args))
        for option in order:
            if option.name in LISTS and order.count(option) > 1:
                raise click.UsageError(
                    f"{option.opts[0]} is given {order.count(option)} times; give it once, with"
                    " commas between values",
                    ctx,
                )
        return super().parse_args(ctx, args)


class WithColumns(WithLists):
    """A command of files whose option --k-anonymity takes several values: --k-anonymity sex age.

    What follows the first of them is a file if there is one of that name, or it is - or a pattern.
    """

    def parse_args(self, ctx, args):
        parsed, is_column = [], False
        for place, text in enumerate(args):
            if text == "--":
                parsed += args[place:]
                break
            if text.startswith("-") and text != "-":
                is_column = text.split("=")[0] == "--k-anonymity"
            elif is_column and args[place - 1] != "--k-anonymity":
                is_column = text != "-" and not set(text) & set("*?[") and not _is_there(text)
                parsed += ["--k-anonymity"] * is_column
            parsed.append(text)
        return super().parse_args(ctx, parsed)


def _is_there(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):
        return False


class Seconds(click.ParamType):
    """A time in seconds: a number from 0 on, neither nan nor infinite."""

    name = "seconds"

    def convert(self, value, param, ctx):
        try:
            seconds = float(value)
        except ValueError:
            seconds = math.nan
        if not (math.isfinite(seconds) and 0 <= seconds <= 10 * 365 * 86_400):
            self.fail(f"{value!r} is not a number of seconds, 0 or more", param, ctx)
        return seconds


class Kept(click.ParamType):
    """How many published files are kept: --keep, or DEPRIVATION_KEEP."""

    name = "number"

    def convert(self, value, param, ctx):
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 7):
            self.fail(f"{value!r} is not a number of files, 0 or more", param, ctx)
        return int(text)


def _database(ctx: click.Context, param: click.Parameter, value: str | None) -> Path:
    if value is not None and not value.strip():
        raise click.BadParameter("is empty; name a file", ctx=ctx, param=param)
    return settings.database() if value is None else Path(value).absolute()


def database_option(command: Callable) -> Callable:
    """--database: the published file, an absolute path."""
    return click.option(
        "--database",
        metavar="FILE",
        callback=_database,
        help="The published file.  [default: DEPRIVATION_DB, or deprivation.duckdb in the project]",
    )(command)


def guarded(command: Callable) -> Callable:
    """--allow NAME, to publish despite a guard; --allow-fewer-rows, despite nearly all of them."""
    from deprivation.publish.guards import GUARDS

    several = "; ".join(f"{name}: {meaning}" for name, meaning in GUARDS.items())
    command = click.option(
        "--allow-fewer-rows",
        is_flag=True,
        help="The same as --allow for all but synthetic.",
    )(command)
    return click.option(
        "--allow",
        multiple=True,
        type=click.Choice(list(GUARDS)),
        help=f"Publish even if: {several}. Can be repeated.",
    )(command)


def allowed_guards(allow: tuple[str, ...], allow_fewer_rows: bool) -> frozenset[str]:
    """The guards that the two options of `guarded` switch off."""
    from deprivation.publish.guards import GUARDS

    return frozenset(allow) | (set(GUARDS) - {"synthetic"} if allow_fewer_rows else set())
