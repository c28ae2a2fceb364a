#!/usr/bin/env python3
"""Writes the vectors in this folder from `spec/ledger.md` alone.

It shares no code with portreeve: canonical JSON comes from Python's own writer, the tree and the
keys from the generator of `../tlog`. Run it in this folder; where it changes a file, either it or
the product is wrong.
"""
import json
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

sys.path.insert(0, "../tlog")
sys.dont_write_bytecode = True
from generate import LOG, b64, b64url, mth, path, sha, write  # noqa: E402

DAY = "2026-11-24"
ID = "019ab3c0-5a80-7000-8000-%012d"
DIGEST = {name: "sha256:" + sha(name.encode()).hex() for name in (
    "charter", "credential", "policy", "object", "response")}


def canonical(value):
    """Section 2: keys sorted by their bytes, no white space, no escape that JSON does not demand."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def time(milliseconds):
    return f"{DAY}T09:{milliseconds // 60_000:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}Z"


def entry(kind, epoch, seq, at, **fields):
    return {"v": 1, "type": kind, "epoch": epoch, "seq": seq, "ts": time(at), **fields}


def policy(name, effect="permit"):
    return {"id": name, "effect": effect, "file": f"policies/{name}.cedar", "line": 3, "line_end": 9,
            "text": DIGEST["policy"], "owner": "seat:policy-lead"}


CHARTER = {"digest": DIGEST["charter"], "change": ID % 900, "control_index": 2, "genesis": True,
           "accountable": "seat:accountable",
           "secondary": ["seat:policy", "seat:platform", "seat:response"]}
SUBJECT = {"agent": "demo-agent", "proof": "embedded_token", "trust_domain": "example.com",
           "credential": DIGEST["credential"], "expires": time(300_000), "epoch": 3,
           "context": "tickets"}
ASK = {"operation": "chat_completions", "dialect": "open_ai", "model": "helpdesk", "stream": True,
       "input_bytes": 400, "output_tokens_max": 1000, "function_tools": 2,
       "beyond": {"tools": [{"kind": "remote_mcp", "declared": "mcp", "server": "mcp.example.org"}],
                  "stores": "asked", "names": [{"kind": "response", "id": DIGEST["response"]}],
                  "unrecognised": [{"place": "field", "name": "reasoning.foo"}], "urls": 1}}
HOLDS = [
    {"counter": {"quota": "demo-month", "measure": "requests", "per": "month"},
     "window": "2026-11-01T00:00:00.000Z", "amount": 1},
    {"counter": {"quota": "team-day", "for": {"team": "support"}, "measure": "money", "per": "day",
                 "agent": "demo-agent"},
     "window": "2026-11-24T00:00:00.000Z", "amount": 18_446_744_073_709_551_615},
]
TARGETS = [
    {"provider": "alpha", "upstream_model": "up/Model-1", "policies": [policy("model/helpdesk")],
     "secret": {"name": "alpha-key", "version": 4, "owner": "seat:secret-owner"},
     "claims": {"region": "eu", "retention_days": 30, "trains": False, "owner": "seat:legal",
                "stated": "2026-11-01T00:00:00.000Z"}},
    {"provider": "beta", "upstream_model": "m", "policies": []},
]
WITHHELD = [
    {"provider": "gamma", "upstream_model": "m", "code": "condition"},
    {"provider": "delta", "upstream_model": "m", "code": "policy_forbids",
     "policies": [policy("guardrails/eu-only", "forbid")], "detail": "The target is not in the EU."},
]


def log():
    """A log in order (section 3): every kind that a gateway's own log can have."""
    permit = {"id": ID % 1, "received": time(990), "subject": SUBJECT, "ask": ASK,
              "verdict": {"allowed": True, "code": "permitted"}, "targets": TARGETS,
              "withheld": WITHHELD, "holds": HOLDS, "context": "tickets",
              "agent_owner": "seat:support-lead", "target_owner": "seat:model-owner",
              "charter": CHARTER, "outcome": "due"}
    outcome = {"id": ID % 1, "decision": 1, "ended": "complete", "status": 200,
               "attempts": [
                   {"provider": "beta", "upstream_model": "m", "failure": "status_5xx", "status": 503},
                   {"provider": "alpha", "upstream_model": "up/Model-1", "status": 200,
                    "lease": {"name": "alpha-key", "version": 4}, "upstream_request_id": "req_\u00e9"}],
               "usage": {"input_tokens": 19, "output_tokens": 9},
               "charged": {"requests": 1, "tokens": 28, "nano_usd": 1_234_567},
               "cost_nano_usd": 1_234_567, "cost_center": "CC-1",
               "stored": [{"agent": "demo-agent", "provider": "alpha",
                           "object": {"kind": "response", "id": DIGEST["object"]}}],
               "output_bytes": 2048, "first_byte_ms": 120, "duration_ms": 940}
    refusal = {"id": ID % 2, "received": time(1990), "charter": CHARTER, "outcome": "none",
               "verdict": {"allowed": False, "code": "credential_expired"}}
    body = {"odd": "\"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028\u00e9\U0001f600",
            "numbers": [0, -1, 18_446_744_073_709_551_615, -9_223_372_036_854_775_808],
            "nested": {"": None, "B": True, "a": False, "\u00e9": [], "\U0001f600": {}, "\uff5e": 1}}
    return [
        entry("epoch_start", 1, 0, 0, software="vectors 1", previous=None, unpaired=0, open_from=None),
        entry("decision", 1, 1, 1000, **permit),
        entry("outcome", 1, 2, 2000, **outcome),
        entry("decision", 1, 3, 2000, **refusal),
        entry("unauthenticated_refusals_opened", 1, 4, 2001, id=ID % 3, body={}),
        entry("unauthenticated_refusals_closed", 1, 5, 9000, id=ID % 3, body={"count": 7}),
        entry("charter_loaded", 1, 6, 9000, id=ID % 4, body=body),
        entry("epoch_stop", 1, 7, 9500, decisions=2, outcomes=1),
        entry("epoch_start", 2, 8, 60_000, software="vectors 2", open_from=None, unpaired=0,
              previous={"epoch": 1, "last_seq": 7, "clean": True}),
    ]


