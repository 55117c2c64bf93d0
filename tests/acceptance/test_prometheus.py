"""What stands in `deploy/` as Prometheus itself takes it: rules, configuration, figures, every panel's expression."""

import contextlib
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.acceptance.asking import place, voices_in
from tests.acceptance.watching import BOUND, figure, get
from tests.unit.monitoring.test_deploy import ALERTS, DASHBOARD, DEPLOY, PANELS
from tests.waiting import wait_until

from playvoice.simulator.configuration import COMPANY, LOOPBACK, free_ports
from playvoice.simulator.world import Cast, World

pytestmark = pytest.mark.peer("prometheus")

ABSENT = {"playvoice_trunk_registered": "the trunk wants none", "playvoice_customers_waiting": "nobody does"}
"""Figures without any series where all is well, and why."""


def promtool(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(
        ["promtool", *arguments], input=text, cwd=DEPLOY, capture_output=True, text=True, timeout=BOUND, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_each_alert_is_raised_when_it_is_to_be_and_not_before() -> None:
    assert "SUCCESS" in promtool("test", "rules", "playvoice.rules.test.yml")


def test_an_alert_that_was_changed_fails_its_test(tmp_path: Path) -> None:
    rules = (DEPLOY / "playvoice.rules.yml").read_text(encoding="utf-8")
    (tmp_path / "playvoice.rules.yml").write_text(rules.replace("> 0.9", "> 0.99"), encoding="utf-8")
    tests = tmp_path / "playvoice.rules.test.yml"
    tests.write_text((DEPLOY / tests.name).read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(AssertionError, match="PlayVoiceMediaFull"):
        promtool("test", "rules", str(tests))


def test_the_configuration_can_be_used_with_its_rules() -> None:
    assert f"{len(ALERTS)} rules found" in promtool("check", "config", "--lint-fatal", "prometheus.yml")


class Prometheus:
    """A Prometheus with the files of `deploy/` that reads a server's figures once a second."""

    def __init__(self, folder: Path, target: str) -> None:
        config = yaml.safe_load((DEPLOY / "prometheus.yml").read_text(encoding="utf-8"))
        config["global"] = {"evaluation_interval": "1s"}
        config["rule_files"] = [str(DEPLOY / name) for name in config["rule_files"]]
        (job,) = config["scrape_configs"]
        job |= {"scrape_interval": "1s", "scrape_timeout": "1s", "static_configs": [{"targets": [target]}]}
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(config))
        self._address = f"{LOOPBACK}:{free_ports(1)[0]}"
        self._log = (folder / "prometheus.log").open("wb")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={file}",
                f"--storage.tsdb.path={folder / 'series'}",
                f"--web.listen-address={self._address}",
            ],
            stdout=self._log,
            stderr=self._log,
        )

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()

    def ask(self, path: str, **parameters: str) -> Any:
        """What its API says; None while it says nothing yet."""
        try:
            url = f"http://{self._address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
            with urllib.request.urlopen(url, timeout=BOUND) as answer:
                return json.loads(answer.read())["data"]
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.SERVICE_UNAVAILABLE:
                return None  # it starts
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None
        except urllib.error.URLError:
            return None

    def result(self, expression: str) -> list[Any]:
        """The series that an expression gives now, of a dashboard or of an alert."""
        for variable, value in {"$instance": ".*", "$__rate_interval": "30s"}.items():
            expression = expression.replace(variable, value)
        told = self.ask("query", query=expression)
        return list(told["result"]) if told else []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    voices = voices_in(tmp_path)
    cast = Cast(callee={"": {"as": "answer"}}, setting={"company": {"key_time": 0}})
    with World(tmp_path / "world", voices, cast) as made:
        yield made


def test_every_panel_and_every_alert_finds_its_figures_while_calls_run(world: World, tmp_path: Path) -> None:
    with contextlib.closing(Prometheus(tmp_path, world.http)) as prometheus:
        wait_until(lambda: prometheus.result("up == 1"), "Prometheus reads the server")
        for number in range(3):
            place(world.client(), f"1333333000{number}")
        delivered = {"company": COMPANY, "result": "delivered"}
        wait_until(
            lambda: figure(world, "playvoice_callback_attempts_total", **delivered) == 3, "the calls are reported"
        )
        wait_until(
            lambda: prometheus.result("increase(playvoice_callback_attempts_total[30s]) > 0"), "it has read that"
        )
        promtool("check", "metrics", text=get(world, "/metrics")[1])

        shown = [(panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]]
        empty = [each for each in shown if not prometheus.result(each[1])]
        assert [each for each in empty if not any(name in each[1] for name in ABSENT)] == []
        for annotation in DASHBOARD["annotations"]["list"]:
            prometheus.result(annotation["expr"])

        for alert in ALERTS:
            for figures in re.findall(r"\b(?:playvoice|process)_\w+(?:\{[^}]*\})?", alert["expr"]):
                assert prometheus.result(figures) or figures in ABSENT, alert["alert"]
        wait_until(lambda: all_evaluated(prometheus), "each alert is looked at")
        rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
        assert {rule["name"] for rule in rules} == {alert["alert"] for alert in ALERTS}
        assert not [rule["name"] for rule in rules if rule["state"] == "firing"]


def all_evaluated(prometheus: Prometheus) -> bool:
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert not [rule for rule in rules if rule.get("lastError")]
    return bool(rules) and all(rule["health"] == "ok" for rule in rules)
