"""The benchmark's parts: statistics, plots, reports, and small runs against real servers."""

from __future__ import annotations

import json
import math
import re
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import apsw
import pytest
from bench import catchers, figures, filling, load, plot, read_cells, retention, start, throughput, waiting
from bench.asking import Question, answers_of, asking
from bench.figures import Quantiles, Spread
from bench.load import Load, NotSentError
from bench.peers import EDGEMAIL, FEW, SMTP_SINK, Keeping, Peer, parse_peer
from bench.peers import catchers as catchers_peers
from bench.pipelining import make_body
from bench.processes import ProcessTree
from bench.progress import Progress
from bench.report import SECTIONS, write_into, write_report
from bench.results import Aim, Section, Table
from bench.servers import NotStartedError, run_edgemail, running
from hypothesis import given
from hypothesis import strategies as st
from testkit.clean_environment import ROOT
from testkit.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SVG = "{http://www.w3.org/2000/svg}"


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=300))
def test_quantiles_are_figures_that_so_many_do_not_exceed(values: list[float]) -> None:
    """p99 is the smallest value that 99 of 100 do not exceed."""
    found = Quantiles.of(values)
    for share, value in ((0.5, found.p50), (0.99, found.p99)):
        assert value in values
        assert sum(value <= value for value in values) >= share * len(values)
        assert sum(value < value for value in values) < share * len(values)
    assert (found.count, found.highest) == (len(values), max(values))


def test_a_spread_is_the_median_between_the_extremes() -> None:
    """The order of rounds does not matter."""
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert Quantiles.of([]) == Quantiles(0, 0.0, 0.0, 0.0)


def test_a_ratio_to_nothing_is_none() -> None:
    """Without a figure of the other server there is no ratio."""
    assert figures.ratio(3.0, 2.0) == 1.5
    assert figures.ratio(3.0, 0.0) is None


@pytest.mark.parametrize(
    ("cost", "exponent", "is_worse"),
    [
        (lambda n: 7.0, 0.0, False),
        (lambda n: 3 * n, 1.0, False),
        (lambda n: n * math.log2(n), 1.1, False),
        (lambda n: n**1.5, 1.5, True),
        (lambda n: 0.001 * n**2, 2.0, True),
    ],
)
def test_what_grows_faster_than_n_log_n_is_told(cost: object, exponent: float, is_worse: bool) -> None:
    """The fit finds the exponent for any constant factor."""
    assert callable(cost)
    points = [(float(n), cost(n)) for n in (1_000, 10_000, 100_000, 1_000_000)]
    assert figures.fit_exponent(points) == pytest.approx(exponent, abs=0.02)
    assert figures.is_worse_than_n_log_n(points) is is_worse


def test_an_exponent_needs_two_different_n() -> None:
    """One point has no slope."""
    with pytest.raises(ValueError, match="constant"):
        figures.fit_exponent([(10.0, 1.0), (10.0, 2.0)])


def test_bars_are_as_long_as_their_values() -> None:
    """A plot is well-formed XML, and its texts are escaped."""
    svg = plot.bar_chart("Speed <&>", ["a & b", "c"], [100.0, 50.0], ranges=[(90, 110), (40, 60)], highlight="c")
    root = ET.fromstring(svg)
    widths = [float(shape.attrib["width"]) for shape in root.iter(f"{SVG}rect") if shape.attrib["width"] != "100%"]
    assert widths[0] == pytest.approx(2 * widths[1], rel=0.01)
    assert root.findtext(f"{SVG}title") == "Speed <&>"
    assert "a & b" in [shape.text for shape in root.iter(f"{SVG}text")]


