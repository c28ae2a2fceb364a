"""What the gateway tells of itself, read by programs nobody here wrote: promtool and Prometheus.

It runs last: everything the other drivers did stands in the metrics. While Prometheus scrapes, it
makes some more calls, so that rates are rates of something.
"""

import json
import math
import pathlib
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

import harness

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
REFERENCE = EXAMPLES.parent / "docs/reference/metrics.md"
JOB = "portreeve"
SCRAPES = 8
"""How many scrapes Prometheus makes before panels are asked: rates need some."""


def fetch(url: str, method: str = "GET", **more) -> bytes:
    """What a URL answers; anything but success raises."""
    with urllib.request.urlopen(
        urllib.request.Request(url, method=method, **more), timeout=10
    ) as answer:
        return answer.read()


def said(text: str, *words: str, folder: pathlib.Path = EXAMPLES) -> str:
    """What a command prints that must end well, with `text` on its standard input."""
    done = subprocess.run(
        words, input=text, capture_output=True, text=True, cwd=folder, timeout=60, check=False
    )
    assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"
    return done.stdout + done.stderr


class Prometheus:
    """A Prometheus server on a port of its choice, over a folder that ends with it."""

    def __init__(self, scraped: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        here = pathlib.Path(self.folder.name)
        text = (EXAMPLES / "prometheus/prometheus.yaml").read_text(encoding="utf-8")
        assert "127.0.0.1:9464" in text and "15s" in text
        text = text.replace("127.0.0.1:9464", scraped).replace("15s", "1s")
        (here / "prometheus.yaml").write_text(text, encoding="utf-8")
        rules = (EXAMPLES / "prometheus/alerts.yaml").read_text(encoding="utf-8")
        (here / "alerts.yaml").write_text(rules, encoding="utf-8")
        self.log = (here / "log").open("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={here / 'prometheus.yaml'}",
                f"--storage.tsdb.path={here / 'data'}",
                "--web.listen-address=127.0.0.1:0",
            ],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        self.url = f"http://{self.listens()}"

    def listens(self) -> str:
        """The address it chose."""
        until = time.monotonic() + harness.PATIENCE_S
        while time.monotonic() < until:
            text = pathlib.Path(self.log.name).read_text(encoding="utf-8")
            found = re.search(r'msg="Listening on" .*?address=(127\.0\.0\.1:[1-9]\d*)', text)
            if found:
                return found.group(1)
            assert self.process.poll() is None, f"Prometheus ended: {text[-400:]}"
            time.sleep(0.05)
        raise AssertionError("Prometheus does not say where it listens")

    def api(self, path: str, **query: str):
        """What its API answers."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            answer = json.loads(fetch(url))
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{path} {query}: {problem.read()[:300]!r}") from problem
        assert answer["status"] == "success", answer
        return answer["data"]

    def series(self, expression: str) -> list:
        """The series of an expression at this moment."""
        return self.api("query", query=expression)["result"]

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(timeout=harness.PATIENCE_S)
        self.log.close()
        self.folder.cleanup()


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.records = harness.Records(where)
        listeners = self.records.read("status", "--json")["listeners"]
        # Where agents connect stands first, then the listener of metrics.
        self.scraped = listeners[1].removeprefix("http://")

    def text(self) -> str:
        """The metrics as they are scraped."""
        return fetch(f"http://{self.scraped}/metrics").decode()

    def ask(self, model: str, stream: bool) -> None:
        """One call, whatever comes of it."""
        body = {
            "model": model,
            "stream": stream,
            "messages": [{"role": "user", "content": "hello"}],
        }
        headers = {
            "authorization": f"Bearer {self.where.token}",
            "content-type": "application/json",
        }
        try:
            fetch(
                f"{self.where.base_url}/v1/chat/completions",
                method="POST",
                data=json.dumps(body).encode(),
                headers=headers,
            )
        except urllib.error.HTTPError as problem:
            problem.read()

    def passes_promtool(self) -> None:
        said(self.text(), "promtool", "check", "metrics")

    def names_what_the_reference_names(self) -> None:
        page = REFERENCE.read_text(encoding="utf-8")
        for name in re.findall(r"^# TYPE (\S+) ", self.text(), re.MULTILINE):
            assert f"| `{name}` |" in page, name

    def examples_are_sound(self) -> None:
        folder = EXAMPLES / "prometheus"
        said("", "promtool", "check", "config", "prometheus.yaml", folder=folder)
        said("", "promtool", "check", "rules", "alerts.yaml", folder=folder)
        said("", "promtool", "test", "rules", "alerts_test.yaml", folder=folder)

    def is_scraped(self, prometheus: Prometheus) -> None:
        until = time.monotonic() + 3 * harness.PATIENCE_S
        scrapes = f'count_over_time(up{{job="{JOB}"}}[5m])'
        while True:
            for model in ("portreeve-demo", "never-permitted", "mock"):
                self.ask(model, stream=model == "portreeve-demo")
            seen = prometheus.series(scrapes)
            if seen and float(seen[0]["value"][1]) >= SCRAPES:
                break
            assert time.monotonic() < until, f"{scrapes}: {seen}"
        up = prometheus.series(f'up{{job="{JOB}"}}')
        assert [one["value"][1] for one in up] == ["1"], up

    def holds_every_rule(self, prometheus: Prometheus) -> None:
        until = time.monotonic() + harness.PATIENCE_S
        while True:
            groups = prometheus.api("rules")["groups"]
            rules = [rule for group in groups for rule in group["rules"]]
            if all(rule["health"] != "unknown" for rule in rules):
                break
            assert time.monotonic() < until, "rules are not evaluated"
        alerts = (EXAMPLES / "prometheus/alerts.yaml").read_text(encoding="utf-8")
        assert len(rules) == alerts.count("- alert:") > 0, len(rules)
        for rule in rules:
            assert rule["health"] == "ok", rule

    def draws(self, prometheus: Prometheus, expression: str) -> None:
        asked = expression.replace("$__rate_interval", "1m").replace("$job", JOB)
        assert "$" not in asked, asked
        series = prometheus.series(asked)
        assert series, f"no series: {asked}"
        values = [float(one["value"][1]) for one in series]
        assert any(math.isfinite(value) for value in values), f"{asked}: {values}"

    def run(self) -> None:
        checks = harness.Checks("observe")
        checks.run("promtool finds nothing wrong with the metrics", self.passes_promtool)
        checks.run("each metric stands in the reference", self.names_what_the_reference_names)
        checks.run("promtool accepts the examples and their tests", self.examples_are_sound)
        prometheus = Prometheus(self.scraped)
        try:
            checks.run("Prometheus scrapes the gateway", lambda: self.is_scraped(prometheus))
            checks.run("Prometheus evaluates every alert", lambda: self.holds_every_rule(prometheus))
            dashboard = json.loads((EXAMPLES / "grafana/portreeve.json").read_text("utf-8"))
            for panel in dashboard["panels"]:
                for target in panel.get("targets", []):
                    checks.run(
                        f"the panel `{panel['title']}` shows a series ({target['refId']})",
                        lambda expression=target["expr"]: self.draws(prometheus, expression),
                    )
        finally:
            prometheus.stop()
        checks.finish()


if __name__ == "__main__":
    Driver(harness.target(__doc__)).run()
