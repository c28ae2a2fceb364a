"""Drive the gateway before providers that fail, with the vendors' unmodified SDKs.

The models are those of e2e/charter: `X-then-spare` fails in the way X at its first provider and
has a second one that is well, `X-not-spare` too but the failure must stand, `only-X` has nowhere
else to go. What came of each call is read back from the log, by the product's own command.
"""

import os
import time

import anthropic
import openai
from google import genai
from google.genai import errors, types

import harness

MESSAGES = [{"role": "user", "content": "Say hello."}]
FIRST, SECOND = "mock", "spare"


class Vendor:
    """One vendor's SDK, asked for one small answer."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where

    kind: str
    """The kind of its providers, with which their names end."""

    def ask(self, model: str):
        """The answer's headers, and why it ended."""
        raise NotImplementedError

    def stream(self, model: str):
        """The stream's headers, and its parts, one by one."""
        raise NotImplementedError


class OpenAI(Vendor):
    kind = "openai"
    rate_limited, unavailable = openai.RateLimitError, openai.InternalServerError
    server_error, rejected = openai.InternalServerError, openai.BadRequestError
    timed_out, missing = openai.InternalServerError, openai.NotFoundError
    broken_off = openai.APIError
    filtered = ("filtered-not-spare", "content_filter")

    def __init__(self, where: harness.Target) -> None:
        super().__init__(where)
        self.client = openai.OpenAI(
            base_url=f"{where.base_url}/v1", api_key=where.token, max_retries=0, timeout=60
        )

    def create(self, model: str, **more):
        create = self.client.chat.completions.with_raw_response.create
        return create(model=model, messages=MESSAGES, max_tokens=16, **more)

    def ask(self, model: str):
        answer = self.create(model)
        return answer.headers, answer.parse().choices[0].finish_reason

    def stream(self, model: str):
        answer = self.create(model, stream=True)
        return answer.headers, answer.parse()


class Anthropic(Vendor):
    kind = "anthropic"
    rate_limited = anthropic.RateLimitError
    unavailable = anthropic.InternalServerError
    server_error, rejected = anthropic.InternalServerError, anthropic.BadRequestError
    timed_out, missing = anthropic.InternalServerError, anthropic.NotFoundError
    broken_off = anthropic.APIError
    filtered = ("declines-not-spare", "refusal")

    def __init__(self, where: harness.Target) -> None:
        super().__init__(where)
        self.client = anthropic.Anthropic(
            base_url=where.base_url, api_key=where.token, max_retries=0, timeout=60
        )

    def create(self, model: str, **more):
        create = self.client.messages.with_raw_response.create
        return create(model=model, messages=MESSAGES, max_tokens=16, **more)

    def ask(self, model: str):
        answer = self.create(model)
        return answer.headers, answer.parse().stop_reason

    def stream(self, model: str):
        answer = self.create(model, stream=True)
        return answer.headers, answer.parse()