def test_lines_on_logarithmic_axes_are_straight_for_powers() -> None:
    """y = x² goes through the middle of the plot at the middle of its ends."""
    series = {"square": [(10.0, 100.0), (100.0, 10_000.0), (1_000.0, 1_000_000.0)]}
    root = ET.fromstring(plot.line_chart("t", series, x_label="x", y_label="y", log_x=True, log_y=True))
    (line,) = root.iter(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    for axis in (0, 1):
        first, middle, last = (point[axis] for point in points)
        assert middle == pytest.approx((first + last) / 2, abs=0.2)
    assert points[0][1] > points[-1][1]  # up is less in SVG


@pytest.mark.parametrize("log", [False, True])
def test_a_plot_of_nothing_or_of_one_point_is_one(*, log: bool) -> None:
    """An empty plot is drawn all the same, so that an interrupted run has its report."""
    for points in ([], [(5.0, 5.0)]):
        if points or not log:
            ET.fromstring(plot.line_chart("t", {"a": points}, x_label="x", y_label="y", log_x=log, log_y=log))
    ET.fromstring(plot.bar_chart("t", [], []))


def test_a_logarithmic_axis_refuses_what_has_no_logarithm() -> None:
    """A logarithmic axis refuses 0."""
    with pytest.raises(ValueError, match="logarithmic"):
        plot.line_chart("t", {"a": [(0.0, 1.0)]}, x_label="x", y_label="y", log_x=True)


@pytest.mark.parametrize(
    ("number", "text"), [(0.1234, "0.123"), (5, "5"), (999.4, "999"), (12_345, "12.3k"), (2_000_000, "2M")]
)
def test_numbers_are_written_short(number: float, text: str) -> None:
    """Numbers are written with few digits."""
    assert plot.write_number(number) == text


@pytest.mark.needs_postfix
def test_peers_that_run_already_are_named_with_their_place(tmp_path: Path) -> None:
    """A peer is NAME=HOST:PORT; other forms get an error that says so."""
    with run_edgemail(tmp_path) as server:
        peer = parse_peer(f"mine=127.0.0.1:{server.port}")
        with peer.run(tmp_path) as found:
            figure = load.send(found, Load(1_000, 2), 10)
    assert (found.name, found.port, peer.keeping) == ("mine", server.port, Keeping.UNKNOWN)
    assert figure.messages_s > 0 == figure.cpu_us
    for wrong in ("mine", "mine=host", "=host:25", "mine=host:smtp", "mine=:25"):
        with pytest.raises(ValueError, match="NAME=HOST:PORT"):
            parse_peer(wrong)


def test_a_report_has_every_section_that_was_measured(tmp_path: Path) -> None:
    """The report is made of saved files, so that sections can be measured on different days."""
    for name, figure in (("retention", "2.0 x"), ("throughput", "1.1 x")):
        section = Section(name, is_full=False, load_before=0.1 if name == "throughput" else 12.0)
        section.tables.append(Table("A table", ["what", "n"], [["this", "1"]], "A note."))
        section.plots["p"] = plot.bar_chart("p", ["a"], [1.0])
        section.aims.append(Aim("as fast as that", figure, is_reached=name == "throughput"))
        section.save(tmp_path)
    content = json.loads((tmp_path / "throughput.json").read_text())
    assert {"name", "at", "is_full", "machine", "tables", "plots", "aims", "figures", "load_before"} == set(content)
    report = write_report(tmp_path)
    assert report.index("## Messages a second") < report.index("## Retention")
    assert "| as fast as that | 1.1 x | reached |" in report
    assert "| as fast as that | 2.0 x | **not reached**, but the machine may have been busy |" in report
    for found in re.findall(r"!\[p\]\((.*)\)", report):
        ET.parse(tmp_path / found)
    assert report == (tmp_path / "report.md").read_text()


def test_a_page_takes_the_report_over(tmp_path: Path) -> None:
    """Each part between the marks that name it, with the plots in their folder; other pages are left alone."""
    section = Section("reading", is_full=False)
    section.plots["p50"] = plot.bar_chart("p", ["a"], [1.0])
    section.save(tmp_path)
    images = tmp_path / "images"
    first, second, other = pages = [tmp_path / "explanation" / name for name in ("1.md", "2.md", "3.md")]
    first.parent.mkdir()
    images.mkdir()
    first.write_text("before\n<!-- report: machine aims -->\nold<!-- /report --> after")
    second.write_text("<!-- report: throughput reading -->\nold\n<!-- /report -->\n")
    other.write_text("nothing")
    assert write_into(pages, tmp_path, images) == [first, second]
    text = first.read_text()
    assert text.startswith("before\n<!-- report: machine aims -->\n## The machine\n")
    assert text.endswith("<!-- /report --> after")
    assert "\n## Aims\n" in text
    text = second.read_text()
    assert text.startswith("<!-- report: throughput reading -->\n## Reading\n")
    assert "(../images/bench-reading-p50.svg)" in text
    assert not any("old" in page.read_text() for page in pages)
    ET.parse(images / "bench-reading-p50.svg")
    assert other.read_text() == "nothing"
    second.write_text("nothing")
    with pytest.raises(ValueError, match="no page has a place for: reading"):
        write_into(pages, tmp_path, images)
    assert "## The machine" in first.read_text()


def test_the_docs_have_a_place_for_each_part_of_the_report() -> None:
    """Once each, whichever parts are measured."""
    texts = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").rglob("*.md")]
    mark = re.compile(r"<!-- report: ([a-z ]+) -->\n.*?<!-- /report -->", re.DOTALL)
    marks = [names for text in texts for names in mark.findall(text)]
    assert sorted(name for names in marks for name in names.split()) == sorted(["machine", "aims", *SECTIONS])


def test_a_filled_database_is_one_that_edgemail_serves(tmp_path: Path) -> None:
    """Each inbox has its messages with their summaries, and the counts are right."""
    filling.fill(tmp_path / "mail.db", 1_000)
    with run_edgemail(tmp_path, str(tmp_path / "mail.db")) as server:
        path = f"/api/inboxes/{filling.address(3)}/messages"
        listing = answers_of_one(server.http_port, path)
        assert answers_of_one(server.http_port, "/api/messages/3")["200"] == 1
    assert listing == {"200": 1}
    connection = apsw.Connection(str(tmp_path / "mail.db"))
    counts = ["(SELECT count(*) FROM inbox WHERE address = ?)", "(SELECT count(*) FROM summary)"]
    count = f"SELECT messages, size, {', '.join(counts)}, (SELECT count(*) FROM search_fields)"
    found = connection.execute(f"{count} FROM usage", (filling.address(3),)).fetchall()
    octets = connection.execute("SELECT sum(length(data)) FROM mail").get
    connection.close()
    assert found == [(1_000, octets, filling.INBOX_MESSAGES, 1_000, 1_000)]


def answers_of_one(port: int, path: str) -> dict[str, int]:
    with asking(port, [Question("GET", path)]) as reader:
        statuses: dict[str, int] = answers_of(reader)["statuses"]
        return statuses


@pytest.mark.slow
@pytest.mark.needs_postfix
def test_real_servers_are_measured_in_turns(tmp_path: Path) -> None:
    """A small run with both senders; a server that does not start is listed with its reason."""

    def fail(_: Path) -> None:
        raise NotStartedError("it is broken")

    broken = Peer("broken", Keeping.UNKNOWN, fail)  # type: ignore[arg-type]
    loads = (Load(1_000, 3), Load(1_000, 3, is_pipelined=True), Load(1_000, 2, is_reconnecting=True))
    work = [(load, (EDGEMAIL, SMTP_SINK, broken)) for load in loads]
    run = throughput.measure(work, 1, 0.05, Progress("test", 6), tmp_path)
    assert not list(tmp_path.iterdir())  # what each load left would fill a disk
    assert run.missing == {"broken": "it is broken"}
    assert [(cell.peer.name, cell.failure) for cell in run.cells] == [("edgemail", ""), ("smtp-sink", "")] * 3
    assert all(cell.messages_s and cell.messages_s.median > 0 for cell in run.cells)
    section = throughput.report(run, is_full=False)
    section.save(tmp_path / "out")
    assert "did not start: it is broken" in write_report(tmp_path / "out")
    full = throughput.report(run, is_full=True)
    assert [table.title for table in full.tables] == ["All loads", "Peak memory"]
    assert len(full.tables[0].rows) == 3
    assert not [cell for row in full.tables[0].rows for cell in row if cell in ("-", "0")]


@pytest.mark.needs_postfix
def test_a_message_that_is_refused_is_no_figure(tmp_path: Path) -> None:
    """A refused message is an error of both senders, with the server's reply."""
    with run_edgemail(tmp_path, settings={"chaos": "data:451"}) as server:
        with pytest.raises(NotSentError, match="451"):
            load.send(server, Load(1_000, 2), 10)
        with pytest.raises(NotSentError, match="0 of 10 messages"):
            load.send(server, Load(1_000, 2, is_pipelined=True), 10)


def test_paced_mail_comes_no_faster_than_told_and_octet_for_octet(tmp_path: Path) -> None:
    """A paced load reports the waiting time of each 250."""
    with run_edgemail(tmp_path) as server:
        outcome = load.send_paced(server, rate=50, seconds=1, connections=3, body_bytes=5_000)
    assert 0 < outcome["accepted"] <= 52
    assert outcome["refused"] == outcome["lost_connections"] == 0
    assert outcome["commit_ms"]["count"] == outcome["accepted"]
    connection = apsw.Connection(str(tmp_path / "edgemail.db"))
    stored = connection.execute("SELECT data FROM mail").fetchall()
    connection.close()
    sent = make_body(5_000).decode().removesuffix(".\r\n")
    assert len(stored) == outcome["accepted"]
    assert all(str(data).endswith(sent) for (data,) in stored)


async def test_the_time_of_processes_that_have_ended_counts(tmp_path: Path) -> None:
    """CPU time includes child processes that have ended."""
    burn = "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done"
    command = ["sh", "-c", f"sh -c '{burn}'; echo done; sleep 30"]
    with running(command) as process:
        assert process.stdout
        assert process.stdout.readline() == "done\n"
        tree = ProcessTree(process.pid)
        assert tree.cpu_s() > 0
        await until(lambda: len(tree.pids()) == 2)
        assert tree.memory_bytes() > 0


def test_the_short_form_measures_the_aims_and_the_full_one_everything() -> None:
    """Both the short and the full form have the load of each aim."""
    short, full = (dict(throughput.plan(is_full=is_full, others=())) for is_full in (False, True))
    for name in throughput.CLOSER:
        assert set(FEW) <= set(short[name]) <= set(full[name])
    assert set(short) <= set(full)
    assert {name.body_bytes for name in full} == {1_000, 4_000, 100_000, 5_000_000}
    assert {name.connections for name in full} == {1, 10, 50, 200}


@pytest.mark.slow
def test_starts_are_timed_in_turns_with_another_environments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to the first code that is read, and beside it the memory; the first start of each does not count."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(start, "_IDLE_S", 0.0)
    section = start.measure(1, sys.executable, "file")
    for figures_of_one in section.figures.values():
        (one,) = figures_of_one
        assert 0 < one["greeting_s"] <= one["http_s"]
        assert 0 < one["idle_mib"] < one["read_mib"]
        assert one["code_s"] > 0
    assert [len(row) for row in section.tables[0].rows] == [4] * 5
    assert len(section.aims) == 3


@pytest.mark.slow
def test_retention_is_watched_until_what_has_expired_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small run of the whole section."""
    monkeypatch.setattr(retention, "_EXPIRED", 2_000)
    monkeypatch.setattr(retention, "_BASELINE_S", 0.5)
    section = retention.measure(tmp_path, Progress("test", 4), is_full=False)
    assert section.figures["is_gone"] is True
    assert section.figures["during"]["refused"] == 0
    assert len(section.aims) == 2
    ET.fromstring(section.plots["file"])


@pytest.mark.slow
@pytest.mark.needs_postfix
def test_mail_catchers_are_sent_mail_and_asked_with_much_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small run of the whole section; one that is not built is listed with its reason."""
    monkeypatch.setattr(catchers, "LOADS", (Load(1_000, 2),))
    for name, figure in (("_ROUNDS", 1), ("_ROUND_S", 0.05), ("_ASK_ROUNDS", 1), ("_ASKED_S", 0.05)):
        monkeypatch.setattr(catchers, name, figure)
    monkeypatch.setattr(catchers_peers, "BUILT", tmp_path / "nothing")
    section = catchers.measure(tmp_path, Progress("test", 30), is_full=False, kept=200)
    figures_kept = section.figures["kept"]["edgemail"]
    assert "failure" not in figures_kept
    assert len(figures_kept) == 8
    assert all(value > 0 for value in figures_kept.values())
    assert section.tables[0].rows[0][1] not in {"-", "0"}
    assert [row[0] for row in section.tables[-1].rows] == ["Mailpit", "Inbucket", "MailHog"]
    assert section.aims == []


@pytest.mark.slow
def test_the_commonest_reads_are_timed_beside_their_aims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with its aim; a server that is not built is named, and asked nothing."""
    monkeypatch.setattr(read_cells, "ROUNDS", 1)
    monkeypatch.setattr(catchers_peers, "BUILT", tmp_path / "nothing")
    section = Section("reading", is_full=False)
    read_cells.measure(section, tmp_path, Progress("test", read_cells.steps()), questions=5, kept=120)
    assert set(section.figures["cells_ms"]) == set(read_cells.AIMS_MS)
    assert [aim.aim for aim in section.aims] == [
        f"{cell} among 120 messages: p50 within {ms:.1f} ms" for cell, ms in read_cells.AIMS_MS.items()
    ]
    (table,) = section.tables
    assert table.columns == ["p50 ms", "aim for edgemail", "edgemail"]
    assert all(float(row[-1]) > 0 for row in table.rows)
    assert "Inbucket: it is not built" in table.note


@pytest.mark.slow
def test_waiting_for_a_code_is_timed_beside_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small run of the whole section; Mailpit is listed with its reason where it is not built."""
    monkeypatch.setattr(catchers_peers, "BUILT", tmp_path / "nothing")
    section = waiting.measure(tmp_path, Progress("test", 10), is_full=False, rounds=3)
    timed, missing = section.tables
    assert [row[0].partition(" ")[0].rstrip(",") for row in timed.rows] == [
        "edgemail.testing",
        "smtpdfix",
        "aiosmtpd's",
    ]
    assert [row[0].partition(",")[0] for row in missing.rows] == ["Mailpit", "Mailpit"]
    assert [aim.aim for aim in section.aims] == [
        "send to code, sent before: 3 ms",
        "send to code, sent while it waits: 3 ms",
    ]


def test_a_load_is_read_from_text() -> None:
    """Octets and connections, and whether each message has a connection of its own."""
    assert load.parse_load("5000000:50") == Load(5_000_000, 50)
    assert load.parse_load("4000:200:each") == Load(4000, 200, is_reconnecting=True)
    for text in ("", "4000", "4000:", "4000:x", "4k:1", "4000:1:all"):
        with pytest.raises(ValueError, match="is not SIZE:CONNECTIONS"):
            load.parse_load(text)
