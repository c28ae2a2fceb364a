// What the JavaScript drivers share: the target, one printed line a check, the closing count.
//
// The same as harness.py, for the same target file. Drivers never assert on prose.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";

const DECISION = "portreeve-decision";
const RECEIPT = "portreeve-receipt";

/** Where a driver is pointed: see Target in harness.py. */
export function target() {
  const [flag, file] = process.argv.slice(2);
  assert.equal(flag, "--target", "--target FILE is required");
  const given = JSON.parse(readFileSync(file, "utf8"));
  const has = (...words) => words.every((word) => word in given.models || given.can.includes(word));
  return { ...given, model: given.models.answers, has };
}

/** Runs checks in order and counts them. */
export class Checks {
  #name;
  #passed = 0;
  #failed = 0;

  constructor(name) {
    this.#name = name;
  }

  /** Runs one check and prints one line for it. */
  async run(what, check) {
    try {
      await check();
      this.#passed += 1;
      console.log(`ok   ${this.#name}: ${what}`);
    } catch (problem) {
      this.#failed += 1;
      const text = String(problem?.stack ?? problem).split(/\s+/).join(" ").slice(0, 400);
      console.log(`FAIL ${this.#name}: ${what}: ${text}`);
    }
  }

  /** Sets how the process ends: 0 where every check passed and there was one. */
  finish() {
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/** Awaits `call`, which must throw exactly `kind` with the HTTP status; with `code`, the gateway's own. */
export async function refusedWith(kind, status, call, code) {
  let refusal;
  try {
    await call();
  } catch (problem) {
    refusal = problem;
  }
  assert.ok(refusal, `nothing was refused; expected ${kind.name}`);
  assert.equal(refusal.constructor, kind, `${refusal.constructor.name}, not ${kind.name}: ${refusal}`);
  assert.equal(refusal.status, status, String(refusal));
  if (code) {
    const own = ownPart(refusal);
    assert.equal(own?.code, code, String(refusal));
    assert.ok(String(refusal).includes(own.decision), `the message names no decision: ${refusal}`);
    if (refusal.headers) {
      assert.equal(own.decision, decisionOf(refusal.headers));
      assert.equal(refusal.headers.get(RECEIPT), null, "a refusal came with a receipt");
    }
  }
  return refusal;
}

/** What a refusal says under `error.portreeve`. The Google SDK keeps the body as its message only. */
function ownPart(refusal) {
  const body = refusal.error ?? JSON.parse(refusal.message);
  return body.portreeve ?? body.error?.portreeve ?? body.error?.details?.[0].metadata;
}

/** The decision's id, which every answer of the gateway carries. */
export function decisionOf(headers) {
  const text = headers.get(DECISION);
  assert.match(text ?? "", /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  return text;
}

/** A forwarded answer says which decision, which model and which target it is of. */
export function forwarded(headers, model) {
  assert.match(headers.get(RECEIPT) ?? "", /^[!-~]+( [!-~]+)*$/);
  assert.equal(headers.get("portreeve-model"), model);
  assert.match(headers.get("portreeve-target") ?? "", /\//);
  return decisionOf(headers);
}

/** The token with one letter of its signature changed. */
export function forged(token) {
  return token.slice(0, -2) + (token.at(-2) === "A" ? "B" : "A") + token.at(-1);
}

/** Everything an async iterable gives. */
export async function all(stream) {
  const items = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** The first item of an async iterable, which is then left. */
export async function first(stream) {
  for await (const item of stream) return item;
  throw new assert.AssertionError({ message: "the stream is empty" });
}
