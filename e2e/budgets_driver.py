"""Drive the gateway under budgets and in approved contexts, with the vendors' unmodified SDKs.

The agents, quotas and contexts are those of e2e/charter: one agent for each case. How often an SDK
asked is read back from the log, by the product's own command.
"""

import collections
import concurrent.futures
import contextlib
import os
import re
import time
import unittest.mock
from collections.abc import Callable, Iterator

import anthropic
import openai
from google import genai
from google.genai import errors, types

import harness

MESSAGES = [{"role": "user", "content": "Say hello."}]
CONTEXT_HEADER = "portreeve-context"
OWNER = "platform-lead"
"""The seat that can raise each of the quotas here, and answers for each of the contexts."""
CONTENT = "All is well, and this answer comes in several small pieces."
"""What the mock says, in pieces of 20 characters when it streams."""
INPUT_NANO_USD, OUTPUT_NANO_USD = 250, 2000
"""What a token of the real model costs: the price in e2e/charter, for a millionth of it."""
STREAM_ERRORS = (openai.APIError, anthropic.APIError, errors.APIError)
MINUTE_S = 60
SPARE_S = 4
"""What has to happen within one minute takes less."""


class Vendor:
    """One vendor's SDK, asked for one small answer."""

    limited: type[Exception]
    denied: type[Exception]
    tries: int
    """How often it asks in all before it gives up, unless it is told not to ask again."""
    pieces = 3
    """How many pieces of an answer of the mock's are tokens for certain."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where

    def client(self, token: str, context: str | None = None):
        """A client as its users make it, with its own number of retries.

        A context is chosen by the SDK's variable for headers, or by its option where it has none.
        """
        raise NotImplementedError

    def ask(self, client, model: str = "mock"):
        """The answer's headers and its usage: tokens read, tokens written."""
        raise NotImplementedError

    def stream(self, client, model: str = "mock"):
        """The same, of a streamed answer that was read to its end."""
        raise NotImplementedError


class OpenAI(Vendor):
    limited, denied = openai.RateLimitError, openai.PermissionDeniedError
    tries = 1 + openai.DEFAULT_MAX_RETRIES

    def client(self, token: str, context: str | None = None) -> openai.OpenAI:
        with variable("OPENAI_CUSTOM_HEADERS", context):
            return openai.OpenAI(base_url=f"{self.where.base_url}/v1", api_key=token, timeout=90)

    def ask(self, client: openai.OpenAI, model: str = "mock"):
        create = client.chat.completions.with_raw_response.create
        answer = create(model=model, messages=MESSAGES, max_tokens=16)
        usage = answer.parse().usage
        return answer.headers, (usage.prompt_tokens, usage.completion_tokens)

    def stream(self, client: openai.OpenAI, model: str = "mock"):
        answer = client.chat.completions.with_raw_response.create(
            model=model,
            messages=MESSAGES,
            max_tokens=16,
            stream=True,
            stream_options={"include_usage": True},
        )
        usage = list(answer.parse())[-1].usage
        return answer.headers, (usage.prompt_tokens, usage.completion_tokens)


class Anthropic(Vendor):
    limited, denied = anthropic.RateLimitError, anthropic.PermissionDeniedError
    tries = 1 + anthropic.DEFAULT_MAX_RETRIES

    def client(self, token: str, context: str | None = None) -> anthropic.Anthropic:
        with variable("ANTHROPIC_CUSTOM_HEADERS", context):
            return anthropic.Anthropic(base_url=self.where.base_url, api_key=token, timeout=90)

    def ask(self, client: anthropic.Anthropic, model: str = "mock"):
        create = client.messages.with_raw_response.create
        answer = create(model=model, messages=MESSAGES, max_tokens=16)
        return answer.headers, anthropic_counts(answer.parse().usage.to_dict(warnings=False))

    def stream(self, client: anthropic.Anthropic, model: str = "mock"):
        create = client.messages.with_raw_response.create
        answer = create(model=model, messages=MESSAGES, max_tokens=16, stream=True)
        given: dict[str, object] = {}
        for event in answer.parse():
            usage = getattr(getattr(event, "message", event), "usage", None)
            given |= usage.to_dict(warnings=False) if usage else {}
        return answer.headers, anthropic_counts(given)