class Gemini(Vendor):
    kind = "gemini"
    rate_limited, unavailable = errors.ClientError, errors.ServerError
    server_error, rejected = errors.ServerError, errors.ClientError
    timed_out, missing = errors.ServerError, errors.ClientError
    broken_off = errors.APIError
    filtered = ("filtered-not-spare", types.FinishReason.SAFETY)

    def __init__(self, where: harness.Target) -> None:
        super().__init__(where)
        os.environ["GOOGLE_GEMINI_BASE_URL"] = where.base_url
        self.client = genai.Client(api_key=where.token)

    def ask(self, model: str):
        answer = self.client.models.generate_content(model=model, contents="Say hello.")
        return lower(answer), answer.candidates[0].finish_reason

    def stream(self, model: str):
        pieces = self.client.models.generate_content_stream(model=model, contents="Say hello.")
        first = next(pieces)

        def rest():
            yield first
            yield from pieces

        return lower(first), rest()


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.records = harness.Records(where)
        self.openai = OpenAI(where)
        self.vendors = (self.openai, Anthropic(where), Gemini(where))

    # What the log says.

    def attempts(self, decision) -> list[tuple[str, str | None]]:
        """Each try of a call: at which provider, and how it failed, if it did."""
        outcome = self.records.explained(decision)["outcome"]
        for attempt in outcome["attempts"]:
            sent = attempt.get("failure") not in ("target_set_aside", "target_busy")
            lease = {"name": "real-key", "version": 1}
            keyless = attempt["provider"] in ("dead", "embeddings")
            expected = lease if sent and not keyless else None
            assert attempt.get("lease") == expected, f"{attempt} was lent something else"
        return [(one["provider"], one.get("failure")) for one in outcome["attempts"]]

    # Failures that another provider mends.

    def fails_over(self, fault: str, failure: str) -> None:
        model = f"{fault}-then-spare"
        for vendor in self.vendors:
            first, second = f"{FIRST}-{vendor.kind}", f"{SECOND}-{vendor.kind}"
            headers, _ = vendor.ask(model)
            self.served_by(headers, model, second)
            found = self.attempts(harness.decision_of(headers))
            assert found == [(first, failure), (second, None)], found
            headers, parts = vendor.stream(model)
            assert len(list(parts)) > 1, "the stream is empty"
            self.served_by(headers, model, second)
            found = self.attempts(harness.decision_of(headers))
            allowed = ([(first, one), (second, None)] for one in (failure, "target_set_aside"))
            assert found in allowed, found

    def fails_over_from_what_is_down(self) -> None:
        headers, _ = self.openai.ask("down-then-spare")
        self.served_by(headers, "down-then-spare", "spare-openai")
        found = self.attempts(harness.decision_of(headers))
        assert found == [("dead", "upstream_connect"), ("spare-openai", None)], found

    def tries_again_within_the_budget(self) -> None:
        headers, _ = self.openai.ask("only-flaky")
        found = self.attempts(harness.decision_of(headers))
        assert found == [("mock-openai", "status_5xx"), ("mock-openai", None)], found
        assert headers[harness.ATTEMPTS_HEADER] == "2", headers[harness.ATTEMPTS_HEADER]

    def sets_aside_and_probes(self) -> None:
        failed = self.fails(self.openai, "only-recovers", self.openai.server_error, 503)
        # At once: it is set aside for a second only.
        aside = self.fails(self.openai, "only-recovers", self.openai.unavailable, 503)
        harness.refused_by_the_gateway(aside, "targets_set_aside")
        found = self.attempts(harness.decision_of(failed.response.headers))
        assert found == [("mock-openai", "status_5xx")] * 3, found
        found = self.attempts(harness.decision_of(aside.response.headers))
        assert found == [("mock-openai", "target_set_aside")], found
        until = time.monotonic() + harness.PATIENCE_S
        while True:
            try:
                headers, _ = self.openai.ask("only-recovers")
                break
            except openai.InternalServerError as still:
                harness.refused_by_the_gateway(still, "targets_set_aside")
                assert time.monotonic() < until, "it is never probed"
                time.sleep(0.1)
        found = self.attempts(harness.decision_of(headers))
        assert found == [("mock-openai", None)], found

    # Failures with nowhere else to go.

    def passes_a_limit_on(self) -> None:
        model = "only-limited-for-an-hour"
        for vendor in self.vendors:
            limited = self.fails(vendor, model, vendor.rate_limited, 429)
            assert limited.response.headers.get("retry-after") == "3600"
            found = self.attempts(harness.decision_of(limited.response.headers))
            assert found == [(f"{FIRST}-{vendor.kind}", "status_429")], found
            # It asked to be left alone for an hour, and is, under every name that leads there.
            resting = self.fails(vendor, model, vendor.unavailable, 503)
            harness.refused_by_the_gateway(resting, "targets_set_aside")
            headers, _ = vendor.ask("limited-for-an-hour-then-spare")
            found = self.attempts(harness.decision_of(headers))
            first, second = f"{FIRST}-{vendor.kind}", f"{SECOND}-{vendor.kind}"
            assert found == [(first, "target_set_aside"), (second, None)], found

    def passes_an_error_on(self, model: str, status: int, failure: str) -> None:
        for vendor in self.vendors:
            refusal = self.fails(vendor, model, vendor.server_error, status)
            harness.receipt_of(refusal.response.headers)
            found = self.attempts(harness.decision_of(refusal.response.headers))
            assert found, "nothing was tried"
            assert {one for one, _ in found} == {f"{FIRST}-{vendor.kind}"}, found
            assert {one for _, one in found} <= {failure, "target_set_aside"}, found

    def says_what_happened(self, model: str, status: int, code: str) -> None:
        for vendor in self.vendors:
            refusal = self.fails(vendor, model, vendor.server_error, status)
            harness.refused_by_the_gateway(refusal, code)
            harness.receipt_of(refusal.response.headers)
            found = self.attempts(harness.decision_of(refusal.response.headers))
            assert found and found[0] == (f"{FIRST}-{vendor.kind}", code), found

    def passes_a_missing_thing_on(self) -> None:
        for vendor in self.vendors:
            refusal = self.fails(vendor, "only-missing", vendor.missing, 404)
            found = self.attempts(harness.decision_of(refusal.response.headers))
            assert found == [(f"{FIRST}-{vendor.kind}", None)], found
        gemini = self.vendors[-1].client
        counting = lambda: gemini.models.count_tokens(model="mock", contents="x")  # noqa: E731
        refusal = harness.refused_with(errors.ClientError, 404, counting)
        harness.receipt_of(refusal.response.headers)

    # Answers that stand although another provider is there.

    def keeps_a_safety_refusal(self) -> None:
        for vendor in self.vendors:
            model, reason = vendor.filtered
            headers, found = vendor.ask(model)
            assert found == reason, found
            self.stood(vendor, headers, model)
            headers, parts = vendor.stream(model)
            assert len(list(parts)) > 1, "the stream is empty"
            self.stood(vendor, headers, model)

    def keeps_a_content_error(self) -> None:
        for vendor in self.vendors:
            refusal = self.fails(vendor, "rejects-not-spare", vendor.rejected, 400)
            assert "the mock answers 400" in str(refusal), refusal
            self.stood(vendor, refusal.response.headers, "rejects-not-spare")

    def keeps_a_refused_key(self) -> None:
        for vendor in self.vendors:
            refusal = self.fails(vendor, "denied-not-spare", vendor.server_error, 502)
            harness.refused_by_the_gateway(refusal, "upstream_credential")
            assert "the mock answers" not in str(refusal), "what it said may quote the key"
            found = self.attempts(harness.decision_of(refusal.response.headers))
            assert found == [(f"{FIRST}-{vendor.kind}", "upstream_credential")], found

    def does_not_mend_a_stream_that_broke(self) -> None:
        for vendor in self.vendors:
            headers, parts = vendor.stream("cut-not-spare")
            seen = 0
            try:
                for _ in parts:
                    seen += 1
            except vendor.broken_off as broken:
                decision = harness.decision_of(headers)
                assert str(decision) in str(broken), f"it does not name its decision: {broken}"
            else:
                raise AssertionError("a stream that was cut looks whole")
            assert seen > 0, "it broke before its first part"
            outcome = self.records.explained(decision)["outcome"]
            assert outcome["ended"] == "upstream_broken", outcome
            assert [one["provider"] for one in outcome["attempts"]] == [f"{FIRST}-{vendor.kind}"]

    def does_not_mend_what_is_no_json(self) -> None:
        for vendor in self.vendors:
            try:
                vendor.ask("garbled-not-spare")
            except (vendor.broken_off, ValueError):
                pass
            else:
                raise AssertionError("what is no JSON looks like an answer")
            asked = self.records.read("decisions", "--json", "--model", "garbled-not-spare", "--limit", "1")
            found = self.attempts(asked[0]["id"])
            assert [provider for provider, _ in found] == [f"{FIRST}-{vendor.kind}"], found

    # What policy says of the places that are left.

    def stays_in_the_region(self) -> None:
        refusal = self.fails(self.openai, "eu-only", self.openai.server_error, 502)
        harness.refused_by_the_gateway(refusal, "upstream_connect")
        account = self.records.explained(harness.decision_of(refusal.response.headers))
        permitted = [one["provider"] for one in account["decision"]["targets"]]
        assert permitted == ["dead"], permitted
        withheld = {one["provider"]: one["code"] for one in account["decision"]["withheld"]}
        refused = "policy_no_permit"
        assert withheld == {"mock-openai": refused, "spare-openai": refused}, withheld
        assert {one["provider"] for one in account["outcome"]["attempts"]} == {"dead"}

    def refuses_where_no_region_is_left(self) -> None:
        refused = lambda: self.openai.ask("eu-nowhere")  # noqa: E731
        denied = openai.PermissionDeniedError
        refusal = harness.refused_with(denied, 403, refused, "policy_no_permit")
        harness.not_forwarded(refusal.response.headers)
        listed = self.records.read("decisions", "--json", "--denied", "--limit", "1")
        assert listed[0]["id"] == str(harness.decision_of(refusal.response.headers)), listed
        assert listed[0]["verdict"]["code"] == "policy_no_permit", listed

    def refuses_another_wire_form(self) -> None:
        for vendor, model in ((self.openai, "real-anthropic"), (self.vendors[1], "real-openai")):
            refusal = self.fails(vendor, model, vendor.rejected, 400)
            harness.refused_by_the_gateway(refusal, "dialect_mismatch")
            harness.not_forwarded(refusal.response.headers)
            assert "/v1/" in str(refusal), f"it does not name the endpoint to use: {refusal}"

    # And the client.

    def records_a_client_that_left(self) -> None:
        headers, parts = self.openai.stream("only-drip")
        next(iter(parts))
        parts.close()
        outcome = self.records.explained(harness.decision_of(headers))["outcome"]
        assert outcome["ended"] == "client_gone", outcome

    def fails(self, vendor: Vendor, model: str, kind: type[Exception], status: int):
        """The SDK raises what its users know; the answer names its decision."""
        refusal = harness.refused_with(kind, status, lambda: vendor.ask(model))
        harness.decision_of(refusal.response.headers)
        return refusal

    def served_by(self, headers, model: str, provider: str) -> None:
        """Another provider than the first one answered, and the answer says so."""
        harness.forwarded(headers, model)
        served = headers[harness.TARGET_HEADER]
        assert served == f"{provider}/steady", served

    def stood(self, vendor: Vendor, headers, model: str) -> None:
        """The first provider's answer came through, and nobody else was asked."""
        harness.forwarded(headers, model)
        found = self.attempts(harness.decision_of(headers))
        assert found == [(f"{FIRST}-{vendor.kind}", None)], found


