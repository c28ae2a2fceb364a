"""What the gateway exported by OTLP of everything the other drivers did, as a collector took it.

The collector reads strictly, by OpenTelemetry's own messages; see `otlp_server.py`.
"""

import base64
import json
import time
import urllib.error
import urllib.request

import harness

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"
PROMPT = "a prompt that no collector may see"


def attributes(item: dict) -> dict:
    """Attributes as a plain mapping."""
    return {
        one["key"]: next(iter(one["value"].values())) for one in item.get("attributes", [])
    }


def hexadecimal(text: str) -> str:
    """Bytes that JSON carries in base64."""
    return base64.b64decode(text).hex()


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.collector = where.upstream["url"]

    def kept(self, what: str) -> list:
        with urllib.request.urlopen(f"{self.collector}/{what}", timeout=10) as answer:
            return json.load(answer)

    def ask(self, model: str, **headers: str) -> str:
        """One call, whatever comes of it; gives the decision's id."""
        body = {"model": model, "messages": [{"role": "user", "content": PROMPT}]}
        request = urllib.request.Request(
            f"{self.where.base_url}/v1/chat/completions",
            data=json.dumps(body).encode(),
            headers={
                "authorization": f"Bearer {self.where.token}",
                "content-type": "application/json",
                **headers,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.headers[harness.DECISION_HEADER]
        except urllib.error.HTTPError as problem:
            return problem.headers[harness.DECISION_HEADER]

    def spans_of(self, decision: str) -> list[dict]:
        """The spans of one decision, once they were taken."""
        until = time.monotonic() + harness.PATIENCE_S
        while True:
            spans = [
                kept["item"]
                for kept in self.kept("spans")
                if attributes(kept["item"])["portreeve.decision.id"] == decision
            ]
            if spans:
                return spans
            assert time.monotonic() < until, f"no span of {decision}"
            time.sleep(0.1)

    def reads_strictly(self) -> None:
        assert self.kept("problems") == []
        assert len(self.kept("spans")) > 100, "everything before was traced"

    def names_every_decision(self) -> None:
        for kept in self.kept("spans"):
            assert attributes(kept["item"])["portreeve.decision.id"], kept
            resource = attributes(kept["resource"])
            assert resource["service.name"] == "portreeve", resource
            assert "schemas/1.42.0" in kept["schema"]

    def follows_a_call(self) -> None:
        parent = f"00-{TRACE}-{PARENT}-01"
        decision = self.ask("mock", traceparent=parent, tracestate="vendor=1")
        spans = self.spans_of(decision)
        server = next(span for span in spans if span["kind"] == "SPAN_KIND_SERVER")
        client = next(span for span in spans if span["kind"] == "SPAN_KIND_CLIENT")
        for span in (server, client):
            assert hexadecimal(span["trace_id"]) == TRACE
            assert span["trace_state"] == "vendor=1"
            said = attributes(span)
            assert said["gen_ai.operation.name"] == "chat"
            assert said["gen_ai.provider.name"] == "openai"
            assert said["gen_ai.request.model"] == "mock"
            assert int(said["gen_ai.usage.input_tokens"]) > 0
            assert int(span["start_time_unix_nano"]) <= int(span["end_time_unix_nano"])
        assert hexadecimal(server["parent_span_id"]) == PARENT
        assert client["parent_span_id"] == server["span_id"]
        assert attributes(server)["portreeve.verdict"] == "permitted"

    def tells_of_a_refusal(self) -> None:
        [span] = self.spans_of(self.ask("never-permitted"))
        said = attributes(span)
        assert said["error.type"] == "model_unknown", said
        assert said["portreeve.verdict"] == "refused"
        assert said["portreeve.refusal.fixer"] == "policy_owner"
        decision = said["portreeve.decision.id"]
        assert hexadecimal(span["trace_id"]) == decision.replace("-", ""), "its own trace"

    def leaves_out_what_is_not_sampled(self) -> None:
        decision = self.ask("mock", traceparent=f"00-{TRACE[::-1]}-{PARENT}-00")
        # The next call's spans are taken after those that this one would have had.
        self.spans_of(self.ask("mock"))
        for kept in self.kept("spans"):
            assert attributes(kept["item"])["portreeve.decision.id"] != decision

    def ignores_a_malformed_parent(self) -> None:
        decision = self.ask("mock", traceparent=f"00-{TRACE.upper()}-{PARENT}-01")
        for span in self.spans_of(decision):
            assert hexadecimal(span["trace_id"]) == decision.replace("-", "")

    def says_nothing_of_prompts_or_keys(self) -> None:
        text = json.dumps(self.kept("spans")) + json.dumps(self.kept("metrics"))
        for secret in (PROMPT, self.where.token, self.where.upstream["key"]):
            assert secret not in text

    def exports_metrics(self) -> None:
        until = time.monotonic() + harness.PATIENCE_S
        while not (metrics := self.kept("metrics")):
            assert time.monotonic() < until, "no metrics"
            time.sleep(0.1)
        by_name = {kept["item"]["name"]: kept["item"] for kept in metrics}
        requests = by_name["portreeve.requests"]["sum"]
        assert requests["is_monotonic"]
        assert requests["aggregation_temporality"] == "AGGREGATION_TEMPORALITY_CUMULATIVE"
        usage = by_name["gen_ai.client.token.usage"]
        assert usage["unit"] == "{token}"
        point = usage["histogram"]["data_points"][0]
        counts = [int(count) for count in point["bucket_counts"]]
        assert len(counts) == len(point["explicit_bounds"]) + 1
        assert sum(counts) == int(point["count"]) > 0
        assert "gen_ai.token.type" in attributes(point)
        assert by_name["gen_ai.client.operation.duration"]["unit"] == "s"
        assert "gauge" in by_name["portreeve.target_up"]

    def run(self) -> None:
        checks = harness.Checks("otlp")
        checks.run("a traced call has a span, and its try another", self.follows_a_call)
        checks.run("a refusal is a span with its code", self.tells_of_a_refusal)
        checks.run("what a parent does not sample is left out", self.leaves_out_what_is_not_sampled)
        checks.run("a malformed parent is as if not there", self.ignores_a_malformed_parent)
        checks.run("each span names its decision", self.names_every_decision)
        checks.run("metrics arrive under the conventions' names", self.exports_metrics)
        checks.run("no prompt, token or key leaves", self.says_nothing_of_prompts_or_keys)
        checks.run("every export reads strictly", self.reads_strictly)
        checks.finish()


if __name__ == "__main__":
    Driver(harness.target(__doc__)).run()