class Gemini(Vendor):
    """It does not ask again unless it is told to."""

    limited, denied = errors.ClientError, errors.ClientError
    tries = 1
    pieces = 2  # The last one also says why the answer ended, which it may do with nothing in it.
    retries: types.HttpRetryOptions | None = None

    def client(self, token: str, context: str | None = None) -> genai.Client:
        options = types.HttpOptions(base_url=self.where.base_url, retry_options=self.retries)
        if context is not None:
            options.headers = {CONTEXT_HEADER: context}
        return genai.Client(api_key=token, http_options=options)

    def ask(self, client: genai.Client, model: str = "mock"):
        config = types.GenerateContentConfig(max_output_tokens=16)
        answer = client.models.generate_content(model=model, contents="Say hello.", config=config)
        usage = answer.usage_metadata
        counts = (usage.prompt_token_count, usage.candidates_token_count)
        return lower(answer.sdk_http_response.headers), counts

    def stream(self, client: genai.Client, model: str = "mock"):
        config = types.GenerateContentConfig(max_output_tokens=16)
        ask = client.models.generate_content_stream
        pieces = list(ask(model=model, contents="Say hello.", config=config))
        usage = pieces[-1].usage_metadata
        counts = (usage.prompt_token_count, usage.candidates_token_count)
        return lower(pieces[0].sdk_http_response.headers), counts


class ToldToRetry(Gemini):
    """Told to, it asks after waits of its own, whatever an answer says."""

    tries = 3
    retries = types.HttpRetryOptions(attempts=3)