def lower(answer) -> dict[str, str]:
    """The Google SDK hands headers out as a plain dictionary."""
    return {name.lower(): text for name, text in answer.sdk_http_response.headers.items()}


def main() -> None:
    driver = Driver(harness.target(__doc__))
    checks = harness.Checks("faults")
    for fault, failure in (
        ("limited", "status_429"),
        ("limited-unsaid", "status_429"),
        ("broken", "status_5xx"),
        ("overloaded", "status_5xx"),
        ("hangs-up", "upstream_dropped"),
        ("slow", "upstream_timeout"),
    ):
        check = lambda fault=fault, failure=failure: driver.fails_over(fault, failure)  # noqa: E731
        checks.run(f"{fault}: the second provider answers, and both stand in the log", check)
    checks.run("a provider that is down: the second answers", driver.fails_over_from_what_is_down)
    checks.run("one failure is tried again where it happened", driver.tries_again_within_the_budget)
    checks.run("a failing target is set aside, then probed", driver.sets_aside_and_probes)
    checks.run("a limit comes through, and its hour is honoured", driver.passes_a_limit_on)
    for model, status, failure in (
        ("only-broken", 500, "status_5xx"),
        ("only-overloaded", 503, "status_5xx"),
    ):
        check = lambda one=(model, status, failure): driver.passes_an_error_on(*one)  # noqa: E731
        checks.run(f"{model}: the provider's own error comes through", check)
    for model, status, code in (
        ("only-hangs-up", 502, "upstream_dropped"),
        ("only-slow", 504, "upstream_timeout"),
    ):
        check = lambda one=(model, status, code): driver.says_what_happened(*one)  # noqa: E731
        checks.run(f"{model}: the error says what happened, and its decision", check)
    checks.run("what a provider does not know stays a 404", driver.passes_a_missing_thing_on)
    checks.run("a safety refusal triggers no fallback", driver.keeps_a_safety_refusal)
    checks.run("a content error triggers no fallback", driver.keeps_a_content_error)
    checks.run("a refused key triggers no fallback, and is not shown", driver.keeps_a_refused_key)
    checks.run("a stream that broke is an error, and is not mended", driver.does_not_mend_a_stream_that_broke)
    checks.run("what is no JSON is an error, and is not mended", driver.does_not_mend_what_is_no_json)
    checks.run("EU only, its place down: refused, nothing left it", driver.stays_in_the_region)
    checks.run("EU only, no place left: refused and recorded", driver.refuses_where_no_region_is_left)
    checks.run("a model of another wire form is BadRequestError", driver.refuses_another_wire_form)
    checks.run("a client that left stands in the log", driver.records_a_client_that_left)
    checks.finish()


if __name__ == "__main__":
    main()
