"""What dbt has parsed is kept between builds, and never serves another project than it is of."""

from __future__ import annotations

import os
import shutil
from importlib import metadata

from deprivation.publish import parsed
from deprivation.publish.parsed import PARSED, keep_parsed, place_of_parsed


def test_what_is_parsed_serves_the_very_same_project_alone(tmp_path, monkeypatch):
    project, work = tmp_path / "project", tmp_path / "work"
    (project / "models").mkdir(parents=True)
    (project / "dbt_project.yml").write_text("name: one")
    described = project / "models" / "_models.yml"
    described.write_text("columns: [decile]")
    first = place_of_parsed(work, project)
    assert place_of_parsed(work, project) == first

    # An upgrade may keep size and time of change, by which dbt goes.
    changed = described.stat().st_mtime_ns
    described.write_text("columns: [centil]")
    os.utime(described, ns=(changed, changed))
    assert place_of_parsed(work, project) != first
    described.write_text("columns: [decile]")

    (project / "models" / "more.sql").write_text("select 1")
    assert place_of_parsed(work, project) != first
    (project / "models" / "more.sql").unlink()
    assert place_of_parsed(work, project) == first

    shutil.copytree(project, tmp_path / "copy")
    assert place_of_parsed(work, tmp_path / "copy") != first
    monkeypatch.setattr(parsed, "version", lambda package: metadata.version(package) + "9")
    assert place_of_parsed(work, project) != first


def test_one_state_is_kept_and_a_folder_that_takes_nothing_stops_no_build(tmp_path):
    target, work = tmp_path / "target", tmp_path / "work"
    target.mkdir()
    keep_parsed(target, work / "parsed-a.msgpack")
    assert not work.exists()
    (target / PARSED).write_bytes(b"parsed")
    keep_parsed(target, work / "parsed-a.msgpack")
    keep_parsed(target, work / "parsed-b.msgpack")
    assert [path.name for path in work.iterdir()] == ["parsed-b.msgpack"]

    (tmp_path / "file").touch()
    keep_parsed(target, tmp_path / "file" / "parsed-a.msgpack")
