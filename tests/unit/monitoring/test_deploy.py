"""What stands in `deploy/` fits the server: figures that there are, labels that they have, times that suffice."""

import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.core import Metric
from tests.unit.calls.test_ledger import END
from tests.unit.monitoring.conftest import CARRIER, Account, Rooms

from playvoice.callbacks.manage import Backlog
from playvoice.callbacks.tables import State
from playvoice.config import ServerConfig
from playvoice.monitoring.events import Events
from playvoice.monitoring.families import families
from playvoice.monitoring.ports import Watched
from playvoice.monitoring.storage import Space, Stored
from playvoice.process.stopping import STOP_REST

ROOT = Path(__file__).parents[3]
DEPLOY = ROOT / "deploy"
RULES = yaml.safe_load((DEPLOY / "playvoice.rules.yml").read_text(encoding="utf-8"))
RULES_TESTS = yaml.safe_load((DEPLOY / "playvoice.rules.test.yml").read_text(encoding="utf-8"))
ALERTS: list[dict[str, Any]] = [rule for group in RULES["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text(encoding="utf-8"))
PANELS: list[dict[str, Any]] = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]

OF_PROMETHEUS = {"instance", "job"}
_FIGURE = re.compile(r"\b((?:playvoice|process)_\w+)\b(?:\{([^}]*)\})?")
_PROCESS = ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "max_fds", "start_time_seconds")


def expressions() -> Iterator[str]:
    yield from (alert["expr"] for alert in ALERTS)
    yield from (target["expr"] for panel in PANELS for target in panel["targets"])
    yield from (annotation["expr"] for annotation in DASHBOARD["annotations"]["list"])


@pytest.fixture
def known(watched: Watched, rooms: Rooms) -> dict[str, set[str]]:
    """The figures of a server at which everything has happened, each with its labels."""
    at = datetime(2026, 1, 2, tzinfo=UTC)
    rooms.trunks, rooms.extensions, rooms.waiting = [CARRIER], [Account("20280003")], {"2028": 1}
    rooms.customers["2028", "sales"] = 1
    rooms.companies = ["2028"]
    events = Events()
    events.know(rooms.companies)
    events.call_ended("2028", END)
    events.callback_attempted("2028", State.DELIVERED)
    stored = Stored(at, {"2028": Backlog(1, at)})
    told: list[Metric] = list(families(watched, stored, {"data": Space(1, 2)}, set(), now=1e9, at=at))
    samples = [sample for metric in (*told, *events.registry.collect()) for sample in metric.samples]
    processes = {f"{prefix}process_{name}": set[str]() for prefix in ("", "playvoice_media_") for name in _PROCESS}
    return processes | {sample.name: set(sample.labels) for sample in samples}


def test_each_figure_that_an_alert_or_a_panel_names_is_there_with_its_labels(known: dict[str, set[str]]) -> None:
    seen = 0
    for expression in expressions():
        figures = _FIGURE.findall(expression)
        labels = OF_PROMETHEUS.union(*(known[name] for name, _ in figures)) if figures else OF_PROMETHEUS
        for name, selector in figures:
            chosen = set(re.findall(r"(\w+)(?:=~?|!=|!~)\"", selector))
            assert chosen <= known[name] | OF_PROMETHEUS, expression
            seen += 1
        for grouped in re.findall(r"\bby \(([^)]*)\)", expression):
            assert set(re.split(r", *", grouped)) <= labels, expression
    assert seen > 50


def test_what_an_alert_says_is_known_where_it_is_raised(known: dict[str, set[str]]) -> None:
    for alert in ALERTS:
        named = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
        kept = re.search(r"\bby \(([^)]*)\)", alert["expr"])
        figures = [known[name] for name, _ in _FIGURE.findall(alert["expr"])]
        there = set(kept[1].split(", ")) if kept else OF_PROMETHEUS.union(*figures)
        assert named <= there, alert["alert"]


@pytest.mark.parametrize("page", ["monitoring.md", "monitoring.zh-CN.md"])
def test_each_alert_has_its_line_in_the_page(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(PlayVoice\w+)` \|", text, re.MULTILINE)) == {alert["alert"] for alert in ALERTS}


@pytest.mark.parametrize("page", ["faults.md", "faults.zh-CN.md"])
def test_each_alert_that_the_page_of_faults_names_is_there(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`(PlayVoice[A-Z]\w+)`", text))
    assert len(named) > 10
    assert named <= {alert["alert"] for alert in ALERTS}


def test_each_alert_has_a_test_in_which_it_is_raised_and_one_in_which_it_is_not() -> None:
    cases = [case for test in RULES_TESTS["tests"] for case in test["alert_rule_test"]]
    names = [alert["alert"] for alert in ALERTS]
    assert {case["alertname"] for case in cases if "exp_alerts" in case} == set(names)
    assert {case["alertname"] for case in cases if "exp_alerts" not in case} == set(names)


@pytest.mark.parametrize("page", ["monitoring.md", "monitoring.zh-CN.md"])
def test_each_figure_has_its_line_in_the_page(known: dict[str, set[str]], page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    told = set(re.findall(r"`(playvoice_\w+)`", text))
    ours = {re.sub(r"_(bucket|sum|count)$", "", name) for name in known if "process_" not in name}
    assert told == ours


def test_no_two_panels_lie_on_one_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        fields = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not fields & taken, panel["title"]
        assert place["x"] + place["w"] <= 24
        taken |= fields
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_prometheus_is_told_of_the_rules_and_of_the_job_that_they_name() -> None:
    config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
    assert [(DEPLOY / name).exists() for name in config["rule_files"]] == [True]
    jobs = {job["job_name"] for job in config["scrape_configs"]}
    assert {job for expression in expressions() for job in re.findall(r'job="(\w+)"', expression)} == jobs


@pytest.fixture
def unit() -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "playvoice.service", encoding="utf-8")
    return parser


def test_systemd_waits_for_what_it_is_told_and_for_the_longest_stop(unit: ConfigParser) -> None:
    service = unit["Service"]
    assert service["Type"] == "notify"
    assert service["KillMode"] == "mixed", "a stop is told to the server, and not to the worker that carries its calls"
    (longest,) = [bound.le for bound in ServerConfig.model_fields["stop_timeout"].metadata if hasattr(bound, "le")]
    assert int(service["TimeoutStopSec"]) > longest + STOP_REST


def test_a_server_that_could_not_start_is_started_again_for_ever_and_a_dead_child_does_not_end_it(
    unit: ConfigParser,
) -> None:
    assert unit["Unit"]["StartLimitIntervalSec"] == "0", "what it waits for may take longer than five tries"
    assert unit["Service"]["Restart"] == "always"
    assert unit["Service"]["OOMPolicy"] == "continue"


def test_a_reload_is_told_whether_the_file_could_be_taken(unit: ConfigParser) -> None:
    program, serve, *options = unit["Service"]["ExecStart"].split()
    assert serve == "serve"
    assert unit["Service"]["ExecReload"] == " ".join([program, "reload", *options[:2]])


def test_the_server_runs_as_nobody_special(unit: ConfigParser) -> None:
    service = unit["Service"]
    assert service["User"] == "playvoice"
    assert service["CapabilityBoundingSet"] == ""
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"


def test_the_image_takes_only_files_that_are_there_and_those_are_not_ignored() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    copied = [name for line in re.findall(r"^COPY (?!--)(.*) \S+$", text, re.MULTILINE) for name in line.split()]
    assert copied
    for name in copied:
        assert (ROOT / name).exists(), name
        assert f"!{name}" in let_in
