"""Every command that writes a file takes nothing of the user's: what is there stays."""

from __future__ import annotations

import os

import pytest
from click.testing import CliRunner

from deprivation.cli.main import main

PEOPLE = "id,postcode\n1,M1 1AE\n"
GROUPS = "quintile,people,rate\n" + "".join(f"{n},{1000 + n},{n}.5\n" for n in range(1, 6))
ENRICH = "enrich people.csv --postcode-column postcode"
INEQUALITY = (
    "inequality groups.csv --quantile quintile --population people --value rate --lower rate"
    " --upper rate --repetitions 1000"
)
# The last option names the file to write.
WRITING = {
    "enrich": f"{ENRICH} --output",
    "enrich report": f"{ENRICH} --output o.csv --force --report",
    "enrich summary": f"{ENRICH} --output o.csv --force --summary-by id --summary-output",
    "lookup": "lookup ng16 1aa --output",
    "report": "report --place lad:E06900001 --output",
    "extract": "extract --place lad:E06900001 --output",
    "export uplift": "export --format uplift --output",
    "inequality": f"{INEQUALITY} --output",
    "inequality plot": f"{INEQUALITY} --plot",
}


@pytest.fixture
def write(tmp_path, monkeypatch, warehouse):
    """Run a command that writes; the exit code and the last line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DEPRIVATION_DB", str(warehouse))
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "groups.csv").write_text(GROUPS)

    def run(name: str, *more: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, [*WRITING[name].split(), *more])
        said = done.stderr.strip().splitlines()
        return done.exit_code, said[-1] if said else ""

    return run


@pytest.mark.parametrize("name", WRITING)
def test_what_is_there_is_kept_or_followed_and_keeps_its_permissions(write, name, tmp_path):
    there, link = tmp_path / "there.csv", tmp_path / "link.csv"
    there.write_text("mine")
    there.chmod(0o600)
    link.symlink_to(there)
    if "--force" not in WRITING[name]:
        code, said = write(name, "link.csv")
        assert code == 1 and "--force" in said
        assert there.read_text() == "mine"
    assert write(name, "link.csv", "--force")[0] == 0
    assert link.is_symlink() and there.read_text() != "mine"
    assert there.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} <= {
        "people.csv", "groups.csv", "there.csv", "link.csv", "o.csv",
    }  # fmt: skip


@pytest.mark.parametrize("name", WRITING)
def test_a_device_a_pipe_or_what_is_read_is_not_written(write, name, tmp_path, warehouse):
    os.mkfifo(tmp_path / "pipe")
    for place, said in (("/dev/null", "a device"), ("pipe", "a pipe"), (".", "not a file")):
        code, line = write(name, place, "--force")
        assert (code, said in line) == (1, True), line
    kept = tmp_path / "groups.csv" if name.startswith("inequality") else warehouse
    before = kept.stat().st_mtime_ns
    code, line = write(name, str(kept), "--force")
    assert code == 1 and "is also an input" in line
    assert kept.stat().st_mtime_ns == before
