"""What the Python drivers share: the target, one printed line a check, and the closing count.

A check is a function that raises AssertionError, or anything else, where the protocol is not
kept. Drivers never assert on prose: a model may say what it likes.
"""

import argparse
import dataclasses
import json
import re
import subprocess
import sys
import time
import traceback
import uuid
from collections.abc import Callable, Mapping
from typing import Any

RECEIPT_HEADER = "portreeve-receipt"
DECISION_HEADER = "portreeve-decision"
MODEL_HEADER = "portreeve-model"
TARGET_HEADER = "portreeve-target"
ATTEMPTS_HEADER = "portreeve-attempts"

PATIENCE_S = 20
"""How long something that must come to pass may take."""


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a driver is pointed, and whether a gateway or the bare upstream answers.

    It comes from a file that only its owner reads, for it holds tokens.
    """

    base_url: str
    token: str
    through_gateway: bool
    models: Mapping[str, str]
    """What each role of a model is called here, such as `answers` or `never`."""
    can: frozenset[str]
    """What whoever answers here does beside answering, such as `count` or `models`."""
    granted_token: str | None = None
    """The token of an agent that holds tool grants beside model grants."""
    keeping_token: str | None = None
    """The token of another agent that may have conversations kept."""
    cli: tuple[str, ...] = ()
    """The product's own command over the gateway's home."""
    upstream: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """The `url` and the `key` of the mock behind the gateway, which says what it was sent."""

    @property
    def model(self) -> str:
        """The model of ordinary answers."""
        return self.models["answers"]

    def has(self, *words: str) -> bool:
        """Whether every word is a role that a model has here, or something that works here."""
        return all(word in self.models or word in self.can for word in words)


def target(description: str) -> Target:
    """The target from the file that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--target", required=True, help="a JSON file: see Target")
    with open(parser.parse_args().target, encoding="utf-8") as file:
        given = json.load(file)
    given["can"] = frozenset(given["can"])
    given["cli"] = tuple(given.get("cli", ()))
    return Target(**given)


