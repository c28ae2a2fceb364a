"""What the log, the routes and the upstream itself say of calls by the vendors' unmodified SDKs.

The upstream is the mock that nobody here wrote: it keeps a journal of what it was sent.
"""

import hashlib
import json
import os
import urllib.request

import anthropic
import openai
from google import genai
from google.genai import types

import harness

MESSAGES = [{"role": "user", "content": "Say hello."}]
USED = {"input_tokens": 11, "output_tokens": 7}
"""What the mock says its answers used."""
KEY_HEADERS = {"authorization", "x-api-key", "x-goog-api-key", "api-key"}


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.records = harness.Records(where)
        url = where.base_url
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key=where.token, max_retries=0)
        self.granted = self.openai.with_options(api_key=where.granted_token)
        self.anthropic = anthropic.Anthropic(base_url=url, api_key=where.token, max_retries=0)
        os.environ["GOOGLE_GEMINI_BASE_URL"] = url
        self.gemini = genai.Client(api_key=where.token)

    # What the upstream was sent.

    def journal(self) -> list[dict]:
        """Everything the mock was asked, in order."""
        request = urllib.request.Request(
            f"{self.where.upstream['url']}/__aimock/journal",
            headers={"authorization": f"Bearer {self.where.upstream['key']}"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def sent_by(self, call) -> dict:
        """The one request that `call` led to."""
        before = {entry["id"] for entry in self.journal()}
        call()
        new = [entry for entry in self.journal() if entry["id"] not in before]
        assert len(new) == 1, f"{len(new)} requests instead of one"
        return new[0]

    def sends_each_vendor_its_own(self) -> None:
        gemini, said = self.gemini.models, {"model": "mock", "contents": "hello"}
        chat = self.openai.chat.completions
        for call, path, key in (
            (
                lambda: chat.create(model="mock", messages=MESSAGES),
                "/v1/chat/completions",
                "authorization",
            ),
            (
                lambda: self.openai.responses.create(model="mock", input="hello", store=False),
                "/v1/responses",
                "authorization",
            ),
            (
                lambda: self.openai.embeddings.create(model="mock-embeddings", input="hello"),
                "/v1/embeddings",
                "authorization",
            ),
            (
                lambda: self.anthropic.messages.create(
                    model="mock", messages=MESSAGES, max_tokens=4
                ),
                "/v1/messages",
                "x-api-key",
            ),
            (
                lambda: gemini.generate_content(**said),
                "/v1beta/models/steady:generateContent",
                "x-goog-api-key",
            ),
            (
                lambda: list(gemini.generate_content_stream(**said)),
                "/v1beta/models/steady:streamGenerateContent?alt=sse",
                "x-goog-api-key",
            ),
        ):
            sent = self.sent_by(call)
            assert sent["path"].removesuffix("?alt=sse") == path.removesuffix("?alt=sse"), sent
            headers = set(sent["headers"])
            assert headers & KEY_HEADERS == {key}, f"{path}: {headers & KEY_HEADERS}"
            strange = [name for name in headers if name.startswith(("portreeve-", "x-stainless"))]
            assert not strange, f"{path}: {strange} reached the provider"

    def sends_the_body_as_it_came(self) -> None:
        more = {"temperature": 0.25, "user": "u", "seed": 7, "metadata": {"a": "b"}}
        chat = self.openai.chat.completions
        sent = self.sent_by(lambda: chat.create(model="mock", messages=MESSAGES, **more))
        body = {name: value for name, value in sent["body"].items() if name[0] != "_"}
        assert body == {"model": "steady", "messages": MESSAGES, **more}, body

    def sends_nothing_that_is_refused(self) -> None:
        before = len(self.journal())
        search = types.GenerateContentConfig(tools=[types.Tool(google_search=types.GoogleSearch())])
        gemini, create = self.gemini.models, self.openai.responses.create
        for kind, refused in (
            (openai.PermissionDeniedError, lambda: create(model="mock", input="hello")),
            (openai.NotFoundError, lambda: create(model="no-such-model", input="hello")),
            (
                genai.errors.ClientError,
                lambda: gemini.generate_content(model="mock", contents="hello", config=search),
            ),
            (
                anthropic.PermissionDeniedError,
                lambda: self.anthropic.messages.create(
                    model="mock",
                    messages=MESSAGES,
                    max_tokens=4,
                    tools=[{"type": "web_search_20250305", "name": "web_search"}],
                ),
            ),
        ):
            try:
                refused()
            except kind:
                continue
            raise AssertionError(f"nothing was refused; expected {kind.__name__}")
        assert len(self.journal()) == before, "something that was refused reached the provider"

    # What the log says.

    def records_usage(self) -> None:
        chat = self.openai.chat.completions.with_raw_response
        responses = self.openai.responses.with_raw_response
        messages = self.anthropic.messages.with_raw_response
        gemini = self.gemini.models
        said = {"model": "mock", "contents": "hello"}
        whole = [
            chat.create(model="mock", messages=MESSAGES).headers,
            responses.create(model="mock", input="hello", store=False).headers,
            messages.create(model="mock", messages=MESSAGES, max_tokens=4).headers,
            gemini.generate_content(**said).sdk_http_response.headers,
        ]
        streams = [
            chat.create(model="mock", messages=MESSAGES, stream=True),
            responses.create(model="mock", input="hello", store=False, stream=True),
            messages.create(model="mock", messages=MESSAGES, max_tokens=4, stream=True),
        ]
        assert all(list(stream.parse()) for stream in streams)
        pieces = list(gemini.generate_content_stream(**said))
        streamed = [stream.headers for stream in streams] + [pieces[0].sdk_http_response.headers]
        for headers in whole + streamed:
            lower = {name.lower(): text for name, text in headers.items()}
            outcome = self.records.explained(harness.decision_of(lower))["outcome"]
            assert outcome["usage"] == USED, outcome
            assert outcome["ended"] == "complete", outcome

    def records_a_tool_grant(self) -> None:
        search = [{"type": "web_search"}]
        answer = self.granted.responses.with_raw_response.create(
            model="mock", input="hello", store=False, tools=search
        )
        decision = self.records.explained(harness.decision_of(answer.headers))["decision"]
        tools = decision["ask"]["beyond"]["tools"]
        assert tools == [{"kind": "web_search", "declared": "web_search"}], tools
        (target,) = decision["targets"]
        cited = [policy["id"] for policy in target["policies"]]
        assert cited == ["model/real", "tool/search", "secret/real-key"], cited
        refusal = harness.refused_with(
            openai.PermissionDeniedError,
            403,
            lambda: self.openai.responses.create(
                model="mock", input="hello", store=False, tools=search
            ),
            "provider_tool_refused",
        )
        decision = self.records.explained(harness.decision_of(refusal.response.headers))["decision"]
        assert decision["verdict"]["code"] == "provider_tool_refused", decision["verdict"]
        assert decision["ask"]["beyond"]["tools"] == tools, decision["ask"]

    def records_what_is_kept(self) -> None:
        answer = self.granted.responses.with_raw_response.create(model="mock", input="hello")
        made = answer.parse().id
        account = self.records.explained(harness.decision_of(answer.headers))
        assert account["decision"]["ask"]["beyond"]["stores"] == "by_default"
        kept = account["outcome"]["stored"]
        assert {one["agent"] for one in kept} == {"searching-agent"}, kept
        assert {one["provider"] for one in kept} == {"mock-openai"}, kept
        name = hashlib.sha256(made.encode()).hexdigest()
        ids = [one["object"]["id"] for one in kept if one["object"]["kind"] == "response"]
        assert len(ids) == 1 and name in ids[0], f"{ids} is not the digest of {made}"
        assert made not in json.dumps(account), "the log holds the provider's id itself"

    # What the routes say.

    def shows_who_rests(self) -> None:
        (route,) = self.records.read("routes", "only-limited-for-an-hour", "--json")
        for target in route["targets"]:
            assert target["health"]["state"] == "set_aside", target["health"]
            assert target["health"]["last_failure"] == "status_429", target["health"]
        (route,) = self.records.read("routes", "mock", "--json")
        states = {target["provider"]: target["health"]["state"] for target in route["targets"]}
        assert set(states.values()) == {"healthy"}, states


def main() -> None:
    driver = Driver(harness.target(__doc__))
    checks = harness.Checks("records")
    checks.run("each provider is sent its own path and key", driver.sends_each_vendor_its_own)
    checks.run("a body is sent as it came", driver.sends_the_body_as_it_came)
    checks.run("what is refused reaches no provider", driver.sends_nothing_that_is_refused)
    checks.run("usage is recorded, whole and streamed", driver.records_usage)
    checks.run("a tool grant stands in the record, and so does its lack", driver.records_a_tool_grant)
    checks.run("what a provider keeps stands there by its digest", driver.records_what_is_kept)
    checks.run("routes show which targets rest", driver.shows_who_rests)
    checks.finish()


if __name__ == "__main__":
    main()
