// Drive the gateway, or a bare upstream, with the unmodified npm package `@google/genai`.

import assert from "node:assert/strict";

import { ApiError, GoogleGenAI } from "@google/genai";

import { all, Checks, first, forged, forwarded, refusedWith, target } from "./harness.mjs";

const where = target();
const checks = new Checks("npm @google/genai");

/** A client as its users make it: pointed by its environment variable. */
function clientWith(apiKey, path = "") {
  process.env.GOOGLE_GEMINI_BASE_URL = `${where.base_url}${path}`;
  return new GoogleGenAI({ apiKey });
}

const client = clientWith(where.token);
const small = { model: where.model, contents: "Say hello.", config: { maxOutputTokens: 16 } };
const ask = (more = {}, one = client) => one.models.generateContent({ ...small, ...more });
const stream = (more = {}, one = client) => one.models.generateContentStream({ ...small, ...more });
const count = (more = {}, one = client) =>
  one.models.countTokens({ model: where.model, contents: "Say hello.", ...more });
const headersOf = (answer) => new Headers(answer.sdkHttpResponse.headers);

function checkAnswer(answer) {
  assert.ok(answer.text, "the answer is empty");
  assert.ok(["STOP", "MAX_TOKENS"].includes(answer.candidates[0].finishReason));
  const { promptTokenCount, candidatesTokenCount, totalTokenCount } = answer.usageMetadata;
  assert.ok(promptTokenCount > 0 && candidatesTokenCount > 0);
  assert.equal(totalTokenCount, promptTokenCount + candidatesTokenCount);
}

await checks.run("a whole answer with usage", async () => checkAnswer(await ask()));
await checks.run("a stream ends with its reason and usage", async () => {
  const pieces = await all(await stream());
  assert.ok(pieces.length > 1, "it came in one piece");
  assert.ok(pieces.map((piece) => piece.text ?? "").join(""));
  assert.equal(pieces.at(-1).candidates[0].finishReason, "STOP");
  assert.ok(pieces.at(-1).usageMetadata.candidatesTokenCount > 0);
});
await checks.run("a chat of two turns", async () => {
  const chat = client.chats.create({ model: where.model });
  for (const _ of [1, 2]) checkAnswer(await chat.sendMessage({ message: "Say hello." }));
});
await checks.run("an abandoned stream harms no later call", async () => {
  await first(await stream());
  checkAnswer(await ask());
});
if (where.has("count")) {
  await checks.run("countTokens counts more for more", async () => {
    const few = (await count()).totalTokens;
    assert.ok(few > 0 && (await count({ contents: "Say hello. ".repeat(9) })).totalTokens > few);
  });
}
if (where.through_gateway) {
  await checks.run("models.list names the model once", async () => {
    const names = (await all(await client.models.list())).map((model) => model.name);
    assert.equal(names.filter((name) => name === `models/${where.model}`).length, 1, String(names));
  });
  await checks.run("each answer names decision, model, target", async () => {
    const answers = [await ask(), (await all(await stream()))[0]];
    const decisions = answers.map((answer) => forwarded(headersOf(answer), where.model));
    assert.notEqual(decisions[0], decisions[1]);
  });
  await checks.run("every base URL works", async () => {
    for (const path of ["", "/gemini"]) checkAnswer(await ask({}, clientWith(where.token, path)));
  });
  await checks.run("a forged token is ApiError 401", async () => {
    const one = clientWith(forged(where.token));
    for (const call of [ask, stream, count, () => one.models.list()]) {
      await refusedWith(ApiError, 401, () => call({}, one), "credential_forged");
    }
  });
  await checks.run("a missing model is ApiError 404", async () => {
    for (const call of [ask, stream, count]) {
      await refusedWith(ApiError, 404, () => call({ model: "no-such-model" }), "model_unknown");
    }
  });
  await checks.run("a provider's own errors are ApiErrors", async () => {
    for (const [role, status, calls] of [
      ["limits", 429, [ask, stream]],
      ["breaks", 500, [ask]], // Then it is set aside.
    ]) {
      if (!where.has(role)) continue;
      for (const call of calls) {
        await refusedWith(ApiError, status, () => call({ model: where.models[role] }));
      }
    }
  });
  await checks.run("provider tools and stored things are ApiError 403", async () => {
    for (const [config, code] of [
      [{ tools: [{ googleSearch: {} }] }, "provider_tool_refused"],
      [{ tools: [{ codeExecution: {} }] }, "provider_tool_refused"],
      [{ cachedContent: "cachedContents/guessed" }, "storage_refused"],
      [{ httpOptions: { extraBody: { aFieldOfTomorrow: 1 } } }, "unrecognised_refused"],
    ]) {
      await refusedWith(ApiError, 403, () => ask({ config }), code);
      await refusedWith(ApiError, 403, () => stream({ config }), code);
    }
  });
}
if (where.granted_token) {
  await checks.run("an agent with a tool grant searches", async () => {
    const config = { tools: [{ googleSearch: {} }] };
    checkAnswer(await ask({ config }, clientWith(where.granted_token)));
  });
}
checks.finish();
