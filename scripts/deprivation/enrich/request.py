"""What is asked of a run, and the columns that answer it."""

from __future__ import annotations

import dataclasses

from deprivation.errors import InputError

MEASURES = ("score", "rank", "decile", "quintile")
WANTED = ("edition", "area", *MEASURES, "local")
# The columns of local_quantiles beside the name that each has here.
LOCAL = {
    "areas": "local_areas",
    "rank": "local_rank",
    "decile": "ntile_10",
    "quintile": "ntile_5",
    "decile_ohid": "ohid_10",
    "quintile_ohid": "ohid_5",
}
# Bands counted from the least deprived: how many there are, and what is put behind their names.
REVERSED = {
    "decile": (10, "_10_is_most_deprived"),
    "quintile": (5, "_5_is_most_deprived"),
}
SPREAD = ("modal_share", "min_decile", "max_decile")


def as_name(code: str) -> str:
    """A geography or an index as part of a column's name: custom:my areas -> custom_my_areas."""
    return "".join(letter if letter.isalnum() else "_" for letter in code.lower())


def _label(band: str, most: int, part: str) -> str:
    """SQL of a band in words, as in postcode_imd (macros/deprivation_label.sql)."""
    return (
        f"case {band} when 1 then 'Most deprived {100 // most}%'"
        f" when {most} then 'Least deprived {100 // most}%'"
        f" when 2 then '2nd most deprived {part}' when 3 then '3rd most deprived {part}'"
        f" else {band} || 'th most deprived {part}' end"
    )


@dataclasses.dataclass(frozen=True)
class Columns:
    """What is to stand beside each record.

    indices: codes in order, or ("all",); wanted: of WANTED; local: geographies;
    local_indices: those of the indices that are ranked locally, all of them if None.
    """

    indices: tuple[str, ...] = ("imd",)
    wanted: frozenset[str] = frozenset(WANTED)
    local: tuple[str, ...] = ()
    has_spread: bool = False
    local_indices: tuple[str, ...] | None = None
    has_labels: bool = False
    is_reversed: bool = False

    def names(self) -> list[str]:
        """Columns of the table areas that come out, in order."""
        names = [
            name
            for index in self.indices
            for measure in MEASURES
            if measure in self.wanted
            for name in [self._measure(index, measure)]
        ]
        if self.has_labels:
            names += [name for index in self.indices for name in self.label_names(index)]
        if "area" in self.wanted:
            names.insert(0, "area_code")
        if "local" in self.wanted:
            names += [name for place in self.local for name in self.local_names(place)]
        if self.has_spread:
            names += [f"sector_{name}" for name in SPREAD]
        return names

    def _measure(self, index: str, measure: str) -> str:
        name = f"{as_name(index)}_{measure}"
        return name + REVERSED[measure][1] if self.is_reversed and measure in REVERSED else name

    def label_names(self, index: str) -> list[str]:
        """Labels and flags of the bands that are wanted, or of both; flags of imd have no prefix.

        --only quintile must not tell the decile by its label.
        """
        before = "" if index == "imd" else f"{as_name(index)}_"
        bands = [band for band in ("quintile", "decile") if band in self.wanted] or [*REVERSED]
        names = [f"{as_name(index)}_quintile_label"] * ("quintile" in bands)
        names += [f"{as_name(index)}_decile_label"] * ("decile" in bands)
        names += [f"{before}is_most_deprived_20pct"]
        names += [f"{before}is_most_deprived_10pct"] * ("decile" in bands)
        return names

    def derived(self) -> dict[str, str]:
        """SQL by name of the columns that are made of an area's own: labels and reversed bands."""
        made = {}
        for index in self.indices:
            decile, quintile = f'"{as_name(index)}_decile"', f'"{as_name(index)}_quintile"'
            if self.has_labels:
                before = "" if index == "imd" else f"{as_name(index)}_"
                labels = {
                    f"{as_name(index)}_quintile_label": _label(quintile, 5, "fifth"),
                    f"{as_name(index)}_decile_label": _label(decile, 10, "tenth"),
                    f"{before}is_most_deprived_20pct": f"{quintile} = 1",
                    f"{before}is_most_deprived_10pct": f"{decile} = 1",
                }
                made |= {name: labels[name] for name in self.label_names(index)}
            if self.is_reversed:
                for measure, (most, _) in REVERSED.items():
                    name = f'"{as_name(index)}_{measure}"'
                    made[self._measure(index, measure)] = f"cast({most + 1} - {name} as integer)"
        return made

    def ranked_locally(self) -> tuple[str, ...]:
        return self.indices if self.local_indices is None else self.local_indices

    def local_names(self, geography: str) -> list[str]:
        """Code and name of the place, then each index's measures within it."""
        place = as_name(geography)
        return [f"{place}_code", f"{place}_name"] + [
            f"{as_name(index)}_{place}_{name}" for index in self.ranked_locally() for name in LOCAL
        ]


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of a run; the command's help says what each means.

    files: names, patterns, or "-" for stdin; output: a name, or "-" for stdout.
    edition: `2019`, `nearest:2019`, several by comma, or None for each nation's newest.
    """

    files: list[str]
    postcode_column: str
    output: str
    edition: str | None = None
    date_column: str | None = None
    date_format: str | None = None
    columns: Columns = dataclasses.field(default_factory=Columns)
    falls_back: bool = False
    repairs: bool = False
    prefix: str = ""
    drops_postcode: bool = False
    input_format: str | None = None
    output_format: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    encoding: str | None = None
    force: bool = False
    allows_synthetic: bool = False
    summary_by: str | None = None
    summary_output: str | None = None
    summary_band: str = "quintile"
    suppress: int = 0
    round_to: int = 0
    one_index: bool = False
    min_area_population: int | None = None
    k_anonymity: tuple[str, ...] = ()
    k: int = 5
    suppresses_below_k: bool = False


def check_request(request: Request) -> None:
    """Raises InputError for an option without what it is for: it would be left out in silence."""
    columns = request.columns
    if request.date_format is not None and request.date_column is None:
        raise InputError("--date-format needs --date-column, which names the column of dates")
    if request.k != Request.k and not request.k_anonymity:
        raise InputError("--k needs --k-anonymity, which names the columns to combine")
    if columns.local and "local" not in columns.wanted:
        raise InputError("--only leaves out the columns of --local; add local to it")
    if "local" in columns.wanted and columns.wanted != set(WANTED) and not columns.local:
        raise InputError("--only local needs --local, which names the places (lad, icb ...)")
    if columns.is_reversed and not columns.has_labels and not columns.wanted & set(REVERSED):
        raise InputError("--reverse needs deciles or quintiles, which --only leaves out")
    if request.summary_by is not None and "," in (request.edition or "").strip(", "):
        raise InputError(
            f"--summary-by needs one edition; run once for each of --edition {request.edition}"
        )


def cautions(request: Request) -> list[str]:
    """What in the output undoes what the options of least disclosure are for."""
    if not (request.one_index or request.min_area_population or request.k_anonymity):
        return []
    said = []
    telling = [name for name in ("area", "rank", "score") if name in request.columns.wanted]
    if telling and (request.one_index or request.k_anonymity):
        said.append(
            f"{', '.join(telling)} among the added columns tell the small area, and so every index"
            " of it; --only quintile leaves them out"
        )
    if not request.drops_postcode:
        said.append("the output keeps the postcodes; --drop-postcode leaves them out")
    return said
