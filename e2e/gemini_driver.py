"""Drive the gateway, or a bare upstream, with the unmodified Google Gen AI SDK.

The SDK is pointed at it by its environment variable alone, as its users do.
"""

import os

from google import genai
from google.genai import errors, types

import harness

FINISH_REASONS = {types.FinishReason.STOP, types.FinishReason.MAX_TOKENS}
ASK = "Say hello."
SMALL = types.GenerateContentConfig(max_output_tokens=16)


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.client = self.client_with(where.token)

    def client_with(self, token: str, path: str = "") -> genai.Client:
        """A client as its users make it. It never retries unless it is told to."""
        os.environ["GOOGLE_GEMINI_BASE_URL"] = f"{self.where.base_url}{path}"
        return genai.Client(api_key=token)

    def ask(self, client: genai.Client | None = None, **more):
        """A small request."""
        arguments = {"model": self.where.model, "contents": ASK, "config": SMALL, **more}
        return (client or self.client).models.generate_content(**arguments)

    def ask_in_pieces(self, client: genai.Client | None = None, **more):
        """The same, streamed."""
        arguments = {"model": self.where.model, "contents": ASK, "config": SMALL, **more}
        return (client or self.client).models.generate_content_stream(**arguments)

    # What every upstream must do.

    def answers_whole(self) -> None:
        check_answer(self.ask())

    def streams_to_its_end(self) -> None:
        pieces = list(self.ask_in_pieces())
        assert len(pieces) > 1, "it came in one piece"
        assert "".join(piece.text or "" for piece in pieces), "no text was streamed"
        reasons = [candidate.finish_reason for piece in pieces for candidate in piece.candidates]
        reasons = [reason for reason in reasons if reason]
        assert len(reasons) == 1 and reasons[0] in FINISH_REASONS, reasons
        check_usage(pieces[-1].usage_metadata)

    def takes_instructions_and_turns(self) -> None:
        turns = [
            types.Content(role="user", parts=[types.Part(text=ASK)]),
            types.Content(role="model", parts=[types.Part(text="Hello.")]),
            types.Content(role="user", parts=[types.Part(text=ASK)]),
        ]
        config = types.GenerateContentConfig(system_instruction="Be brief.", temperature=0.0)
        check_answer(self.ask(contents=turns, config=config))

    def takes_functions_of_the_callers_own(self) -> None:
        schema = types.Schema(type=types.Type.OBJECT, properties={})
        declared = types.FunctionDeclaration(name="look_up", parameters=schema)
        tool = types.Tool(function_declarations=[declared])
        check_answer(self.ask(config=types.GenerateContentConfig(tools=[tool])))

    def chats(self) -> None:
        chat = self.client.chats.create(model=self.where.model)
        for _ in range(2):
            check_answer(chat.send_message(ASK))

    def counts_tokens(self) -> None:
        few = self.client.models.count_tokens(model=self.where.model, contents=ASK).total_tokens
        more = self.client.models.count_tokens(model=self.where.model, contents=ASK * 9)
        assert 0 < few < more.total_tokens, f"{few}, {more.total_tokens}"

    def survives_an_abandoned_stream(self) -> None:
        stream = self.ask_in_pieces()
        next(stream)
        stream.close()
        self.answers_whole()

    # What only the gateway promises.

    def lists_models(self) -> None:
        names = [model.name for model in self.client.models.list()]
        assert names.count(f"models/{self.where.model}") == 1, names

    def names_its_decision(self) -> None:
        answers = [self.ask(), list(self.ask_in_pieces())[0], self.ask()]
        headers = [lower(answer.sdk_http_response.headers) for answer in answers]
        decisions = {harness.forwarded(one, self.where.model) for one in headers}
        assert len(decisions) == 3, "two calls share one decision"

    def answers_at_every_base_url(self) -> None:
        for path in ("", "/gemini", "/gemini/"):
            check_answer(self.ask(self.client_with(self.where.token, path)))

    def refuses_a_forged_token(self) -> None:
        forged = harness.forged(self.where.token)
        client = self.client_with(forged)
        for call in (self.ask, lambda one: list(self.ask_in_pieces(one))):
            refusal = harness.refused_with(
                errors.ClientError, 401, lambda call=call: call(client), "credential_forged"
            )
            assert refusal.status == "UNAUTHENTICATED", refusal.status
            assert forged not in str(refusal), "the refusal repeats the credential"

    def refuses_a_missing_model(self) -> None:
        for call in (
            lambda: self.ask(model="no-such-model"),
            lambda: list(self.ask_in_pieces(model="no-such-model")),
            lambda: self.client.models.count_tokens(model="no-such-model", contents=ASK),
        ):
            refusal = harness.refused_with(errors.ClientError, 404, call, "model_unknown")
            assert refusal.status == "NOT_FOUND", refusal.status

    def hides_what_is_never_permitted(self) -> None:
        names = ("no-such-model", self.where.models["never"])
        refusals = [
            harness.refused_with(errors.ClientError, 404, lambda name=name: self.ask(model=name))
            for name in names
        ]
        harness.alike(*refusals, names)

    def refuses_provider_tools(self) -> None:
        search = types.Tool(google_search=types.GoogleSearch())
        self.is_not_permitted("provider_tool_refused", tools=[search])
        code = types.Tool(code_execution=types.ToolCodeExecution())
        self.is_not_permitted("provider_tool_refused", tools=[code])

    def refuses_a_cache_it_did_not_make(self) -> None:
        self.is_not_permitted("storage_refused", cached_content="cachedContents/guessed")

    def refuses_what_it_does_not_know(self) -> None:
        more = {"extra_body": {"aFieldOfTomorrow": True}}
        self.is_not_permitted("unrecognised_refused", http_options=types.HttpOptions(**more))

    def is_not_permitted(self, code: str, **config) -> None:
        given = types.GenerateContentConfig(**config)
        refused = lambda: self.ask(config=given)  # noqa: E731
        refusal = harness.refused_with(errors.ClientError, 403, refused, code)
        assert refusal.status == "PERMISSION_DENIED", refusal.status
        harness.not_forwarded(refusal.response.headers)

    def refuses_a_cap_that_is_no_number(self) -> None:
        wrong = {"generationConfig": {"maxOutputTokens": "many"}}
        extra = types.HttpOptions(extra_body=wrong)
        config = types.GenerateContentConfig(http_options=extra)
        refused = lambda: self.ask(config=config)  # noqa: E731
        refusal = harness.refused_with(errors.ClientError, 400, refused, "field_invalid")
        assert refusal.status == "INVALID_ARGUMENT", refusal.status

    def grants_search(self) -> None:
        search = types.Tool(google_search=types.GoogleSearch())
        granted = self.client_with(self.where.granted_token)
        check_answer(self.ask(granted, config=types.GenerateContentConfig(tools=[search])))


