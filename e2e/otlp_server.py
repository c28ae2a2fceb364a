"""Take OTLP over HTTP on a free loopback port, for the end-to-end tests.

Bodies are read by the messages that OpenTelemetry itself publishes. What holds a field that they do
not know, or does not read at all, is answered with 400 and remembered as a problem. What was taken
is read back with `GET /spans`, `/metrics` and `/problems`. The first line on standard output with an
address is `listening http://127.0.0.1:PORT`. The server stops when its standard input ends.
"""

import http.server
import json
import signal
import sys
import threading

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

REQUESTS = {
    "/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
    "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest,
}
KEPT = {"/spans": [], "/metrics": [], "/problems": []}
LOCK = threading.Lock()


def strictly(path: str, body: bytes) -> object:
    """The message in `body`, of which every byte must be known."""
    message = REQUESTS[path].FromString(body)
    size = message.ByteSize()
    message.DiscardUnknownFields()
    if size != message.ByteSize():
        raise ValueError("it holds fields that OTLP does not know")
    if size != len(body):
        raise ValueError(f"{len(body)} bytes say what {size} would")
    return message


def keep(path: str, message: object) -> None:
    """Remember what was taken: spans and metrics one by one, with their resource."""
    text = json_format.MessageToDict(message, preserving_proto_field_name=True)
    if path == "/v1/traces":
        groups, inner, items, where = "resource_spans", "scope_spans", "spans", "/spans"
    else:
        groups, inner, items, where = "resource_metrics", "scope_metrics", "metrics", "/metrics"
    for group in text.get(groups, []):
        for scope in group.get(inner, []):
            for item in scope.get(items, []):
                KEPT[where].append(
                    {"resource": group["resource"], "schema": group.get("schema_url"), "item": item}
                )


class Collector(http.server.BaseHTTPRequestHandler):
    """Takes exports, and says what it took."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        problem = None
        try:
            if self.headers["content-type"] != "application/x-protobuf":
                raise ValueError(self.headers["content-type"])
            message = strictly(self.path, body)
            with LOCK:
                keep(self.path, message)
        except Exception as cause:  # noqa: BLE001 - whatever is wrong with it is reported
            problem = f"{self.path}: {type(cause).__name__}: {cause}"
            with LOCK:
                KEPT["/problems"].append(problem)
        self.answer(400 if problem else 200, b"")

    def do_GET(self) -> None:
        with LOCK:
            self.answer(200, json.dumps(KEPT[self.path]).encode())

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.daemon_threads = True
    print(f"listening http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
