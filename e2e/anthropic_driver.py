"""Drive the gateway, or a bare upstream, with the unmodified Anthropic SDK.

It asserts on protocol and usage, never on prose, and prints one line a check.
"""

import anthropic

import harness

STOP_REASONS = {"end_turn", "max_tokens"}
ASK = [{"role": "user", "content": "Say hello."}]
SEARCH = {"type": "web_search_20250305", "name": "web_search"}


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.client = self.client_with(where.token)

    def client_with(self, token: str, path: str = "") -> anthropic.Anthropic:
        """A client as its users make it, except that it never retries: a retry would hide a fault.

        The bare upstream may close a connection that it said it would keep: there one retry is
        the client's business.
        """
        return anthropic.Anthropic(
            base_url=f"{self.where.base_url}{path}",
            api_key=token,
            max_retries=0 if self.where.through_gateway else 1,
            timeout=60,
        )

    def ask(self, **more):
        """A small request."""
        arguments = {"model": self.where.model, "messages": ASK, "max_tokens": 16, **more}
        return self.client.messages.create(**arguments)

    # What every upstream must do.

    def answers_whole(self) -> None:
        answer = self.ask()
        check_message(answer)
        assert answer.usage.input_tokens > 0, answer.usage
        assert answer.usage.output_tokens > 0, answer.usage

    def streams_events_in_order(self) -> None:
        events = list(self.ask(stream=True))
        kinds = [event.type for event in events if event.type != "ping"]
        assert kinds[0] == "message_start", kinds[:3]
        assert kinds[-2:] == ["message_delta", "message_stop"], kinds[-3:]
        assert kinds.count("content_block_start") == kinds.count("content_block_stop") >= 1
        assert "content_block_delta" in kinds, "no content was streamed"
        deltas = [event for event in events if event.type == "message_delta"]
        assert deltas[-1].delta.stop_reason in STOP_REASONS, deltas[-1]
        assert deltas[-1].usage.output_tokens > 0, deltas[-1].usage

    def streams_to_a_final_message(self) -> None:
        with self.client.messages.stream(
            model=self.where.model, messages=ASK, max_tokens=16
        ) as stream:
            text = "".join(stream.text_stream)
            final = stream.get_final_message()
        check_message(final)
        assert text == final.content[0].text, "the stream and its final message differ"
        assert final.usage.input_tokens > 0, final.usage

    def respects_the_cap(self) -> None:
        answer = self.ask(max_tokens=3)
        assert answer.usage.output_tokens <= 3, answer.usage
        assert answer.stop_reason in STOP_REASONS, answer.stop_reason

    def takes_system_and_turns(self) -> None:
        turns = [*ASK, {"role": "assistant", "content": "Hello."}, *ASK]
        check_message(self.ask(system="Be brief.", messages=turns))

    def counts_tokens(self) -> None:
        short = self.client.messages.count_tokens(model=self.where.model, messages=ASK)
        assert short.input_tokens > 0, short
        more = [*ASK, {"role": "assistant", "content": "Hello."}, *ASK]
        longer = self.client.messages.count_tokens(model=self.where.model, messages=more)
        assert longer.input_tokens > short.input_tokens, f"{longer} is not more than {short}"

    def survives_an_abandoned_stream(self) -> None:
        with self.ask(stream=True) as stream:
            next(iter(stream))
        self.answers_whole()

    # What only the gateway promises.

    def lists_models(self) -> None:
        for limit in (2, 100):
            names = [model.id for model in self.client.models.list(limit=limit)]
            assert self.where.model in names, f"{self.where.model} is not in {names}"
            assert len(names) == len(set(names)), f"a model is listed twice: {names}"

    def takes_both_credential_headers(self) -> None:
        check_message(self.ask(extra_headers={"x-api-key": self.where.token}))
        refused = lambda: self.ask(extra_headers={"x-api-key": self.where.token + "x"})  # noqa: E731
        harness.refused_with(anthropic.AuthenticationError, 401, refused)

    def names_its_decision(self) -> None:
        answers = [
            self.client.messages.with_raw_response.create(
                model=self.where.model, messages=ASK, max_tokens=4
            )
            for _ in range(2)
        ]
        assert len({harness.decision_of(answer.headers) for answer in answers}) == 2
        assert len({harness.receipt_of(answer.headers) for answer in answers}) == 2
        assert all(answer.parse()._request_id for answer in answers), "no request-id header"

    def answers_at_every_base_url(self) -> None:
        for path in ("", "/anthropic"):
            answer = self.client_with(self.where.token, path).messages.with_raw_response.create(
                model=self.where.model, messages=ASK, max_tokens=2
            )
            harness.forwarded(answer.headers, self.where.model)

    def counts_under_a_decision(self) -> None:
        answer = self.client.messages.with_raw_response.count_tokens(
            model=self.where.model, messages=ASK
        )
        harness.forwarded(answer.headers, self.where.model)
        refusal = harness.refused_with(
            anthropic.NotFoundError,
            404,
            lambda: self.client.messages.count_tokens(model="no-such-model", messages=ASK),
            "model_unknown",
        )
        check_error(refusal, "not_found_error")

    def refuses_a_forged_token(self) -> None:
        forged = harness.forged(self.where.token)
        client = self.client_with(forged)
        refusal = harness.refused_with(
            anthropic.AuthenticationError,
            401,
            lambda: client.messages.create(
                model=self.where.model, messages=ASK, max_tokens=4
            ),
            "credential_forged",
        )
        check_error(refusal, "authentication_error")
        assert refusal.response.headers.get("www-authenticate")
        assert forged not in refusal.response.text, "the refusal repeats the credential"

    def refuses_a_missing_model(self) -> None:
        refusal = harness.refused_with(
            anthropic.NotFoundError, 404, lambda: self.ask(model="no-such-model"), "model_unknown"
        )
        check_error(refusal, "not_found_error")

    def hides_what_is_never_permitted(self) -> None:
        names = ("no-such-model", self.where.models["never"])
        refusals = [
            harness.refused_with(
                anthropic.NotFoundError, 404, lambda name=name: self.ask(model=name)
            )
            for name in names
        ]
        harness.alike(*refusals, names)
        assert names[1] not in [model.id for model in self.client.models.list(limit=100)]

    def refuses_a_provider_tool(self) -> None:
        self.is_not_permitted("provider_tool_refused", tools=[SEARCH])

    def refuses_a_remote_mcp_server(self) -> None:
        servers = [{"type": "url", "name": "far", "url": "https://mcp.example.com/mcp"}]
        self.is_not_permitted("remote_mcp_refused", extra_body={"mcp_servers": servers})

    def refuses_what_it_does_not_know(self) -> None:
        beta = {"anthropic-beta": "a-feature-of-tomorrow-2031-01-01"}
        self.is_not_permitted("unrecognised_refused", extra_headers=beta)
        self.is_not_permitted("unrecognised_refused", extra_body={"a_field_of_tomorrow": 1})
        tool = {"type": "a_tool_of_tomorrow_20310101", "name": "tool"}
        self.is_not_permitted("tool_unknown", tools=[tool])

    def is_not_permitted(self, code: str, **more) -> None:
        refusal = harness.refused_with(
            anthropic.PermissionDeniedError, 403, lambda: self.ask(**more), code
        )
        check_error(refusal, "permission_error")

    def grants_reach_further(self) -> None:
        granted = self.client_with(self.where.granted_token).messages.with_raw_response
        answer = granted.create(
            model=self.where.model, messages=ASK, max_tokens=4, tools=[SEARCH]
        )
        harness.forwarded(answer.headers, self.where.model)

    def refuses_a_cap_that_is_no_number(self) -> None:
        refusal = harness.refused_with(
            anthropic.BadRequestError,
            400,
            lambda: self.client.post(
                "/v1/messages",
                cast_to=object,
                body={"model": self.where.model, "messages": ASK, "max_tokens": "many"},
            ),
        )
        check_error(refusal, "invalid_request_error")


