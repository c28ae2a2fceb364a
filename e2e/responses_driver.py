"""Drive the Responses API of the gateway, or of a bare upstream, with the unmodified OpenAI SDK.

Its vendor stores every answer unless the request says `store: false`. So most checks say so, and
the others are about what follows where nobody does.
"""

import openai

import harness
from openai_client import OpenAiDriver

ASK = "Say hello."
SEARCH = {"type": "web_search"}
FUNCTION = {
    "type": "function",
    "name": "look_up",
    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
    "strict": True,
}


class Driver(OpenAiDriver):
    """The checks, in the order in which they run."""

    def ask(self, client: openai.OpenAI | None = None, **more):
        """A small request that stores nothing, unless it says more."""
        create = (client or self.client).responses.create
        return create(**self.arguments(**more))

    def arguments(self, **more):
        """What is asked. `store=openai.omit` leaves the field away."""
        small = {"model": self.where.model, "input": ASK, "max_output_tokens": 16}
        return {**small, "store": False, **more}

    # What every upstream must do.

    def answers_whole(self) -> None:
        check_response(self.ask())

    def streams_events_in_order(self) -> None:
        events = list(self.ask(stream=True))
        kinds = [event.type for event in events]
        assert kinds[0] == "response.created", kinds[:3]
        assert kinds[-1] == "response.completed", kinds[-3:]
        assert kinds.count("response.completed") == 1, kinds
        deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
        assert deltas, "no text was streamed"
        final = events[-1].response
        check_response(final)
        assert "".join(deltas) == final.output_text, "the deltas and the final answer differ"
        assert events[0].response.id == final.id, "one answer has two ids"

    def takes_instructions_and_turns(self) -> None:
        said = {"type": "output_text", "text": "Hello.", "annotations": []}
        turns = [
            {"role": "user", "content": ASK},
            {"type": "message", "role": "assistant", "content": [said]},
            {"role": "user", "content": [{"type": "input_text", "text": ASK}]},
        ]
        check_response(self.ask(instructions="Be brief.", input=turns))

    def takes_functions_of_the_callers_own(self) -> None:
        response = self.ask(tools=[FUNCTION])
        assert response.status == "completed", response.status

    def survives_an_abandoned_stream(self) -> None:
        with self.ask(stream=True) as stream:
            next(iter(stream))
        self.answers_whole()

    # What only the gateway promises.

    def answers_at_every_base_url(self) -> None:
        for path in ("", "/v1", "/openai", "/openai/v1"):
            client = self.client_with(self.where.token, path)
            answer = client.responses.with_raw_response.create(**self.arguments())
            harness.forwarded(answer.headers, self.where.model)

    def names_the_decision_of_a_stream(self) -> None:
        answer = self.client.responses.with_raw_response.create(**self.arguments(stream=True))
        harness.forwarded(answer.headers, self.where.model)
        assert list(answer.parse()), "the stream is empty"

    def refuses_a_forged_token(self) -> None:
        client = self.client_with(harness.forged(self.where.token))
        refused = lambda: self.ask(client)  # noqa: E731
        harness.refused_with(openai.AuthenticationError, 401, refused, "credential_forged")

    def refuses_a_missing_model(self) -> None:
        refused = lambda: self.ask(model="no-such-model")  # noqa: E731
        harness.refused_with(openai.NotFoundError, 404, refused, "model_unknown")

    def refuses_to_store(self) -> None:
        for store in (openai.omit, True):
            refusal = self.is_not_permitted("storage_refused", store=store)
            assert "store" in str(refusal), f"it does not say which field to send: {refusal}"

    def refuses_provider_tools(self) -> None:
        self.is_not_permitted("provider_tool_refused", tools=[SEARCH])
        code = {"type": "code_interpreter", "container": {"type": "auto"}}
        self.is_not_permitted("provider_tool_refused", tools=[FUNCTION, code])
        far = {"type": "mcp", "server_label": "far", "server_url": "https://mcp.example.com/mcp"}
        self.is_not_permitted("remote_mcp_refused", tools=[far])
        self.is_not_permitted("tool_unknown", tools=[{"type": "a_tool_of_tomorrow"}])

    def refuses_the_background(self) -> None:
        self.is_not_permitted("background_refused", background=True)

    def refuses_what_it_does_not_know(self) -> None:
        more = {"extra_body": {"a_field_of_tomorrow": True}}
        self.is_not_permitted("unrecognised_refused", **more)

    def refuses_what_is_kept(self) -> None:
        self.is_not_permitted("storage_refused", previous_response_id="resp_guessed")
        self.is_not_permitted("storage_refused", conversation="conv_guessed")

    def is_not_permitted(self, code: str, client: openai.OpenAI | None = None, **more):
        refusal = harness.refused_with(
            openai.PermissionDeniedError, 403, lambda: self.ask(client, **more), code
        )
        harness.not_forwarded(refusal.response.headers)
        return refusal

    def grants_search(self) -> None:
        granted = self.client_with(self.where.granted_token)
        check_response(self.ask(granted, tools=[SEARCH]))
        code = {"type": "code_interpreter", "container": {"type": "auto"}}
        self.is_not_permitted("provider_tool_refused", granted, tools=[SEARCH, code])

    def grants_store_and_go_on(self) -> None:
        granted = self.client_with(self.where.granted_token)
        other = self.client_with(self.where.keeping_token)
        for stream in (False, True):
            first = self.ask(granted, store=openai.omit, stream=stream)
            made = list(first)[-1].response.id if stream else first.id
            assert made, "the answer has no id"
            check_response(self.ask(granted, store=openai.omit, previous_response_id=made))
            stolen, guessed = (
                self.is_not_permitted("stored_object_refused", other, previous_response_id=name)
                for name in (made, "resp_guessed")
            )
            harness.alike(stolen, guessed, (made, "resp_guessed"))
            # Without a grant the name is not even looked at.
            self.is_not_permitted("storage_refused", previous_response_id=made)

    def grants_go_no_further_than_ones_own(self) -> None:
        granted = self.client_with(self.where.granted_token)
        unstored = self.ask(granted).id
        for name in ("resp_guessed", unstored):
            self.is_not_permitted("stored_object_refused", granted, previous_response_id=name)


