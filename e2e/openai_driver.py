"""Drive chat completions of the gateway, or of a bare upstream, with the unmodified OpenAI SDK.

It asserts on protocol and usage, never on prose, and prints one line a check.
"""

import concurrent.futures

import openai

import harness
from openai_client import OpenAiDriver

FINISH_REASONS = {"stop", "length"}
ASK = [{"role": "user", "content": "Say hello."}]


class Driver(OpenAiDriver):
    """The checks, in the order in which they run."""

    def ask(self, **more):
        """A small chat request."""
        arguments = {"model": self.where.model, "messages": ASK, "max_tokens": 16, **more}
        return self.client.chat.completions.create(**arguments)

    # What every upstream must do.

    def lists_models(self) -> None:
        page = self.client.models.list()
        names = [model.id for model in page]
        assert page.object == "list", page.object
        assert self.where.model in names, f"{self.where.model} is not in {names}"
        assert len(names) == len(set(names)), f"a model is listed twice: {names}"

    def answers_whole(self) -> None:
        answer = self.ask()
        assert answer.object == "chat.completion", answer.object
        assert answer.id
        (choice,) = answer.choices
        assert choice.message.role == "assistant", choice.message.role
        assert choice.message.content, "the answer is empty"
        assert choice.finish_reason in FINISH_REASONS, choice.finish_reason
        check_usage(answer.usage)

    def streams_without_usage(self) -> None:
        chunks = list(self.ask(stream=True))
        check_stream(chunks)
        assert all(chunk.choices for chunk in chunks), "a chunk without choices was shown"
        assert all(chunk.usage is None for chunk in chunks), "usage nobody asked for was shown"

    def streams_with_usage(self) -> None:
        chunks = list(self.ask(stream=True, stream_options={"include_usage": True}))
        last = chunks[-1]
        assert last.choices == [], "the last chunk carries usage and no choices"
        check_usage(last.usage)
        check_stream(chunks[:-1])

    def respects_the_cap(self) -> None:
        answer = self.ask(max_tokens=3)
        assert answer.usage.completion_tokens <= 3, answer.usage
        assert answer.choices[0].finish_reason in FINISH_REASONS

    def survives_an_abandoned_stream(self) -> None:
        with self.ask(stream=True) as stream:
            next(iter(stream))
        self.answers_whole()

    def answers_in_parallel(self) -> None:
        def answer(_) -> str:
            raw = self.client.chat.completions.with_raw_response.create(
                model=self.where.model, messages=ASK, max_tokens=4
            )
            check_usage(raw.parse().usage)
            return raw.headers.get(harness.DECISION_HEADER) or raw.parse().id

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            ids = set(pool.map(answer, range(4)))
        assert len(ids) == 4, f"answers were mixed up: {ids}"

    # What only the gateway promises.

    def names_its_decision(self) -> None:
        first = self.client.chat.completions.with_raw_response.create(
            model=self.where.model, messages=ASK, max_tokens=4
        )
        second = self.client.chat.completions.with_raw_response.create(
            model=self.where.model, messages=ASK, max_tokens=4
        )
        decisions = {harness.decision_of(answer.headers) for answer in (first, second)}
        assert len(decisions) == 2, "two calls share one decision"
        receipts = {harness.receipt_of(answer.headers) for answer in (first, second)}
        assert len(receipts) == 2, "two calls share one receipt"

    def names_the_decision_of_a_stream(self) -> None:
        answer = self.client.chat.completions.with_raw_response.create(
            model=self.where.model, messages=ASK, max_tokens=4, stream=True
        )
        harness.decision_of(answer.headers)
        harness.receipt_of(answer.headers)
        assert list(answer.parse()), "the stream is empty"

    def answers_at_every_base_url(self) -> None:
        for path in ("", "/v1", "/openai", "/openai/v1"):
            client = self.client_with(self.where.token, path)
            answer = client.chat.completions.with_raw_response.create(
                model=self.where.model, messages=ASK, max_tokens=2
            )
            harness.forwarded(answer.headers, self.where.model)
            assert self.where.model in [model.id for model in client.models.list()], path

    def refuses_a_forged_token(self) -> None:
        self.is_unauthenticated(harness.forged(self.where.token), "credential_forged")

    def refuses_what_is_no_token(self) -> None:
        self.is_unauthenticated("sk-0000000000000000", "credential_malformed")

    def is_unauthenticated(self, token: str, code: str) -> None:
        client = self.client_with(token)
        refusal = harness.refused_with(openai.AuthenticationError, 401, client.models.list, code)
        headers = refusal.response.headers
        assert headers.get("www-authenticate"), "a 401 says how to authenticate"
        harness.not_forwarded(headers)
        assert token not in refusal.response.text, "the refusal repeats the credential"

    def refuses_a_missing_model(self) -> None:
        refusal = harness.refused_with(
            openai.NotFoundError, 404, lambda: self.ask(model="no-such-model"), "model_unknown"
        )
        assert isinstance(refusal.body, dict) and refusal.body.get("message"), refusal.body
        assert refusal.code, "the error names no code"
        harness.not_forwarded(refusal.response.headers)

    def hides_what_is_never_permitted(self) -> None:
        names = ("no-such-model", self.where.models["never"])
        refusals = [
            harness.refused_with(openai.NotFoundError, 404, lambda name=name: self.ask(model=name))
            for name in names
        ]
        harness.alike(*refusals, names)
        assert names[1] not in [model.id for model in self.client.models.list()]

    def refuses_a_provider_tool(self) -> None:
        self.is_not_permitted("provider_tool_refused", web_search_options={})

    def refuses_to_store_at_the_provider(self) -> None:
        self.is_not_permitted("storage_refused", store=True)

    def refuses_what_it_does_not_know(self) -> None:
        more = {"extra_body": {"a_field_of_tomorrow": True}}
        self.is_not_permitted("unrecognised_refused", **more)
        tool = {"type": "a_tool_of_tomorrow"}
        self.is_not_permitted("tool_unknown", tools=[tool])

    def is_not_permitted(self, code: str, **more) -> None:
        refusal = harness.refused_with(
            openai.PermissionDeniedError, 403, lambda: self.ask(**more), code
        )
        harness.not_forwarded(refusal.response.headers)

    def grants_reach_further(self) -> None:
        answer = self.client_with(self.where.granted_token).chat.completions.with_raw_response
        for more in ({"web_search_options": {}}, {"store": True}):
            given = answer.create(model=self.where.model, messages=ASK, max_tokens=4, **more)
            harness.forwarded(given.headers, self.where.model)

    def refuses_a_body_without_messages(self) -> None:
        refusal = harness.refused_with(
            openai.BadRequestError,
            400,
            lambda: self.client.post(
                "/chat/completions", cast_to=object, body={"model": self.where.model}
            ),
            "field_missing",
        )
        harness.not_forwarded(refusal.response.headers)

    def refuses_an_unknown_path(self) -> None:
        refusal = harness.refused_with(
            openai.NotFoundError,
            404,
            lambda: self.client.post("/no/such/path", cast_to=object, body={}),
            "path_unknown",
        )
        harness.not_forwarded(refusal.response.headers)


