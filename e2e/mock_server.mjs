// Serve a mock of the vendors' own APIs on a free loopback port, for the end-to-end tests.
//
// aimock speaks OpenAI's, Anthropic's and Gemini's wire forms, and fails as its fixtures say. It
// demands the key in MODEL_KEY, as a provider would, by whichever header the vendor uses.
//
// The first line on standard output is `listening http://127.0.0.1:PORT`. The server stops when
// its standard input ends, or on SIGTERM. The one argument is the file of fixtures.

import { LLMock } from "@copilotkit/aimock";

const mock = new LLMock({
  host: "127.0.0.1",
  port: 0,
  auth: { apiKeys: [process.env.MODEL_KEY] },
  chunkSize: 20,
});
mock.loadFixtureFile(process.argv[2]);
await mock.start();
console.log(`listening ${mock.url}`);

const stop = () => process.exit(0);
process.on("SIGTERM", stop);
process.stdin.on("end", stop).resume();
