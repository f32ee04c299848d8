"""What the measurements rest on: a spool that is what it says, and right arithmetic.

Nothing is timed here.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mailsurgeon.survey.index.index import Index
from mailsurgeon.survey.open_spool import open_spool
from mailsurgeon.survey.run import run_survey
from tests.benchmarks import bare_loop, growth
from tests.benchmarks.__main__ import BEGIN, BLOCKS, END, write
from tests.benchmarks.generate import generate
from tests.benchmarks.measuring import Measure, Sample, interleave
from tests.benchmarks.plot import Line, Panel, drawing
from tests.benchmarks.rows import ROWS, Row
from tests.benchmarks.shape import STANDARD, plan
from tests.benchmarks.table import goals_table, judge, percentile, samples_table

MESSAGES = 600


@pytest.fixture(scope="module")
def spool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("benchmarks") / "spool"
    generate(target, MESSAGES)
    return target


def tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's content and time, by its path."""
    return {
        os.path.relpath(os.path.join(place, name), root): (
            Path(place, name).read_bytes(), os.lstat(os.path.join(place, name)).st_mtime_ns,
        )
        for place, _, names in os.walk(root)
        for name in names
    }  # fmt: skip


def samples(*values: float) -> list[Sample]:
    return [Sample(value) for value in values]