def others():
    """Entries that stand alone here: kinds of the control log, and rarer fields."""
    salt, facts = bytes(range(32)), canonical({"asked": {}, "v": 2})
    note = LOG.note(f"{LOG.name}\n0\n{b64(mth([]))}\n")
    return [
        ("a decision with a commitment to its facts", entry(
            "decision", 4, 70, 5, id=ID % 9, received=time(4), outcome="none", charter=CHARTER,
            verdict={"allowed": False, "code": "policy_forbids", "ask": "seat:policy-lead",
                     "policies": [policy("guardrails/eu-only", "forbid")],
                     "detail": "The target is not in the EU.", "secret": "alpha-key"},
            commit={"sha256": sha(salt + facts).hex(), "bytes": len(facts), "key": "agent.demo-agent.1"})),
        ("a heartbeat", entry("heartbeat", 4, 71, 1000, decisions=3, outcomes=2, in_flight=1, open_from=69)),
        ("an outcome that the next start wrote", entry(
            "outcome", 5, 72, 2000, id=ID % 8, decision=69, ended="interrupted", output_bytes=0,
            duration_ms=11, lost_epoch=4)),
        ("an outcome whose attempts did not fit", entry(
            "outcome", 5, 73, 2000, id=ID % 7, decision=68, ended="upstream_failed", output_bytes=0,
            duration_ms=12, status=502, shortened=True)),
        ("genesis", entry("genesis", 1, 1, 3, body={"person": "ann", "software": "vectors 1"})),
        ("an act", entry("act", 1, 2, 4, body={"act": {"verb": "charter.apply"}, "signature": "-----\n"})),
        ("a charter applied", entry("charter_applied", 1, 3, 5, body={"digest": DIGEST["charter"]})),
        ("a decision log's checkpoint", entry(
            "checkpoint", 1, 4, 6, body={"origin": LOG.name, "size": 0, "note": note})),
    ]