def check_answer(answer) -> None:
    """A finished answer that says something, with usage that adds up."""
    assert answer.text, "the answer is empty"
    (candidate,) = answer.candidates
    assert candidate.content.role == "model", candidate.content.role
    assert candidate.finish_reason in FINISH_REASONS, candidate.finish_reason
    check_usage(answer.usage_metadata)


def check_usage(usage) -> None:
    """Usage is there, counts something, and adds up."""
    assert usage is not None, "no usage"
    assert usage.prompt_token_count > 0 and usage.candidates_token_count > 0, usage
    total = usage.prompt_token_count + usage.candidates_token_count
    assert usage.total_token_count == total, usage


def lower(headers) -> dict[str, str]:
    """Headers by their names in lower case; the SDK hands them out as a plain dictionary."""
    return {name.lower(): value for name, value in headers.items()}


def main() -> None:
    driver = Driver(harness.target(__doc__))
    where = driver.where
    checks = harness.Checks("google-genai")
    checks.run("a whole answer with usage", driver.answers_whole)
    checks.run("a stream ends with its reason and usage", driver.streams_to_its_end)
    checks.run("a system instruction and several turns", driver.takes_instructions_and_turns)
    checks.run("functions of the caller's own", driver.takes_functions_of_the_callers_own)
    checks.run("a chat of two turns", driver.chats)
    if where.has("count"):
        checks.run("count_tokens counts more for more", driver.counts_tokens)
    checks.run("an abandoned stream harms no later call", driver.survives_an_abandoned_stream)
    if where.through_gateway:
        checks.run("models.list names the model once", driver.lists_models)
        checks.run("each answer names decision, model, target", driver.names_its_decision)
        checks.run("every base URL works", driver.answers_at_every_base_url)
        checks.run("a forged token is ClientError 401", driver.refuses_a_forged_token)
        checks.run("a missing model is ClientError 404", driver.refuses_a_missing_model)
        checks.run("provider tools are ClientError 403", driver.refuses_provider_tools)
        checks.run("a guessed cache is ClientError 403", driver.refuses_a_cache_it_did_not_make)
        checks.run("what is not known is ClientError 403", driver.refuses_what_it_does_not_know)
        checks.run("a wrong cap is ClientError 400", driver.refuses_a_cap_that_is_no_number)
    if where.granted_token:
        checks.run("an agent with a tool grant searches", driver.grants_search)
    if where.has("never"):
        what = "a model never permitted looks like a missing one"
        checks.run(what, driver.hides_what_is_never_permitted)
    checks.finish()


if __name__ == "__main__":
    main()
