// Drive the gateway under budgets and in approved contexts, with the vendors' unmodified npm SDKs.
//
// The agents, quotas and contexts are those of e2e/charter: see budgets_driver.py, which also
// waits for a minute to end and looks at what calls are charged by mocks.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";

import Anthropic from "@anthropic-ai/sdk";
import { ApiError, GoogleGenAI } from "@google/genai";
import OpenAI from "openai";

import { all, Checks, forwarded, refusedWith, target } from "./harness.mjs";

const where = target();
const checks = new Checks("npm, budgets");
const CONTEXT_HEADER = "portreeve-context";
const OWNER = "platform-lead";
const [MINUTE_MS, SPARE_MS] = [60_000, 4_000];
// Longer than any wait between tries, so that the two can be told apart.
const timeout = 90_000;
const messages = [{ role: "user", content: "Say hello." }];

/** What the product's own command prints. */
function cli(...words) {
  const [program, ...first] = where.cli;
  return execFileSync(program, [...first, ...words], { encoding: "utf8", timeout: 60_000 });
}

const tokenOf = (agent) => cli("agent", "token", agent).trim();
const decisions = (agent) =>
  JSON.parse(cli("decisions", "--agent", agent, "--limit", "10000", "--json"));

/** The codes of the decisions that `call` led to. */
async function asked(agent, call) {
  const before = new Set(decisions(agent).map((made) => made.id));
  await call();
  const made = decisions(agent).filter((one) => !before.has(one.id));
  return made.map((one) => one.verdict.code);
}