class Driver:
    """The checks, in the order in which they run."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.records = harness.Records(where)
        self.vendors = [OpenAI(where), Anthropic(where), Gemini(where)]

    # What a client meets.

    def asked(self, agent: str, call: Callable[[], object]) -> list[dict]:
        """The decisions that `call` led to."""
        before = self.records.decisions(agent)
        call()
        return [made for key, made in self.records.decisions(agent).items() if key not in before]

    def limited(self, vendor: Vendor, client, code: str, quota: str):
        """A budget's refusal: the SDK's own error, which says by itself what to do about it."""
        refusal = harness.refused_with(vendor.limited, 429, lambda: vendor.ask(client), code)
        harness.not_forwarded(refusal.response.headers)
        for word in (f"`{quota}`", OWNER):
            assert word in str(refusal), f"the message does not name {word}: {refusal}"
        return refusal

    def refuses_for_good(self, agent: str, code: str, quota: str) -> None:
        token = self.records.token(agent)
        for vendor in self.vendors:
            client = vendor.client(token)

            def call(vendor=vendor, client=client) -> None:
                refusal = self.limited(vendor, client, code, quota)
                assert refusal.response.headers.get("x-should-retry") == "false"

            codes = [made["verdict"]["code"] for made in self.asked(agent, call)]
            assert codes == [code], f"{type(vendor).__name__}: {codes}"

    def refuses_what_is_used_up(self) -> None:
        first = self.vendors[0]
        use_up(first, first.client(self.records.token("spent-agent")).with_options(max_retries=0))
        self.refuses_for_good("spent-agent", "budget_exhausted", "spent")

    def refuses_what_never_fits(self) -> None:
        self.refuses_for_good("small-agent", "budget_too_small", "small")

    def says_when_to_ask_again(self) -> None:
        token = self.records.token("pausing-agent")
        vendors = [*self.vendors, ToldToRetry(self.where)]
        clients = [vendor.client(token) for vendor in vendors]

        def call() -> None:
            stay_within_the_minute()
            use_up(self.vendors[0], clients[0].with_options(max_retries=0))
            for vendor, client in zip(vendors, clients, strict=True):
                self.is_told_to_wait(vendor, client)

        made = self.asked("pausing-agent", call)
        paused = [one for one in made if one["verdict"]["code"] == "budget_paused"]
        asked = collections.Counter(one["ask"]["dialect"] for one in paused)
        openai_tries, anthropic_tries, *gemini_tries = [vendor.tries for vendor in vendors]
        # One more was the call that found the budget used up.
        assert asked["open_ai"] == openai_tries + 1, asked
        assert asked["anthropic"] == anthropic_tries and asked["gemini"] == sum(gemini_tries), asked

    def is_told_to_wait(self, vendor: Vendor, client) -> None:
        """The SDK would wait as long as it is told to, before each of its retries."""
        slept: list[float] = []
        with unittest.mock.patch("time.sleep", slept.append):
            refusal = self.limited(vendor, client, "budget_paused", "pausing")
        headers = refusal.response.headers
        assert "x-should-retry" not in headers, headers
        wait = int(headers["retry-after"])
        assert 0 < wait <= MINUTE_S, wait
        assert len(slept) == vendor.tries - 1, slept
        if not isinstance(vendor, Gemini):
            assert all(wait <= one <= wait + SPARE_S for one in slept), (slept, wait)

    def waits_for_the_next_minute(self) -> Callable[[], None]:
        """Begins calls whose SDKs wait by themselves; gives what ends them and looks at them."""
        token, waiting = self.records.token("pausing-agent"), self.vendors[:2]
        clients = [vendor.client(token) for vendor in waiting]
        before = self.records.decisions("pausing-agent")
        stay_within_the_minute()
        use_up(waiting[0], clients[0].with_options(max_retries=0))
        pool = concurrent.futures.ThreadPoolExecutor(len(waiting))
        pairs = zip(waiting, clients, strict=True)
        calls = [pool.submit(vendor.ask, client) for vendor, client in pairs]

        def ended() -> None:
            for call in calls:
                harness.forwarded(call.result(timeout=2 * MINUTE_S)[0], "mock")
            made = self.records.decisions("pausing-agent")
            last = [made[key]["verdict"]["code"] for key in made if key not in before][-4:]
            assert last == ["budget_paused"] * 2 + ["permitted"] * 2, last

        return ended

    # In which context a call is made.

    def makes_calls_in_the_context_chosen(self) -> None:
        token = self.records.token("bound-agent")
        for vendor in self.vendors:
            headers, _ = vendor.ask(vendor.client(token, "answering"))
            decision = harness.forwarded(headers, "mock")
            recorded = self.records.explained(decision)["decision"]
            assert recorded["context"] == "answering", recorded

    def refuses_other_contexts(self) -> None:
        token = self.records.token("bound-agent")
        for vendor in self.vendors:
            for context, code, who in (
                (None, "context_required", "risk-lead"),
                ("measuring", "context_unknown", "risk-lead"),
                ("embedding", "context_unfit", OWNER),
            ):
                ask = lambda one=vendor.client(token, context), by=vendor: by.ask(one)  # noqa: E731
                refusal = harness.refused_with(vendor.denied, 403, ask, code)
                harness.not_forwarded(refusal.response.headers)
                assert refusal.response.headers.get("x-should-retry") == "false"
                for word in ("answering", who):
                    assert word in str(refusal), f"the message does not name {word}: {refusal}"

    def keeps_a_bound_token_in_its_context(self) -> None:
        token = self.records.token("bound-agent", "--context", "answering")
        for vendor in self.vendors:
            headers, _ = vendor.ask(vendor.client(token))
            decision = harness.forwarded(headers, "mock")
            recorded = self.records.explained(decision)["decision"]
            assert recorded["context"] == recorded["subject"]["context"] == "answering", recorded
            ask = lambda one=vendor.client(token, "embedding"), by=vendor: by.ask(one)  # noqa: E731
            refusal = harness.refused_with(vendor.denied, 403, ask, "context_bound")
            harness.not_forwarded(refusal.response.headers)
            assert "bound to `answering`" in str(refusal), refusal

    # What a call is charged.

    def account(self, headers) -> tuple[collections.Counter, dict]:
        """What a call held, by measure, and its outcome."""
        account = self.records.explained(harness.decision_of(headers))
        held: collections.Counter = collections.Counter()
        for one in account["decision"]["holds"]:
            held[one["counter"]["measure"]] += one["amount"]
        return held, account["outcome"]

    def charges_what_a_real_model_used(self) -> None:
        token = self.records.token("metered-agent")
        for vendor, model in zip(self.vendors, ("real-openai", "real-anthropic"), strict=False):
            for ask in (vendor.ask, vendor.stream):
                headers, (read, written) = ask(vendor.client(token), model)
                held, outcome = self.account(headers)
                cost = read * INPUT_NANO_USD + written * OUTPUT_NANO_USD
                used = {"requests": 1, "tokens": read + written, "nano_usd": cost}
                assert read > 0 and written > 0, (read, written)
                assert outcome["charged"] == used, f"{outcome} is not {used}"
                assert outcome["cost_nano_usd"] == cost, outcome
                assert held["tokens"] > used["tokens"] and held["money"] > cost, held

    def charges_what_real_embeddings_used(self) -> None:
        client = self.vendors[0].client(self.records.token("metered-agent"))
        create = client.embeddings.with_raw_response.create
        answer = create(model="real-embeddings", input="hello")
        _, outcome = self.account(answer.headers)
        used = answer.parse().usage.prompt_tokens
        assert used > 0 and outcome["charged"]["tokens"] == used, f"{outcome} is not {used}"

    def charges_all_where_no_report_can_be_true(self) -> None:
        token = self.records.token("metered-agent")
        for vendor in self.vendors:
            client = vendor.client(token)
            cases = [
                ("reports-nothing", vendor.ask),
                ("reports-nothing", vendor.stream),
                ("reports-much", vendor.ask),
            ]
            if not isinstance(vendor, Gemini):  # It takes no answer whose counts are words.
                cases += [("reports-words", vendor.ask), ("reports-words", vendor.stream)]
            for model, ask in cases:
                held, outcome = self.account(ask(client, model)[0])
                charged = outcome["charged"]["tokens"]
                assert charged == held["tokens"] > 0, f"{model}: {held}, {outcome}"

    def cuts_what_reports_more_than_was_held(self) -> None:
        token = self.records.token("metered-agent")
        for vendor, kind in zip(self.vendors, STREAM_ERRORS, strict=True):
            try:
                vendor.stream(vendor.client(token), "reports-much")
            except kind as cut:
                (decision,) = re.findall(r"Decision ([0-9a-f-]{36})", str(cut))
            else:
                raise AssertionError(f"{type(vendor).__name__}: the stream came to its end")
            account = self.records.explained(decision)
            assert account["outcome"]["ended"] == "budget_cut", account["outcome"]
            held = [one["amount"] for one in account["decision"]["holds"]]
            assert account["outcome"]["charged"]["tokens"] in held, account

    def charges_all_of_a_stream_that_broke_off(self) -> None:
        client = self.vendors[0].client(self.records.token("metered-agent"))
        create = client.chat.completions.with_raw_response.create
        answer = create(model="reports-never", messages=MESSAGES, max_tokens=16, stream=True)
        with contextlib.suppress(openai.APIError):
            list(answer.parse())
            raise AssertionError("the stream came to its end")
        held, outcome = self.account(answer.headers)
        assert outcome["charged"]["tokens"] == held["tokens"] > 0, f"{held}, {outcome}"

    def charges_at_least_what_was_seen(self) -> None:
        token = self.records.token("metered-agent")
        for vendor in self.vendors:
            held, outcome = self.account(vendor.stream(vendor.client(token), "reports-little")[0])
            charged = outcome["charged"]["tokens"]
            assert charged >= 11 + vendor.pieces, outcome
            assert charged < held["tokens"], f"{held}, {outcome}"


def use_up(vendor: Vendor, client) -> None:
    """Asks until a budget of a few calls is used up."""
    with contextlib.suppress(vendor.limited):
        for _ in range(3):
            vendor.ask(client)
        raise AssertionError("the budget is never used up")


def stay_within_the_minute() -> None:
    """Budgets of a minute begin anew with each minute: waits where this one is almost over."""
    left = MINUTE_S - time.time() % MINUTE_S
    if left < SPARE_S:
        time.sleep(left)


@contextlib.contextmanager
def variable(name: str, context: str | None) -> Iterator[None]:
    """The environment with a variable that has an SDK send the header of a context."""
    with unittest.mock.patch.dict(os.environ):
        os.environ.pop(name, None)
        if context is not None:
            os.environ[name] = f"{CONTEXT_HEADER}: {context}"
        yield


def anthropic_counts(usage: dict) -> tuple[int, int]:
    """Tokens read and written, where they are numbers: what came from a cache is told apart."""
    told = {name: count for name, count in usage.items() if isinstance(count, int)}
    read = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(told.get(name, 0) for name in read), told.get("output_tokens", 0)


def lower(headers) -> dict[str, str]:
    """Headers by their names in lower case; the SDK hands them out as a plain dictionary."""
    return {name.lower(): value for name, value in headers.items()}


def main() -> None:
    driver = Driver(harness.target(__doc__))
    checks = harness.Checks("budgets")
    # First, so that the next minute comes while the other checks run.
    checks.run("a budget of a minute says when to ask again", driver.says_when_to_ask_again)
    waited = driver.waits_for_the_next_minute()
    checks.run("a budget used up is refused, and asked once", driver.refuses_what_is_used_up)
    checks.run("so is what fits into no budget", driver.refuses_what_never_fits)
    checks.run("a header chooses the context", driver.makes_calls_in_the_context_chosen)
    checks.run("no context, or another, is refused", driver.refuses_other_contexts)
    checks.run("a bound token stays in its context", driver.keeps_a_bound_token_in_its_context)
    checks.run("a real model's use is charged, to the token", driver.charges_what_a_real_model_used)
    checks.run("so is that of real embeddings", driver.charges_what_real_embeddings_used)
    what = "a report that cannot be true is charged in full"
    checks.run(what, driver.charges_all_where_no_report_can_be_true)
    what = "so is a stream that broke off"
    checks.run(what, driver.charges_all_of_a_stream_that_broke_off)
    what = "a stream that reports more than was held is cut"
    checks.run(what, driver.cuts_what_reports_more_than_was_held)
    checks.run("what was seen is charged at least", driver.charges_at_least_what_was_seen)
    checks.run("SDKs wait for the next minute by themselves", waited)
    checks.finish()


if __name__ == "__main__":
    main()
