"""Drive embeddings of the gateway, or of a bare upstream, with the unmodified OpenAI SDK."""

import math

import openai

import harness
from openai_client import OpenAiDriver

TEXTS = ["the gate is open", "the door is not shut", "a recipe for lentil soup"]


class Driver(OpenAiDriver):
    """The checks, in the order in which they run."""

    def embed(self, texts=None, **more):
        """Embeds texts. Unless told otherwise, the SDK asks for base64 and decodes it itself."""
        given = TEXTS if texts is None else texts
        return self.client.embeddings.create(model=self.where.model, input=given, **more)

    def embeds_in_order(self) -> None:
        answer = self.embed()
        assert answer.object == "list", answer.object
        assert [one.index for one in answer.data] == [0, 1, 2]
        vectors = [one.embedding for one in answer.data]
        assert len({len(vector) for vector in vectors}) == 1, "vectors of different lengths"
        assert len(vectors[0]) > 100, f"{len(vectors[0])} dimensions"
        near, far = cosine(vectors[0], vectors[1]), cosine(vectors[0], vectors[2])
        assert near > far, f"a paraphrase ({near:.3f}) is no nearer than soup ({far:.3f})"

    def embeds_one_text(self) -> None:
        alone, listed = self.embed(TEXTS[0]), self.embed(TEXTS[:1])
        assert len(alone.data) == 1
        assert cosine(alone.data[0].embedding, listed.data[0].embedding) > 0.999

    def reports_usage(self) -> None:
        few, more = self.embed(TEXTS[:1]).usage, self.embed().usage
        assert 0 < few.prompt_tokens < more.prompt_tokens, f"{few}, {more}"
        assert few.total_tokens == few.prompt_tokens, few

    def encodes_both_ways(self) -> None:
        floats = self.embed(TEXTS[0], encoding_format="float").data[0].embedding
        decoded = self.embed(TEXTS[0]).data[0].embedding
        assert isinstance(floats, list) and len(floats) == len(decoded)
        assert max(abs(one - other) for one, other in zip(floats, decoded)) < 1e-5

    # What only the gateway promises.

    def lists_models(self) -> None:
        names = [model.id for model in self.client.models.list()]
        assert names.count(self.where.model) == 1, names

    def answers_at_every_base_url(self) -> None:
        for path in ("", "/v1", "/openai", "/openai/v1"):
            client = self.client_with(self.where.token, path)
            answer = client.embeddings.with_raw_response.create(
                model=self.where.model, input=TEXTS[0]
            )
            harness.forwarded(answer.headers, self.where.model)

    def refuses(self) -> None:
        missing = lambda: self.client.embeddings.create(model="no-such-model", input="x")  # noqa: E731
        harness.refused_with(openai.NotFoundError, 404, missing, "model_unknown")
        forged = self.client_with(harness.forged(self.where.token))
        unproved = lambda: forged.embeddings.create(model=self.where.model, input="x")  # noqa: E731
        harness.refused_with(openai.AuthenticationError, 401, unproved, "credential_forged")
        unknown = lambda: self.embed("x", extra_body={"a_field_of_tomorrow": 1})  # noqa: E731
        harness.refused_with(openai.PermissionDeniedError, 403, unknown, "unrecognised_refused")

    def passes_the_providers_error_on(self) -> None:
        refusal = harness.refused_with(openai.BadRequestError, 400, lambda: self.embed([]))
        harness.decision_of(refusal.response.headers)


def cosine(one, other) -> float:
    """The cosine of the angle between two vectors."""
    dot = sum(a * b for a, b in zip(one, other))
    return dot / (math.hypot(*one) * math.hypot(*other))


def main() -> None:
    driver = Driver(harness.target(__doc__))
    checks = harness.Checks("openai, embeddings")
    checks.run("vectors come in order, and near means near", driver.embeds_in_order)
    checks.run("one text alone", driver.embeds_one_text)
    checks.run("usage grows with the input", driver.reports_usage)
    checks.run("floats and base64 are the same numbers", driver.encodes_both_ways)
    if driver.where.through_gateway:
        checks.run("models.list names the model once", driver.lists_models)
        checks.run("every base URL works", driver.answers_at_every_base_url)
        checks.run("refusals are the SDK's own errors", driver.refuses)
        checks.run("the provider's own error comes through", driver.passes_the_providers_error_on)
    checks.finish()


if __name__ == "__main__":
    main()