def check_usage(usage) -> None:
    """Usage is there, counts something, and adds up."""
    assert usage is not None, "no usage"
    assert usage.prompt_tokens > 0, usage
    assert usage.completion_tokens > 0, usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens, usage


def check_stream(chunks) -> None:
    """One id, some content, and exactly one finish reason, in the last chunk."""
    assert len({chunk.id for chunk in chunks}) == 1, "chunks of one answer differ in id"
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    choices = [choice for chunk in chunks for choice in chunk.choices]
    assert any(choice.delta.content for choice in choices), "no content was streamed"
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason]
    assert len(reasons) == 1 and reasons[0] in FINISH_REASONS, reasons
    assert choices[-1].finish_reason == reasons[0], "something follows the finish reason"


def main() -> None:
    driver = Driver(harness.target(__doc__))
    where = driver.where
    checks = harness.Checks("openai, chat")
    if where.has("models"):
        checks.run("models.list names the model once", driver.lists_models)
    checks.run("a whole answer with usage", driver.answers_whole)
    checks.run("a stream shows no usage unless asked", driver.streams_without_usage)
    checks.run("a stream ends with usage when asked", driver.streams_with_usage)
    if where.has("caps"):
        checks.run("max_tokens is respected", driver.respects_the_cap)
    checks.run("an abandoned stream harms no later call", driver.survives_an_abandoned_stream)
    checks.run("four calls in parallel", driver.answers_in_parallel)
    if where.through_gateway:
        checks.run("each answer names its decision and receipt", driver.names_its_decision)
        checks.run("a stream names them too", driver.names_the_decision_of_a_stream)
        checks.run("every base URL works", driver.answers_at_every_base_url)
        checks.run("a forged token is AuthenticationError", driver.refuses_a_forged_token)
        checks.run("what is no token is AuthenticationError", driver.refuses_what_is_no_token)
        checks.run("a missing model is NotFoundError", driver.refuses_a_missing_model)
        checks.run("a provider tool is PermissionDeniedError", driver.refuses_a_provider_tool)
        checks.run("store is PermissionDeniedError", driver.refuses_to_store_at_the_provider)
        checks.run("what is not known is PermissionDeniedError", driver.refuses_what_it_does_not_know)
        checks.run("no messages is BadRequestError", driver.refuses_a_body_without_messages)
        checks.run("an unknown path is NotFoundError", driver.refuses_an_unknown_path)
    if where.granted_token:
        checks.run("an agent with tool grants searches and stores", driver.grants_reach_further)
    if where.has("never"):
        what = "a model never permitted looks like a missing one"
        checks.run(what, driver.hides_what_is_never_permitted)
    checks.finish()


if __name__ == "__main__":
    main()
