// Drive the gateway, or a bare upstream, with the unmodified npm package `@anthropic-ai/sdk`.

import assert from "node:assert/strict";

import Anthropic from "@anthropic-ai/sdk";

import { all, Checks, decisionOf, first, forged, forwarded, refusedWith, target } from "./harness.mjs";

const where = target();
const checks = new Checks("npm @anthropic-ai/sdk");
const SEARCH = { type: "web_search_20250305", name: "web_search" };

/** A client as its users make it, except that through the gateway it never retries. */
function clientWith(apiKey, path = "") {
  const maxRetries = where.through_gateway ? 0 : 1;
  return new Anthropic({ baseURL: `${where.base_url}${path}`, apiKey, maxRetries, timeout: 60_000 });
}

const client = clientWith(where.token);
const messages = [{ role: "user", content: "Say hello." }];
const small = { model: where.model, messages, max_tokens: 16 };
const ask = (more = {}, one = client) => one.messages.create({ ...small, ...more });
const count = (more = {}, one = client) =>
  one.messages.countTokens({ model: where.model, messages, ...more });

await checks.run("a whole answer with usage", async () => {
  const answer = await ask();
  assert.equal(answer.type, "message");
  assert.ok(answer.content[0].text);
  assert.ok(["end_turn", "max_tokens"].includes(answer.stop_reason), answer.stop_reason);
  assert.ok(answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0);
});
await checks.run("a stream's events come in order", async () => {
  const kinds = (await all(await ask({ stream: true }))).map((event) => event.type);
  assert.equal(kinds[0], "message_start");
  assert.deepEqual(kinds.slice(-2), ["message_delta", "message_stop"]);
  assert.ok(kinds.includes("content_block_delta"));
});
await checks.run("a stream adds up to its final message", async () => {
  const stream = client.messages.stream(small);
  const final = await stream.finalMessage();
  assert.equal(final.content[0].text, await stream.finalText());
  assert.ok(final.usage.output_tokens > 0);
});
await checks.run("an abandoned stream harms no later call", async () => {
  await first(await ask({ stream: true }));
  assert.ok((await ask()).id);
});
if (where.has("count")) {
  await checks.run("countTokens counts more for more", async () => {
    const few = (await count()).input_tokens;
    const turns = [...messages, { role: "assistant", content: "Hello." }, ...messages];
    assert.ok(few > 0 && (await count({ messages: turns })).input_tokens > few);
  });
}
if (where.through_gateway) {
  await checks.run("models.list names the model once", async () => {
    const names = (await all(client.models.list({ limit: 2 }))).map((model) => model.id);
    assert.equal(names.filter((name) => name === where.model).length, 1, String(names));
  });
  await checks.run("every base URL works", async () => {
    for (const path of ["", "/anthropic"]) {
      const { response } = await ask({}, clientWith(where.token, path)).withResponse();
      forwarded(response.headers, where.model);
    }
  });
  await checks.run("a forged token is AuthenticationError", async () => {
    const one = clientWith(forged(where.token));
    for (const call of [ask, count, () => one.models.list()]) {
      const refused = () => call({}, one);
      await refusedWith(Anthropic.AuthenticationError, 401, refused, "credential_forged");
    }
  });
  await checks.run("a missing model is NotFoundError", async () => {
    for (const call of [ask, count]) {
      const missing = () => call({ model: "no-such-model" });
      await refusedWith(Anthropic.NotFoundError, 404, missing, "model_unknown");
    }
  });
  await checks.run("tools and what is not known are PermissionDeniedError", async () => {
    const far = { type: "url", name: "far", url: "https://mcp.example.com/mcp" };
    for (const [more, code] of [
      [{ tools: [SEARCH] }, "provider_tool_refused"],
      [{ mcp_servers: [far] }, "remote_mcp_refused"],
      [{ tools: [{ type: "a_tool_of_tomorrow_20310101", name: "tool" }] }, "tool_unknown"],
      [{ a_field_of_tomorrow: 1 }, "unrecognised_refused"],
    ]) {
      await refusedWith(Anthropic.PermissionDeniedError, 403, () => ask(more), code);
    }
  });
  await checks.run("a provider's own errors are the SDK's, under a decision", async () => {
    const streamed = (more) => ask({ ...more, stream: true });
    for (const [role, kind, status, calls] of [
      ["limits", Anthropic.RateLimitError, 429, [ask, streamed]],
      ["breaks", Anthropic.InternalServerError, 500, [ask]], // Then it is set aside.
    ]) {
      if (!where.has(role)) continue;
      for (const call of calls) {
        const refusal = await refusedWith(kind, status, () => call({ model: where.models[role] }));
        decisionOf(refusal.headers);
      }
    }
  });
  await checks.run("a wrong max_tokens is BadRequestError", async () => {
    const wrong = () => ask({ max_tokens: "many" });
    await refusedWith(Anthropic.BadRequestError, 400, wrong, "field_invalid");
  });
}
if (where.granted_token) {
  await checks.run("an agent with a tool grant searches", async () => {
    const searched = ask({ tools: [SEARCH] }, clientWith(where.granted_token));
    forwarded((await searched.withResponse()).response.headers, where.model);
  });
}
checks.finish();