def test_the_bare_loop_looks_at_every_file(
    spool: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [content for content, _ in tree(spool).values()]
    sizes, feeds = sum(map(len, files)), sum(content.count(b"\n") for content in files)
    for how, lines in (("stat", 0), ("read", sizes + feeds)):
        database = tmp_path / how
        monkeypatch.setattr("sys.argv", ["bare_loop.py", how, str(spool), str(database)])
        bare_loop.main()
        with closing(sqlite3.connect(database)) as db:
            found = db.execute("SELECT COUNT(*), SUM(size), SUM(v) FROM files").fetchone()
        assert found == (len(files), sizes, lines)


# The generated spool


def test_a_survey_finds_what_the_truth_says_and_nothing_else(spool: Path, tmp_path: Path) -> None:
    truth = json.loads(spool.with_name("spool.truth.json").read_text())
    index = Index.open(tmp_path / "index.sqlite3")
    try:
        result = run_survey(open_spool(spool), index)
        found = dict(index.problem_counts())
    finally:
        index.close()
    assert (result.folders, result.messages) == (truth["folders"], truth["messages"])
    assert found == truth["problems"]
    assert truth["messages"] == MESSAGES


def test_small_messages_are_small_and_as_true(tmp_path: Path) -> None:
    truth = generate(tmp_path / "spool", MESSAGES, small=True)
    index = Index.open(tmp_path / "index.sqlite3")
    try:
        run_survey(open_spool(tmp_path / "spool"), index)
        assert dict(index.problem_counts()) == truth["problems"]
    finally:
        index.close()
    sizes = sorted(len(content) for content, _ in tree(tmp_path / "spool").values())
    assert 500 < sizes[-MESSAGES // 2] < 1000


def test_one_seed_gives_one_spool_whoever_writes_it(spool: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", MESSAGES, jobs=2)
    assert tree(tmp_path / "again") == tree(spool)
    generate(tmp_path / "other", MESSAGES, seed=2)
    assert tree(tmp_path / "other") != tree(spool)


def test_the_spool_has_what_makes_spools_odd(spool: Path) -> None:
    files = tree(spool)
    names = [os.fsencode(path) for path in files]
    contents = [content for content, _ in files.values()]
    assert any(b"\r\n" in content for content in contents)
    assert any(not name.isascii() for name in names)
    assert any(len(content) > 2_000_000 for content in contents)
    assert any(b"boundary=" in content.lower() for content in contents)
    assert sum(name.endswith(b"dovecot-uidlist") for name in names) == 205
    assert any(mtime % 10**9 for _, mtime in files.values())


def test_nothing_is_generated_over_what_is_there(spool: Path) -> None:
    with pytest.raises(FileExistsError):
        generate(spool, MESSAGES)


def test_the_standard_spool_has_the_shape_of_the_goals() -> None:
    folders = plan(STANDARD, 1)
    messages = [folder.filed + folder.misfiled + folder.nested for folder in folders]
    crowded = next(folder for folder in folders if folder.misfiled)
    assert (len(folders), sum(messages), max(messages)) == (205, 385_000, 37_544)
    assert (crowded.filed + crowded.misfiled, crowded.misfiled) == (12_593, 11_973)


def test_as_many_sizes_are_wrong_as_asked_for() -> None:
    assert sum(folder.odd.get("size", 0) for folder in plan(STANDARD, 1, 5_000)) == 5_000


@pytest.mark.parametrize("messages", [0, 5, 10])
def test_too_few_messages_are_refused(messages: int) -> None:
    with pytest.raises(ValueError, match="too few"):
        plan(messages, 1)


# The order of measures


def test_measures_take_turns() -> None:
    ran: list[str] = []

    def once(name: str) -> dict[str, list[Sample]]:
        ran.append(name)
        return {name: samples(len(ran))}

    measures = [
        Measure(("a",), lambda: once("a")),
        Measure(("b",), lambda: once("b"), most=1),
        Measure(("c",), lambda: once("c")),
    ]
    found = interleave(measures, 2)
    assert ran == ["a", "b", "c", "a", "c"]
    assert found == {"a": samples(1, 4), "b": samples(2), "c": samples(3, 5)}


# The arithmetic

SLOWER = Row("k", "what", "ours", must=3.0, stretch=2.0, reference="theirs")
FASTER = Row("k", "what", "ours", must=5, stretch=7, reference="theirs", faster=True)
ABSOLUTE = Row("k", "what", "ours", must=35, stretch=20, unit="ms", statistic="p95")


@pytest.mark.parametrize(
    ("row", "ours", "theirs", "figure", "verdict"),
    [
        (SLOWER, (9.0, 4.0, 3.0), (1.0, 2.0, 9.0), 2.0, "stretch"),
        (SLOWER, (6.0,), (2.0, 3.0), 2.4, "yes"),
        (SLOWER, (6.2,), (2.0,), 3.1, "no"),
        (FASTER, (2.0,), (14.0,), 7.0, "stretch"),
        (FASTER, (2.0,), (12.0,), 6.0, "yes"),
        (FASTER, (2.0,), (9.0,), 4.5, "no"),
        (ABSOLUTE, range(1, 101), (), 95.0, "no"),
        (ABSOLUTE, range(1, 21), (), 19.0, "stretch"),
        (ABSOLUTE, (20.0, 30.0), (), 30.0, "yes"),
    ],
)
def test_a_row_is_judged_by_medians(
    row: Row, ours: tuple[float, ...], theirs: tuple[float, ...], figure: float, verdict: str
) -> None:
    judged = judge(row, {"ours": samples(*ours), "theirs": samples(*theirs)})
    assert judged is not None
    assert (judged.figure, judged.verdict) == (pytest.approx(figure), verdict)


def test_what_must_be_nothing_is_met_by_nothing_alone() -> None:
    row = Row("k", "what", "ours", must=0, stretch=0, unit="bytes")
    verdicts = [judge(row, {"ours": samples(value)}) for value in (0, 1)]
    assert [judged.verdict for judged in verdicts if judged] == ["stretch", "no"]


@pytest.mark.parametrize("there", [{}, {"ours": samples(1)}, {"theirs": samples(1)}])
def test_what_was_not_measured_is_not_judged(there: dict[str, list[Sample]]) -> None:
    assert judge(SLOWER, there) is None
    assert "not measured" in goals_table([SLOWER], there)


def test_the_table_shows_what_was_measured() -> None:
    there = {"ours": samples(4, 3, 5), "theirs": samples(2)}
    lines = goals_table([SLOWER], there).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[-1] == (
        "| what | 3.00x | 2.00x | 4.00 s (3.00–5.00) | theirs: 2.00 s (once) | 2.00x | stretch |"
    )


def test_everything_measured_is_listed() -> None:
    there = {"ours": [Sample(4, 6.0, 1500), Sample(2, 7.0, 0.5)], "size": samples(1200), "none": []}
    lines = samples_table(there, {"size": "MiB"}).splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2:] == [
        "| ours | 2 | 3.00 s | 2.00 to 4.00 | 4.00 | 6.50 | 750 |",
        "| size | 1 | 1,200 MiB | 1,200 to 1,200 | 1,200 |  |  |",
    ]


@pytest.mark.parametrize(("share", "value"), [(0.95, 19), (0.5, 10), (1, 20), (0, 1)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(20, 0, -1), share) == value


# The document


def test_every_goal_belongs_to_one_block() -> None:
    assert sorted(key for block in BLOCKS for key in block.rows) == sorted(r.key for r in ROWS)


def test_figures_replace_the_figures_before(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text(f"# Before\n{BEGIN}\nold\n{END}\n# After\n")
    write(document, "new\n")
    assert document.read_text() == f"# Before\n{BEGIN}\n\nnew\n\n{END}\n# After\n"


def test_a_document_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Mine\n")
    with pytest.raises(ValueError, match="no place"):
        write(document, "new")
    assert document.read_text() == "# Mine\n"


# The plot


def test_a_plot_has_every_line_with_its_name_within_the_picture() -> None:
    lines = [Line(f"<{number}>", [(10, number + 1), (1_000, 1.0)]) for number in range(7)]
    root = ElementTree.fromstring(drawing("a & b", [Panel("seconds", lines)] * 2))
    texts = [element.text for element in root.iter() if element.tag.endswith("text")]
    assert [text for text in texts if text and text.startswith("<")] == [
        line.name for line in lines
    ] * 2
    heights = [float(element.get("y", "0")) for element in root.iter()]
    assert max(heights) < float(root.get("viewBox", "").split()[3])
    labels = [
        float(element.get("y", "0"))
        for element in root.iter()
        if element.tag.endswith("text") and (element.text or "").startswith("<")
    ][:7]
    assert all(low + 12 < high for low, high in pairwise(sorted(labels)))


def test_growth_is_drawn_and_told_for_what_was_measured() -> None:
    found = {
        size: {name: samples(size / 1000) for name in (*growth.TIMES, *growth.PEAKS)}
        for size in (1_000, 10_000)
    }
    del found[10_000][growth.TIMES[0]]
    lines = growth.table(found).splitlines()
    assert lines[0] == "| messages | 1,000 | 10,000 |"
    assert lines[2] == f"| {growth.TIMES[0]} | 1.00 s | – |"
    assert lines[-1] == f"| {growth.PEAKS[-1]} | 1 MiB | 10 MiB |"
    ElementTree.fromstring(growth.plot(found))