def refused():
    """Texts that are no entry at index 3, and why: `form`, `version`, `id`, `type` or `place`."""
    good = canonical(entry("heartbeat", 1, 3, 0, decisions=0, outcomes=0, in_flight=0, open_from=None)).decode()
    deep = "[" * 200 + "]" * 200

    def bent(old, new):
        assert old in good, old
        return good.replace(old, new, 1)

    yield "nothing", "form", ""
    yield "cut short", "form", good[:-1]
    yield "a list", "form", "[]"
    yield "something behind it", "form", good + "\n"
    yield "white space", "form", bent(":1,", ": 1,")
    yield "keys out of order", "form", bent('"v":1', '"v":1,"a":1')
    yield "a key twice", "form", bent('"seq":3', '"seq":3,"seq":3')
    yield "a key twice, once with an escape", "form", bent('"seq":3', '"seq":3,"\\u0073eq":3')
    yield "an escape that nothing demands", "form", bent("heartbeat", "heart\\u0062eat")
    yield "an escaped slash", "form", bent('"v":1', '"v":1,"w":"\\/"')
    yield "a short escape written long", "form", bent('"v":1', '"v":1,"w":"\\u000a"')
    yield "an escape in capitals", "form", bent('"v":1', '"v":1,"w":"\\u001F"')
    yield "a number with a fraction", "form", bent('"decisions":0', '"decisions":0.0')
    yield "a number with an exponent", "form", bent('"decisions":0', '"decisions":0e0')
    yield "minus zero", "form", bent('"decisions":0', '"decisions":-0')
    yield "a leading zero", "form", bent('"seq":3', '"seq":03')
    yield "a number beyond 64 bits", "form", bent('"decisions":0', '"decisions":18446744073709551616')
    yield "a raw control character", "form", bent("heartbeat", "heart\nbeat")
    yield "nested too deep", "form", bent('"v":1', f'"v":1,"w":{deep}')
    yield "no version", "form", bent(',"v":1', "")
    yield "a sequence number that is text", "form", bent('"seq":3', '"seq":"3"')
    yield "a time that is none", "form", bent("-11-24T", "-13-24T")
    yield "an id that is none", "id", bent('"in_flight"', '"id":"x","in_flight"')
    yield "a version to come", "version", bent('"v":1', '"v":2')
    yield "a type to come", "type", bent("heartbeat", "heartbreak")
    yield "the place before", "place", bent('"seq":3', '"seq":2')
    yield "the place behind", "place", bent('"seq":3', '"seq":4')


def entries():
    texts = [canonical(each) for each in log()]
    root = mth(texts)
    write("entries.json", {
        "about": "`log` is a whole log in order, its leaf hashes, the root over the first N entries, and "
                 "its checkpoint; `others` are entries by themselves; `refused` are no entries at index 3",
        "vkey": LOG.vkey,
        "log": [{"entry": text.decode(), "leaf": sha(b"\x00" + text).hex()} for text in texts],
        "roots": [mth(texts[:size]).hex() for size in range(len(texts) + 1)],
        "checkpoint": LOG.note(f"{LOG.name}\n{len(texts)}\n{b64(root)}\n"),
        "others": [{"case": case, "index": each["seq"], "entry": canonical(each).decode(),
                    "leaf": sha(b"\x00" + canonical(each)).hex()} for case, each in others()],
        "refused": [{"case": case, "for": why, "entry": text} for case, why, text in refused()],
    })


def receipts():
    """One batch, entries 1 to 3 of the log, and the promise of each."""
    texts = [canonical(each) for each in log()][1:4]
    statement = "\n".join(("portreeve-receipt/v1", LOG.name, "1", "3", b64(mth(texts))))
    signature = LOG.sign(statement.encode())
    write("receipts.json", {
        "about": "receipts of one batch: the entries 1 to 3 of the log in entries.json",
        "vkey": LOG.vkey,
        "statement": statement,
        "receipts": [".".join((
            "r1", str(1 + place), "1", "3", b64url(sha(b"\x00" + text)),
            b64url(b"".join(path(place, texts))), b64url(signature), LOG.name))
            for place, text in enumerate(texts)],
    })


def little(number, size):
    return number.to_bytes(size, "little")


def header(first, nonce, origin=LOG.name):
    checked = b"portreeve-wal-1\n" + little(first, 8) + nonce + bytes(8)
    return checked + sha(origin.encode() + b"\x00" + checked)[:16]