/** The account of a decision, once its outcome is in the log. */
async function explained(decision) {
  const until = Date.now() + 20_000;
  for (;;) {
    const account = JSON.parse(cli("explain", decision, "--json"));
    if (account.outcome) return account;
    assert.ok(Date.now() < until, `${decision} has no outcome`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Runs `make` while an SDK's variable names a context. */
function inVariable(name, context, make) {
  if (context) process.env[name] = `${CONTEXT_HEADER}: ${context}`;
  try {
    return make();
  } finally {
    delete process.env[name];
  }
}

/** One vendor's SDK: its errors, how often it asks in all, and one small answer of it. */
const vendors = {
  openai: {
    limited: OpenAI.RateLimitError,
    denied: OpenAI.PermissionDeniedError,
    tries: 3,
    waitsAsTold: true,
    client: (apiKey, context) =>
      inVariable("OPENAI_CUSTOM_HEADERS", context, () =>
        new OpenAI({ baseURL: `${where.base_url}/v1`, apiKey, timeout })),
    ask: (client, model = "mock", more = {}) =>
      client.chat.completions.create({ model, messages, max_tokens: 16, ...more }).withResponse(),
  },
  anthropic: {
    limited: Anthropic.RateLimitError,
    denied: Anthropic.PermissionDeniedError,
    tries: 3,
    waitsAsTold: true,
    client: (apiKey, context) =>
      inVariable("ANTHROPIC_CUSTOM_HEADERS", context, () =>
        new Anthropic({ baseURL: where.base_url, apiKey, timeout })),
    ask: (client, model = "mock", more = {}) =>
      client.messages.create({ model, messages, max_tokens: 16, ...more }).withResponse(),
  },
  // It does not ask again unless it is told to.
  gemini: { limited: ApiError, denied: ApiError, tries: 1, client: gemini(), ask: askGemini },
};
// Told to, it asks after waits of its own, whatever an answer says.
const told = { ...vendors.gemini, tries: 2, client: gemini({ retryOptions: { attempts: 2 } }) };

function gemini(more = {}) {
  return (apiKey, context) => {
    const headers = context ? { [CONTEXT_HEADER]: context } : {};
    return new GoogleGenAI({ apiKey, httpOptions: { baseUrl: where.base_url, headers, ...more } });
  };
}

async function askGemini(client, model = "mock") {
  const config = { maxOutputTokens: 16 };
  const data = await client.models.generateContent({ model, contents: "Say hello.", config });
  return { data, response: { headers: new Headers(data.sdkHttpResponse.headers) } };
}

/** A budget's refusal: the SDK's own error, which says by itself what to do about it. */
async function limited(vendor, client, code, quota) {
  const refusal = await refusedWith(vendor.limited, 429, () => vendor.ask(client), code);
  for (const word of [`\`${quota}\``, OWNER]) {
    assert.ok(String(refusal).includes(word), `the message does not name ${word}: ${refusal}`);
  }
  return refusal;
}

async function refusesForGood(agent, code, quota) {
  const token = tokenOf(agent);
  for (const [name, vendor] of Object.entries(vendors)) {
    const client = vendor.client(token);
    const codes = await asked(agent, async () => {
      const { headers } = await limited(vendor, client, code, quota);
      if (headers) assert.equal(headers.get("x-should-retry"), "false");
    });
    assert.deepEqual(codes, [code], name);
  }
}

/** Asks until a budget of a few calls is used up. */
async function useUp(token) {
  const client = vendors.openai.client(token).withOptions({ maxRetries: 0 });
  for (let call = 0; call < 3; call += 1) {
    try {
      await vendors.openai.ask(client);
    } catch (problem) {
      assert.equal(problem.constructor, OpenAI.RateLimitError, String(problem));
      return;
    }
  }
  assert.fail("the budget is never used up");
}

/** Runs `call` with every wait between tries over at once; gives how long they were, in ms. */
async function hurried(call) {
  const waits = [];
  const real = globalThis.setTimeout;
  globalThis.setTimeout = (then, ms, ...more) => {
    // Not those of the HTTP client within Node.
    const isWait = ms >= 500 && ms <= MINUTE_MS && new Error().stack.includes("node_modules");
    if (isWait) waits.push(ms);
    return real(then, isWait ? 0 : ms, ...more);
  };
  try {
    await call();
  } finally {
    globalThis.setTimeout = real;
  }
  return waits;
}

/** The SDK would wait as long as it is told to, before each of its retries. */
async function isToldToWait(name, vendor, client) {
  let refusal;
  const waits = await hurried(async () => {
    refusal = await limited(vendor, client, "budget_paused", "pausing");
  });
  assert.equal(waits.length, vendor.tries - 1, `${name}: ${waits}`);
  if (!vendor.waitsAsTold) return;
  assert.equal(refusal.headers.get("x-should-retry"), null);
  const wait = Number(refusal.headers.get("retry-after")) * 1000;
  assert.ok(wait > 0 && wait <= MINUTE_MS, String(wait));
  assert.ok(waits.every((ms) => ms >= wait && ms <= wait + SPARE_MS), `${waits}, ${wait}`);
}

await checks.run("a budget of a minute says when to ask again", async () => {
  const token = tokenOf("pausing-agent");
  // Budgets of a minute begin anew with each minute: wait where this one is almost over.
  const left = MINUTE_MS - (Date.now() % MINUTE_MS);
  if (left < SPARE_MS) await new Promise((resolve) => setTimeout(resolve, left));
  await useUp(token);
  const asking = Object.entries({ ...vendors, told });
  const codes = await asked("pausing-agent", async () => {
    for (const [name, vendor] of asking) await isToldToWait(name, vendor, vendor.client(token));
  });
  const tries = asking.reduce((sum, [, vendor]) => sum + vendor.tries, 0);
  assert.deepEqual(codes, Array(tries).fill("budget_paused"));
});
await checks.run("a budget used up is refused, and asked once", async () => {
  await useUp(tokenOf("spent-agent"));
  await refusesForGood("spent-agent", "budget_exhausted", "spent");
});
await checks.run("so is what fits into no budget", async () => {
  await refusesForGood("small-agent", "budget_too_small", "small");
});
await checks.run("a header chooses the context", async () => {
  const token = tokenOf("bound-agent");
  for (const vendor of Object.values(vendors)) {
    const { response } = await vendor.ask(vendor.client(token, "answering"));
    const account = await explained(forwarded(response.headers, "mock"));
    assert.equal(account.decision.context, "answering");
  }
});
await checks.run("no context, or another, is refused", async () => {
  const token = tokenOf("bound-agent");
  for (const vendor of Object.values(vendors)) {
    for (const [context, code, who] of [
      [undefined, "context_required", "risk-lead"],
      ["measuring", "context_unknown", "risk-lead"],
      ["embedding", "context_unfit", OWNER],
    ]) {
      const client = vendor.client(token, context);
      const refusal = await refusedWith(vendor.denied, 403, () => vendor.ask(client), code);
      for (const word of ["answering", who]) {
        assert.ok(String(refusal).includes(word), `the message does not name ${word}: ${refusal}`);
      }
    }
  }
});
await checks.run("a real model's use is charged, to the token", async () => {
  const token = tokenOf("metered-agent");
  const chargedFor = async ({ headers }, model) =>
    (await explained(forwarded(headers, model))).outcome.charged.tokens;
  const [one, other] = [vendors.openai, vendors.anthropic];
  const chat = await one.ask(one.client(token), "real-openai");
  assert.equal(await chargedFor(chat.response, "real-openai"), chat.data.usage.total_tokens);
  const message = await other.ask(other.client(token), "real-anthropic");
  const { input_tokens, cache_read_input_tokens, output_tokens } = message.data.usage;
  const used = input_tokens + (cache_read_input_tokens ?? 0) + output_tokens;
  assert.equal(await chargedFor(message.response, "real-anthropic"), used);
});
await checks.run("so is a stream that its reader leaves when it is over", async () => {
  const { client, ask } = vendors.openai;
  const one = client(tokenOf("metered-agent"));
  // The SDK leaves at `[DONE]`, and the model's server closes a moment later.
  const more = { stream: true, stream_options: { include_usage: true } };
  for (const _ of Array(4)) {
    const { data, response } = await ask(one, "real-openai", more);
    const { usage } = (await all(data)).at(-1);
    const { outcome } = await explained(forwarded(response.headers, "real-openai"));
    assert.equal(outcome.charged.tokens, usage.total_tokens, JSON.stringify(outcome));
  }
});
checks.finish();