class Records:
    """What the product's own command says of decisions and routes."""

    def __init__(self, where: Target) -> None:
        self.where = where

    def read(self, *words: str) -> Any:
        """What the command prints as JSON. Exit code 1 is a finding, not a failure."""
        done = subprocess.run(
            [*self.where.cli, *words], capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode in (0, 1), f"{words}: exit {done.returncode}: {done.stderr}"
        return json.loads(done.stdout)

    def explained(self, decision: object) -> dict[str, Any]:
        """The account of a decision with its outcome, once that is in the log."""
        until = time.monotonic() + PATIENCE_S
        while True:
            account = self.read("explain", str(decision), "--json")
            if account["outcome"] or not account["decision"]["verdict"]["allowed"]:
                return account
            assert time.monotonic() < until, f"{decision} has no outcome"
            time.sleep(0.05)

    def decisions(self, agent: str) -> dict[str, dict[str, Any]]:
        """Everything that was decided for an agent, by the decision's id, in order."""
        listed = self.read("decisions", "--agent", agent, "--limit", "10000", "--json")
        return {decision["id"]: decision for decision in listed}

    def token(self, agent: str, *more: str) -> str:
        """A fresh token of an agent; the command prints nothing else."""
        words = [*self.where.cli, "agent", "token", agent, *more]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()


class Checks:
    """Runs checks in order and counts them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.passed = 0
        self.failed = 0

    def run(self, what: str, check: Callable[[], None]) -> None:
        """Run one check and print one line for it; a failure also prints where."""
        try:
            check()
        except Exception as problem:  # noqa: BLE001 - any surprise is a failed check
            self.failed += 1
            where = traceback.extract_tb(problem.__traceback__)[-1]
            text = " ".join(str(problem).split())[:400]
            kind = type(problem).__name__
            line = f"{where.filename.rsplit('/', 1)[-1]}:{where.lineno}"
            print(f"FAIL {self.name}: {what}: {kind} at {line}: {text}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {self.name}: {what}", flush=True)

    def finish(self) -> None:
        """End the process: 0 where every check passed and there was one, otherwise 1."""
        sys.exit(0 if self.failed == 0 and self.passed > 0 else 1)


def refused_with(
    kind: type[Exception], status: int, call: Callable[[], object], code: str | None = None
) -> Any:
    """Run `call`, which must raise exactly the SDK's error `kind` with HTTP `status`.

    With `code`, the refusal is the gateway's own: it names that code, and its text names the
    decision, so that whoever reads the exception alone can ask about it.
    """
    try:
        call()
    except kind as refusal:
        found = getattr(refusal, "status_code", None) or getattr(refusal, "code", None)
        exact = type(refusal) is kind or found >= 500  # SDKs have finer classes for some of those
        assert exact, f"{type(refusal).__name__}, not {kind.__name__}"
        assert found == status, f"status {found}, not {status}: {refusal}"
        if code is not None:
            refused_by_the_gateway(refusal, code)
        return refusal
    raise AssertionError(f"nothing was refused; expected {kind.__name__}")


def refused_by_the_gateway(refusal: Any, code: str) -> None:
    """The error's body names the code, and its text names the decision that its header names."""
    error = refusal.response.json().get("error", {})
    (detail,) = error.get("details", [{}])
    own = error.get("portreeve") or detail.get("metadata", {})
    assert own.get("code") == code, f"code {own.get('code')}, not {code}: {refusal}"
    decision = str(decision_of(refusal.response.headers))
    assert own.get("decision") == decision, f"{own} names another decision than the header"
    assert decision in str(refusal), f"the message does not name its decision: {refusal}"


def decision_of(headers: Mapping[str, str]) -> uuid.UUID:
    """The decision's id, which every answer of the gateway carries, refusals included."""
    text = headers.get(DECISION_HEADER)
    assert text, f"no {DECISION_HEADER} header"
    decision = uuid.UUID(text)
    assert decision.version == 7, f"{text} is not a UUIDv7"
    return decision


def receipt_of(headers: Mapping[str, str]) -> str:
    """The receipt, which every forwarded answer carries: one line of visible ASCII."""
    text = headers.get(RECEIPT_HEADER)
    assert text, f"no {RECEIPT_HEADER} header"
    assert re.fullmatch(r"[!-~]+( [!-~]+)*", text), "the receipt is not header-safe ASCII"
    return text


def forwarded(headers: Mapping[str, str], model: str) -> uuid.UUID:
    """A forwarded answer says which decision, which model and which target it is of."""
    receipt_of(headers)
    assert headers.get(MODEL_HEADER) == model, headers.get(MODEL_HEADER)
    assert "/" in headers.get(TARGET_HEADER, ""), headers.get(TARGET_HEADER)
    assert int(headers.get(ATTEMPTS_HEADER, "0")) >= 1, headers.get(ATTEMPTS_HEADER)
    return decision_of(headers)


def alike(one: Any, other: Any, names: tuple[str, str]) -> None:
    """Two refusals that must not be told apart, but for the name asked for and the ids."""

    def seen(refusal: Any, name: str) -> tuple[int, list[str], str]:
        response = refusal.response
        text = response.text.replace(name, "NAME")
        for header in (DECISION_HEADER, "x-request-id", "request-id"):
            if response.headers.get(header):
                text = text.replace(response.headers[header], "ID")
        return response.status_code, sorted(response.headers.keys()), text

    first, second = seen(one, names[0]), seen(other, names[1])
    assert first == second, f"{first} can be told from {second}"


def not_forwarded(headers: Mapping[str, str]) -> None:
    """A refusal carries no receipt: nothing was forwarded."""
    assert RECEIPT_HEADER not in headers, "a refusal came with a receipt"


def forged(token: str) -> str:
    """The token with one letter of its signature changed."""
    return token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]
