// Drive the gateway, or a bare upstream, with the unmodified npm package `openai`.

import assert from "node:assert/strict";

import OpenAI from "openai";

import { all, Checks, decisionOf, first, forged, forwarded, refusedWith, target } from "./harness.mjs";

const where = target();
const checks = new Checks("npm openai");
const SEARCH = { type: "web_search" };

/** A client as its users make it, except that through the gateway it never retries. */
function clientWith(apiKey, path = "/v1") {
  const maxRetries = where.through_gateway ? 0 : 1;
  return new OpenAI({ baseURL: `${where.base_url}${path}`, apiKey, maxRetries, timeout: 60_000 });
}

const client = clientWith(where.token);
const messages = [{ role: "user", content: "Say hello." }];
const chat = (more = {}, one = client) =>
  one.chat.completions.create({ model: where.model, messages, max_tokens: 16, ...more });
const respond = (more = {}, one = client) =>
  one.responses.create({ model: where.model, input: "Say hello.", store: false, ...more });
const embed = (more = {}, one = client) =>
  one.embeddings.create({ model: where.models.embeds, input: ["one", "two"], ...more });

function checkResponse(response) {
  assert.equal(response.status, "completed");
  assert.ok(response.output_text, "the answer is empty");
  const { input_tokens, output_tokens, total_tokens } = response.usage;
  assert.ok(input_tokens > 0 && output_tokens > 0);
  assert.equal(total_tokens, input_tokens + output_tokens);
}

await checks.run("a whole chat answer with usage", async () => {
  const answer = await chat();
  assert.ok(answer.choices[0].message.content);
  assert.ok(["stop", "length"].includes(answer.choices[0].finish_reason));
  assert.ok(answer.usage.prompt_tokens > 0 && answer.usage.completion_tokens > 0);
});
await checks.run("a chat stream, usage only when asked", async () => {
  const chunks = await all(await chat({ stream: true }));
  assert.ok(chunks.every((chunk) => chunk.choices.length === 1 && !chunk.usage));
  const told = await all(await chat({ stream: true, stream_options: { include_usage: true } }));
  assert.ok(told.at(-1).usage.completion_tokens > 0);
  assert.equal(told.at(-1).choices.length, 0);
});
await checks.run("the SDK's stream helper adds up", async () => {
  const stream = client.chat.completions.stream({ model: where.model, messages, max_tokens: 16 });
  assert.ok(await stream.finalContent());
});
await checks.run("an abandoned stream harms no later call", async () => {
  await first(await chat({ stream: true }));
  assert.ok((await chat()).id);
});
if (where.has("responses")) {
  await checks.run("a whole response with usage", async () => checkResponse(await respond()));
  await checks.run("a response's events come in order", async () => {
    const events = await all(await respond({ stream: true }));
    assert.equal(events[0].type, "response.created");
    assert.equal(events.at(-1).type, "response.completed");
    const deltas = events.filter((event) => event.type === "response.output_text.delta");
    const said = events.at(-1).response.output.flatMap((item) => item.content ?? []);
    assert.equal(deltas.map((event) => event.delta).join(""), said.map((part) => part.text).join(""));
    assert.ok(events.at(-1).response.usage.output_tokens > 0);
  });
}
if (where.has("embeds")) {
  await checks.run("embeddings come in order", async () => {
    const answer = await embed();
    assert.deepEqual(answer.data.map((one) => one.index), [0, 1]);
    assert.ok(answer.data[0].embedding.length > 10);
    const floats = (await embed({ encoding_format: "float" })).data[0].embedding;
    assert.ok(Math.abs(floats[7] - answer.data[0].embedding[7]) < 1e-5);
  });
}
if (where.through_gateway) {
  await checks.run("every base URL works", async () => {
    for (const path of ["", "/v1", "/openai", "/openai/v1"]) {
      const one = clientWith(where.token, path);
      const names = (await all(one.models.list())).map((model) => model.id);
      assert.equal(names.filter((name) => name === where.model).length, 1, String(names));
      const { response } = await chat({}, one).withResponse();
      forwarded(response.headers, where.model);
    }
  });
  await checks.run("a stream names decision, model, target", async () => {
    const { data, response } = await respond({ stream: true }).withResponse();
    forwarded(response.headers, where.model);
    assert.ok((await all(data)).length > 0);
  });
  await checks.run("a forged token is AuthenticationError", async () => {
    const one = clientWith(forged(where.token));
    for (const call of [chat, respond, embed, () => one.models.list()]) {
      await refusedWith(OpenAI.AuthenticationError, 401, () => call({}, one), "credential_forged");
    }
  });
  await checks.run("a missing model is NotFoundError", async () => {
    for (const call of [chat, respond, embed]) {
      const ask = () => call({ model: "no-such-model" });
      await refusedWith(OpenAI.NotFoundError, 404, ask, "model_unknown");
    }
  });
  await checks.run("tools and storing are PermissionDeniedError", async () => {
    for (const [more, code] of [
      [{ tools: [SEARCH] }, "provider_tool_refused"],
      [{ store: undefined }, "storage_refused"],
      [{ previous_response_id: "resp_guessed" }, "storage_refused"],
      [{ background: true }, "background_refused"],
      [{ a_field_of_tomorrow: 1 }, "unrecognised_refused"],
    ]) {
      await refusedWith(OpenAI.PermissionDeniedError, 403, () => respond(more), code);
    }
  });
  await checks.run("a provider's own errors are the SDK's, under a decision", async () => {
    const streamed = (more) => chat({ ...more, stream: true });
    for (const [role, kind, status, calls] of [
      ["limits", OpenAI.RateLimitError, 429, [chat, streamed, respond]],
      ["breaks", OpenAI.InternalServerError, 500, [chat]], // Then it is set aside.
    ]) {
      if (!where.has(role)) continue;
      for (const call of calls) {
        const refusal = await refusedWith(kind, status, () => call({ model: where.models[role] }));
        decisionOf(refusal.headers);
      }
    }
  });
  await checks.run("no messages is BadRequestError", async () => {
    await refusedWith(OpenAI.BadRequestError, 400, () => chat({ messages: undefined }), "field_missing");
  });
}
if (where.granted_token) {
  await checks.run("an agent with grants searches, stores and goes on", async () => {
    const one = clientWith(where.granted_token);
    checkResponse(await respond({ tools: [SEARCH] }, one));
    const { id } = await respond({ store: undefined }, one);
    checkResponse(await respond({ previous_response_id: id }, one));
    const other = clientWith(where.keeping_token);
    const stolen = () => respond({ previous_response_id: id }, other);
    await refusedWith(OpenAI.PermissionDeniedError, 403, stolen, "stored_object_refused");
  });
}
checks.finish();
