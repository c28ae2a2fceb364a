"""The OpenAI SDK's client, as every driver of that vendor's API makes it."""

import openai

import harness


class OpenAiDriver:
    """A driver with a client of its own; what it checks is its subclass's."""

    def __init__(self, where: harness.Target) -> None:
        self.where = where
        self.client = self.client_with(where.token)

    def client_with(self, token: str, path: str = "/v1") -> openai.OpenAI:
        """A client as its users make it, except that it never retries: a retry would hide a fault.

        The bare upstream may close a connection that it said it would keep: there one retry is
        the client's business.
        """
        return openai.OpenAI(
            base_url=f"{self.where.base_url}{path}",
            api_key=token,
            max_retries=0 if self.where.through_gateway else 1,
            timeout=60,
        )