def check_response(response) -> None:
    """A finished answer that says something, with usage that adds up."""
    assert response.object == "response", response.object
    assert response.id
    assert response.status == "completed", response.status
    assert response.output_text, "the answer is empty"
    usage = response.usage
    assert usage is not None, "no usage"
    assert usage.input_tokens > 0 and usage.output_tokens > 0, usage
    assert usage.total_tokens == usage.input_tokens + usage.output_tokens, usage


def main() -> None:
    driver = Driver(harness.target(__doc__))
    where = driver.where
    checks = harness.Checks("openai, responses")
    checks.run("a whole answer with usage", driver.answers_whole)
    checks.run("a stream's events come in order", driver.streams_events_in_order)
    checks.run("instructions and several turns", driver.takes_instructions_and_turns)
    checks.run("functions of the caller's own", driver.takes_functions_of_the_callers_own)
    checks.run("an abandoned stream harms no later call", driver.survives_an_abandoned_stream)
    if where.through_gateway:
        checks.run("every base URL works", driver.answers_at_every_base_url)
        checks.run("a stream names its decision, model, target", driver.names_the_decision_of_a_stream)
        checks.run("a forged token is AuthenticationError", driver.refuses_a_forged_token)
        checks.run("a missing model is NotFoundError", driver.refuses_a_missing_model)
        checks.run("storing, asked or by default, is PermissionDeniedError", driver.refuses_to_store)
        checks.run("provider tools are PermissionDeniedError", driver.refuses_provider_tools)
        checks.run("background is PermissionDeniedError", driver.refuses_the_background)
        checks.run("what is not known is PermissionDeniedError", driver.refuses_what_it_does_not_know)
        checks.run("what is kept is PermissionDeniedError", driver.refuses_what_is_kept)
    if where.granted_token:
        checks.run("a tool grant opens that tool only", driver.grants_search)
        checks.run("a storing grant: its agent goes on, no other", driver.grants_store_and_go_on)
        checks.run("a storing grant names only what it stored", driver.grants_go_no_further_than_ones_own)
    checks.finish()


if __name__ == "__main__":
    main()
