"""What the drivers share: arguments, one printed line a check, and the closing count.

A check is a function that raises AssertionError, or anything else, where the protocol is not
kept. Drivers never assert on prose: a model may say what it likes.
"""

import argparse
import dataclasses
import re
import sys
import traceback
import uuid
from collections.abc import Callable, Mapping

RECEIPT_HEADER = "portreeve-receipt"
DECISION_HEADER = "portreeve-decision"


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a driver is pointed, and whether a gateway or the bare upstream answers."""

    base_url: str
    token: str
    model: str
    never_permitted: str | None
    through_gateway: bool


def target(description: str) -> Target:
    """The target from the command line; the token comes by a file, never by an argument."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--base-url", required=True, help="origin without a path")
    parser.add_argument("--token-file", required=True, help="a file that holds only the token")
    parser.add_argument("--model", required=True)
    parser.add_argument("--never-permitted", help="a declared model that no policy permits")
    parser.add_argument(
        "--bare",
        action="store_true",
        help="the upstream itself answers: skip what only the gateway promises",
    )
    given = parser.parse_args()
    with open(given.token_file, encoding="ascii") as file:
        token = file.read().strip()
    return Target(given.base_url, token, given.model, given.never_permitted, not given.bare)


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


def refused_with(kind: type[Exception], status: int, call: Callable[[], object]) -> Exception:
    """Run `call`, which must raise exactly the SDK's error `kind` with HTTP `status`."""
    try:
        call()
    except kind as refusal:
        assert refusal.status_code == status, f"status {refusal.status_code}, not {status}"
        return refusal
    raise AssertionError(f"nothing was refused; expected {kind.__name__}")


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


def alike(one: Exception, other: Exception, names: tuple[str, str]) -> None:
    """Two refusals that must not be told apart, but for the name asked for and the ids."""

    def seen(refusal: Exception, name: str) -> tuple[int, list[str], str]:
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