def check_message(message) -> None:
    """A finished message of the assistant that says something."""
    assert message.type == "message", message.type
    assert message.role == "assistant", message.role
    assert message.id
    assert message.content and message.content[0].type == "text", message.content
    assert message.content[0].text, "the answer is empty"
    assert message.stop_reason in STOP_REASONS, message.stop_reason


def check_error(refusal, kind: str) -> None:
    """The error body has Anthropic's shape, and the answer names its decision."""
    assert refusal.body["type"] == "error", refusal.body
    assert refusal.body["error"]["type"] == kind, refusal.body
    assert refusal.body["error"]["message"], refusal.body
    harness.decision_of(refusal.response.headers)
    harness.not_forwarded(refusal.response.headers)


def main() -> None:
    driver = Driver(harness.target(__doc__))
    where = driver.where
    checks = harness.Checks("anthropic")
    checks.run("a whole answer with usage", driver.answers_whole)
    checks.run("a stream's events come in order", driver.streams_events_in_order)
    checks.run("a stream adds up to its final message", driver.streams_to_a_final_message)
    if where.has("caps"):
        checks.run("max_tokens is respected", driver.respects_the_cap)
    checks.run("a system prompt and several turns", driver.takes_system_and_turns)
    if where.has("count"):
        checks.run("count_tokens counts more for more", driver.counts_tokens)
    checks.run("an abandoned stream harms no later call", driver.survives_an_abandoned_stream)
    if where.through_gateway:
        checks.run("models.list names the model once", driver.lists_models)
        checks.run("both credential headers, if they agree", driver.takes_both_credential_headers)
        checks.run("each answer names its decision and receipt", driver.names_its_decision)
        checks.run("every base URL works", driver.answers_at_every_base_url)
        checks.run("a forged token is AuthenticationError", driver.refuses_a_forged_token)
        checks.run("a missing model is NotFoundError", driver.refuses_a_missing_model)
        checks.run("a provider tool is PermissionDeniedError", driver.refuses_a_provider_tool)
        checks.run("a remote MCP server is PermissionDeniedError", driver.refuses_a_remote_mcp_server)
        checks.run("what is not known is PermissionDeniedError", driver.refuses_what_it_does_not_know)
        checks.run("a wrong max_tokens is BadRequestError", driver.refuses_a_cap_that_is_no_number)
    if where.through_gateway and where.has("count"):
        checks.run("count_tokens stands under a decision", driver.counts_under_a_decision)
    if where.granted_token:
        checks.run("an agent with a tool grant searches", driver.grants_reach_further)
    if where.has("never"):
        what = "a model never permitted looks like a missing one"
        checks.run(what, driver.hides_what_is_never_permitted)
    checks.finish()


if __name__ == "__main__":
    main()