def frame(index, batch, text, sealed, nonce):
    head = b"prWF" + little(len(text), 4) + little(len(sealed), 4) + little(index, 8) + little(batch, 8)
    return head + sha(nonce + head + text + sealed)[:16] + text + sealed


def wal():
    """Section 4: a segment whose frames carry the log, in batches that begin at 0, 1 and 4."""
    nonce = bytes(range(16))
    texts = [canonical(each) for each in log()]
    sealed = {1: b"\x01" + bytes(range(12)) + b"sealed facts, opaque here", 3: b"\x01"}
    batches = [0, 1, 1, 1, 4, 4, 4, 4, 4]
    frames = [frame(index, batch, text, sealed.get(index, b""), nonce)
              for index, (batch, text) in enumerate(zip(batches, texts))]
    whole = header(0, nonce) + b"".join(frames)
    ends = [64 + len(b"".join(frames[:count])) for count in range(len(frames) + 1)]

    def flipped(at):
        return whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1:]

    last = ends[-2]
    damaged = [
        ("as it was written", whole, 9),
        ("cut within the last entry", whole[:-1], 8),
        ("cut within the last frame's head", whole[:last + 20], 8),
        ("cut behind the header", whole[:64], 0),
        ("cut within the header", whole[:63], 0),
        ("another origin's header", header(0, nonce, "example.com/other") + whole[64:], 0),
        ("another nonce's header", header(0, bytes(16)) + whole[64:], 0),
        ("a bent byte in the header", flipped(20), 0),
        ("a bent byte in the last entry", flipped(len(whole) - 9), 8),
        ("a bent byte in sealed facts", flipped(ends[2] - 2), 1),
        ("another index in the last frame", whole[:last] + frame(9, 4, texts[8], b"", nonce), 8),
        ("a batch that begins behind its frame", whole[:last] + frame(8, 9, texts[8], b"", nonce), 8),
        ("zeros behind the last frame", whole + bytes(64), 9),
    ]
    def change(segment):
        """How a segment differs from the whole: so many bytes kept, these, the whole's from there on."""
        kept = next((at for at, (one, other) in enumerate(zip(whole, segment)) if one != other),
                    min(len(whole), len(segment)))
        end = 0
        while end < min(len(whole), len(segment)) - kept and whole[-1 - end] == segment[-1 - end]:
            end += 1
        return {"keep": kept, "then": segment[kept:len(segment) - end].hex(), "go_on": len(whole) - end}

    write("wal.json", {
        "about": "a segment of the write-ahead log in hexadecimal, frame by frame; `others` keep so many "
                 "bytes of it, have `then` after them, and go on with its bytes from `go_on`; `found` is "
                 "how many entries a reader finds there, counted from the first",
        "vkey": LOG.vkey,
        "file": f"{0:020}.wal",
        "nonce": nonce.hex(),
        "header": whole[:64].hex(),
        "frames": [{"index": index, "batch_first": batch, "sealed": sealed.get(index, b"").hex(),
                    "frame": each.hex()}
                   for index, (batch, each) in enumerate(zip(batches, frames))],
        "others": [{"case": case, "found": found, **change(each)} for case, each, found in damaged],
    })


def facts():
    """Section 6: what a leaf says of facts, and the payload that holds them."""
    key, salt, nonce = bytes([3] * 32), bytes(range(32)), bytes(range(12))
    decision, name = ID % 9, "agent.demo-agent.1"
    bound = f"portreeve facts v1\n{decision}\n{name}\n"
    cases = []
    for text in (canonical({"asked": {}, "v": 2}), b"{}"):
        sealed = AESGCMSIV(key).encrypt(nonce, salt + text, bound.encode())
        cases.append({"facts": text.decode(), "bytes": len(text), "sha256": sha(salt + text).hex(),
                      "payload": (b"\x01" + nonce + sealed).hex()})
    write("facts.json", {
        "about": "facts sealed for one decision under one key, and the `commit` of its entry; the first is "
                 "that of the decision with a commitment in entries.json",
        "decision": decision,
        "key": key.hex(),
        "key_id": name,
        "salt": salt.hex(),
        "associated_data": bound,
        "cases": cases,
    })


if __name__ == "__main__":
    for each in (entries, receipts, wal, facts):
        each()
