#!/usr/bin/env python3
"""Writes the vectors in this folder from the specifications alone.

It shares no code with portreeve: the tree follows the recursive definitions of RFC 6962,
section 2.1, word by word, and Ed25519 comes from the `cryptography` package. Run it in this
folder; where it changes a file, either it or the product is wrong.
"""
import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey


def sha(data):
    return hashlib.sha256(data).digest()


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


# RFC 6962, section 2.1 ------------------------------------------------------------------

def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(d):
    if not d:
        return sha(b"")
    if len(d) == 1:
        return sha(b"\x00" + d[0])
    k = split(len(d))
    return sha(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return path(m, d[:k]) + [mth(d[k:])]
    return path(m - k, d[k:]) + [mth(d[:k])]


def subproof(m, d, whole):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


def consistency(m, d):
    return subproof(m, d, True) if 0 < m else []


# C2SP signed-note -----------------------------------------------------------------------

class Key:
    def __init__(self, name, seed):
        self.name, self.seed = name, seed
        self.key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = self.key.public_key().public_bytes_raw()
        self.id = sha(name.encode() + b"\n\x01" + self.public)[:4]
        self.vkey = f"{name}+{self.id.hex()}+{b64(bytes([1]) + self.public)}"
        self.skey = f"PRIVATE+KEY+{name}+{self.id.hex()}+{b64(bytes([1]) + seed)}"

    def sign(self, message):
        return self.key.sign(message)

    def line(self, text):
        return f"\u2014 {self.name} {b64(self.id + self.sign(text.encode()))}\n"

    def note(self, text):
        return f"{text}\n{self.line(text)}"


LOG = Key("example.com/portreeve/decisions", bytes([7] * 32))
SAME_NAME = Key(LOG.name, bytes([8] * 32))
WITNESS = Key("witness.example", bytes([9] * 32))


def entry(index):
    return b'{"seq":%d}' % index


# The files ------------------------------------------------------------------------------

def write(name, value):
    with open(name, "w", encoding="utf-8") as file:
        json.dump(value, file, indent=1, ensure_ascii=True)
        file.write("\n")


def tree():
    leaves = [bytes.fromhex(text) for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f")]
    sizes = range(len(leaves) + 1)
    write("tree.json", {
        "about": "the eight leaves that RFC 6962 implementations share; every root and proof",
        "leaves": [leaf.hex() for leaf in leaves],
        "roots": [mth(leaves[:size]).hex() for size in sizes],
        "inclusion": [
            {"index": index, "size": size,
             "proof": [each.hex() for each in path(index, leaves[:size])]}
            for size in sizes for index in range(size)],
        "consistency": [
            {"old": old, "new": new,
             "proof": [each.hex() for each in consistency(old, leaves[:new])]}
            for new in sizes for old in range(new + 1)],
    })


def tiled():
    cases = []
    for size in (0, 1, 2, 255, 256, 257, 300, 1000, 65_536, 70_000):
        entries = [entry(index) for index in range(size)]
        tiles = {}
        for level in range(3):
            span = 256 ** level
            count = size // span
            for first in range(0, count, 256):
                width = min(256, count - first)
                content = b"".join(
                    mth(entries[(first + i) * span:(first + i + 1) * span]) for i in range(width))
                index = first // 256
                name = f"{index % 1000:03}"
                if index >= 1000:
                    name = f"x{index // 1000:03}/{name}"
                if width < 256:
                    name += f".p/{width}"
                # All tiles of the large trees would be a large file: the edge says enough.
                if size <= 1000 or width < 256 or level > 0:
                    tiles[f"tile/{level}/{name}"] = sha(content).hex()
        cases.append({"size": size, "root": mth(entries).hex(), "tiles": tiles})
    write("tiles.json", {
        "about": "logs whose entry N is the ASCII text {\"seq\":N}: root, and SHA-256 of tile files",
        "logs": cases,
        "paths": [
            {"level": 0, "index": 0, "width": 256, "path": "tile/0/000"},
            {"level": 1, "index": 5, "width": 1, "path": "tile/1/005.p/1"},
            {"level": 0, "index": 999, "width": 255, "path": "tile/0/999.p/255"},
            {"level": 0, "index": 1000, "width": 256, "path": "tile/0/x001/000"},
            {"level": 0, "index": 1234, "width": 5, "path": "tile/0/x001/234.p/5"},
            {"level": 2, "index": 1234067, "width": 256, "path": "tile/2/x001/x234/067"},
            {"level": 7, "index": 0, "width": 9, "path": "tile/7/000.p/9"},
        ],
        "refused_paths": [
            "", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000",
            "tile/00/000", "tile/8/000", "tile/64/000", "tile/-1/000", "tile/+0/000", "/tile/0/000",
            "tile/0/000/", "tile/0//000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/05",
            "tile/0/000.p/", "tile/0/000.p", "tile/0/x000/000", "tile/0/001/234", "tile/0/x001/x234",
            "tile/0/x001", "tile/0/x001/x000/x000/x000/x000/x000/x000/000", "tile/0/00a",
            "tile/0/000.p/5/x", "tile/0/../000", "tile/entries/000", "Tile/0/000",
        ],
    })


def notes():
    text = "This is one line.\nThis is another, and an empty one follows.\n\nThe end.\n"
    good = LOG.note(text)
    cut = LOG.line(text).rstrip("\n")
    flipped = bytearray(LOG.id + LOG.sign(text.encode()))
    flipped[-1] ^= 1
    forged = f"\u2014 {LOG.name} {b64(bytes(flipped))}\n"
    same_id = f"\u2014 other.example {b64(LOG.id + LOG.sign(text.encode()))}\n"
    post_quantum = f"\u2014 pq.example {b64(bytes([0, 1, 2, 3]) + bytes(300))}\n"
    opens = [
        ("one signature", LOG.vkey, good, text),
        ("with a witness before it", LOG.vkey, f"{text}\n{WITNESS.line(text)}{LOG.line(text)}", text),
        ("with a witness behind it", LOG.vkey, good + WITNESS.line(text), text),
        ("another key of the same name is passed over", LOG.vkey, good + SAME_NAME.line(text), text),
        ("another name with the same id is passed over", LOG.vkey, good + same_id, text),
        ("sixteen longer signatures of unknown kinds", LOG.vkey, good + post_quantum * 16, text),
        ("the text is one empty line", LOG.vkey, LOG.note("\n"), "\n"),
        ("Go's sumdb/note example",
         "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
         "If you think cryptography is the answer to your problem,\n"
         "then you don't know what your problem is.\n\n"
         "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
         "qdngotpRZb6KE6RyyBwJnAM=\n",
         "If you think cryptography is the answer to your problem,\n"
         "then you don't know what your problem is.\n"),
        ("an example of another implementation",
         "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
         "This is an example message.\n\n"
         "\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3"
         "mFXmRKuwHjG1Yu72IneyaQM=\n",
         "This is an example message.\n"),
    ]
    refused = [
        ("nothing", ""),
        ("text without signatures", text),
        ("text and an empty line", f"{text}\n"),
        ("only a witness signed", WITNESS.note(text)),
        ("only another key of the same name signed", SAME_NAME.note(text)),
        ("only another name with the same id signed", f"{text}\n{same_id}"),
        ("a changed text", good.replace("another", "an other")),
        ("a changed signature", f"{text}\n{forged}"),
        ("a good and a forged signature of the key", good + forged),
        ("a forged and a good signature of the key", f"{text}\n{forged}{LOG.line(text)}"),
        ("no newline at the end", good.rstrip("\n")),
        ("an empty line behind the signatures", good + "\n"),
        ("a carriage return, signed", LOG.note(text.replace("line.\n", "line.\r\n"))),
        ("a tab in the text, signed", LOG.note(text.replace("one line", "one\tline"))),
        ("a hyphen for the dash", good.replace("\u2014 ex", "- ex")),
        ("two spaces behind the dash", good.replace("\u2014 ex", "\u2014  ex")),
        ("a space at the end", f"{text}\n{cut} \n"),
        ("base64 without padding", f"{text}\n{cut.rstrip('=')}\n"),
        ("URL-safe base64", f"{text}\n" + cut.replace("+", "-").replace("/", "_") + "\n"),
        ("a signature cut short", f"{text}\n\u2014 {LOG.name} {b64(LOG.id + LOG.sign(text.encode())[:63])}\n"),
        ("only a key id", f"{text}\n\u2014 {LOG.name} {b64(LOG.id)}\n"),
        ("a name with a plus", good + LOG.line(text).replace("\u2014 example.com", "\u2014 example+com")),
        ("a line that is no signature", good + "this is no signature\n"),
        ("sixty-five signature lines", good + WITNESS.line(text) * 64),
    ]
    write("notes.json", {
        "about": "signed notes: `opens` with the key and gives the text, or is `refused` by it",
        "vkey": LOG.vkey,
        "opens": [{"case": case, "vkey": vkey, "note": note, "text": text}
                  for case, vkey, note, text in opens],
        "refused": [{"case": case, "note": note} for case, note in refused],
    })


def keys():
    small_order = b"\x01" + bytes(31)
    weak_id = sha(b"weak.example\n\x01" + small_order)[:4].hex()
    long_name = "n" * 129
    p256 = Key("example.com/log", bytes([1] * 32))
    write("keys.json", {
        "about": "Ed25519 keys in text: from a seed, and texts that are no public key",
        "keys": [
            {"name": key.name, "seed": key.seed.hex(), "vkey": key.vkey, "skey": key.skey}
            for key in (LOG, SAME_NAME, WITNESS)],
        "refused_vkeys": [
            {"case": "nothing", "vkey": ""},
            {"case": "no name", "vkey": "+" + LOG.vkey.split("+", 1)[1]},
            {"case": "a private key", "vkey": LOG.skey},
            {"case": "another name", "vkey": LOG.vkey.replace("decisions", "decision")},
            {"case": "another id", "vkey": LOG.vkey.replace(LOG.id.hex(), "00000000")},
            {"case": "an id in capitals", "vkey": p256.vkey.replace(p256.id.hex(), p256.id.hex().upper())},
            {"case": "a short id", "vkey": LOG.vkey.replace(LOG.id.hex(), LOG.id.hex()[:7])},
            {"case": "another type", "vkey": f"{LOG.name}+{LOG.id.hex()}+{b64(bytes([4]) + LOG.public)}"},
            {"case": "a key cut short", "vkey": f"{LOG.name}+{LOG.id.hex()}+{b64(bytes([1]) + LOG.public[:31])}"},
            {"case": "a key too long", "vkey": f"{LOG.name}+{LOG.id.hex()}+{b64(bytes([1]) + LOG.public + bytes(1))}"},
            {"case": "a space in the name", "vkey": Key("a log", bytes([1] * 32)).vkey},
            {"case": "a name that is too long", "vkey": Key(long_name, bytes([1] * 32)).vkey},
            {"case": "a key of small order, under which anybody can sign",
             "vkey": f"weak.example+{weak_id}+{b64(bytes([1]) + small_order)}"},
            {"case": "two lines", "vkey": LOG.vkey + "\n" + LOG.vkey},
        ],
    })


def checkpoints():
    root = mth([entry(index) for index in range(300)])
    name = LOG.name
    body = f"{name}\n300\n{b64(root)}\n"
    empty = f"{name}\n0\n{b64(sha(b''))}\n"
    refused = [
        ("another log's name", f"{WITNESS.name}\n300\n{b64(root)}\n"),
        ("no name", f"\n300\n{b64(root)}\n"),
        ("a space before the name", f" {name}\n300\n{b64(root)}\n"),
        ("two lines only", f"{name}\n300\n"),
        ("a leading zero", f"{name}\n0300\n{b64(root)}\n"),
        ("a sign", f"{name}\n+300\n{b64(root)}\n"),
        ("a negative size", f"{name}\n-1\n{b64(root)}\n"),
        ("no size", f"{name}\n\n{b64(root)}\n"),
        ("a size beyond 64 bits", f"{name}\n18446744073709551616\n{b64(root)}\n"),
        ("a root of 31 bytes", f"{name}\n300\n{b64(root[:31])}\n"),
        ("a root of 33 bytes", f"{name}\n300\n{b64(root + bytes(1))}\n"),
        ("a root in hexadecimal", f"{name}\n300\n{root.hex()}\n"),
        ("a root without padding", f"{name}\n300\n{b64(root).rstrip('=')}\n"),
        ("an empty extension line", f"{body}extension\n\nextension\n"),
        ("an empty log with a root of its own", f"{name}\n0\n{b64(root)}\n"),
        ("a receipt's statement and a newline", f"portreeve-receipt/v1\n{name}\n0\n300\n{b64(root)}\n"),
    ]
    write("checkpoints.json", {
        "about": "checkpoints of the log of 300 entries in tiles.json, all signed by the key",
        "vkey": LOG.vkey,
        "skey": LOG.skey,
        "opens": [
            {"case": "three lines", "size": 300, "root": root.hex(), "note": LOG.note(body)},
            {"case": "extension lines", "size": 300, "root": root.hex(),
             "note": LOG.note(body + "an extension\nanother\n")},
            {"case": "an empty log", "size": 0, "root": sha(b"").hex(), "note": LOG.note(empty)},
            {"case": "the largest size", "size": 2**64 - 1, "root": root.hex(),
             "note": LOG.note(f"{name}\n{2**64 - 1}\n{b64(root)}\n")},
        ],
        "refused": [{"case": case, "note": LOG.note(text)} for case, text in refused],
    })


def receipts():
    cases = []
    for first, size in ((0, 1), (299, 1), (40, 2), (1000, 5), (2**40, 8), (7, 300)):
        batch = [entry(first + position) for position in range(size)]
        statement = "\n".join(
            ("portreeve-receipt/v1", LOG.name, str(first), str(size), b64(mth(batch))))
        signature = LOG.sign(statement.encode())
        shown = sorted({0, size // 2, size - 1})
        texts = {
            str(first + position): ".".join((
                "r1", str(first + position), str(first), str(size),
                b64url(sha(b"\x00" + batch[position])),
                b64url(b"".join(path(position, batch))), b64url(signature), LOG.name))
            for position in shown}
        cases.append({"first": first, "size": size, "statement": statement, "receipts": texts})
    text = cases[2]["receipts"]["41"]
    parts = text.split(".", 7)

    def changed(position, value):
        return ".".join(parts[:position] + [value] + parts[position + 1:])

    write("receipts.json", {
        "about": "receipts for batches of the entries {\"seq\":N}, signed by the key",
        "vkey": LOG.vkey,
        "skey": LOG.skey,
        "batches": cases,
        "unreadable": [
            "", "r1", text[3:], text.replace("r1.", "r2."), text.replace("r1.", "R1."), " " + text,
            changed(1, "041"), changed(1, "-41"), changed(1, ""), changed(1, str(2**64)),
            changed(3, "0"), changed(3, "65537"), changed(4, parts[4][:-1]), changed(4, parts[4] + "="),
            changed(5, parts[5][:-2]), changed(5, b64url(bytes(32 * 17))), changed(6, parts[6][:-1]),
            changed(6, parts[6] + "AA"), changed(7, ""), changed(7, "a log"), changed(7, "a" * 129),
            changed(7, "a+b"), text + "\n",
        ],
        "broken": [
            {"case": "another index", "receipt": changed(1, "40")},
            {"case": "an index before the batch", "receipt": changed(1, "39")},
            {"case": "an index behind the batch", "receipt": changed(1, "42")},
            {"case": "another start", "receipt": changed(2, "41")},
            {"case": "another size", "receipt": changed(3, "3")},
            {"case": "another leaf", "receipt": changed(4, b64url(sha(b"\x00" + entry(40))))},
            {"case": "no path", "receipt": changed(5, "")},
            {"case": "a path too long", "receipt": changed(5, b64url(bytes(64)))},
            {"case": "another signature", "receipt": changed(6, b64url(LOG.sign(b"portreeve")))},
            {"case": "another log", "receipt": changed(7, "example.com/portreeve/control")},
        ],
    })


def proofs():
    entries = [entry(index) for index in range(300)]
    note = LOG.note(f"{LOG.name}\n300\n{b64(mth(entries))}\n")
    hashes = "".join(f"{b64(each)}\n" for each in path(17, entries))
    extra = f"extra {b64(entries[17])}\n"
    first = "c2sp.org/tlog-proof@v1\n"
    good = f"{first}{extra}index 17\n{hashes}\n{note}"
    alone = LOG.note(f"{LOG.name}\n1\n{b64(mth(entries[:1]))}\n")
    write("proofs.json", {
        "about": "tlog-proof texts of the log of 300 entries in tiles.json",
        "vkey": LOG.vkey,
        "proved": [
            {"case": "with its entry", "index": 17, "carried": True, "proof": good},
            {"case": "without its entry", "index": 17, "carried": False,
             "proof": good.replace(extra, "")},
            {"case": "with a witness", "index": 17, "carried": True,
             "proof": good + WITNESS.line(note.split("\n\n")[0] + "\n")},
            {"case": "of a log of one entry", "index": 0, "carried": False,
             "proof": f"{first}index 0\n\n{alone}"},
        ],
        "unreadable": [
            "", first, good.replace("@v1", "@v2"), good.replace("index 17\n", ""),
            good.replace("index 17", "index 017"), good.replace("index 17", "index"),
            good.replace(extra, "extra\n"), good.replace(extra, "extra !\n"),
            good.replace(extra, extra + extra), good.replace("\n\n", "\n"),
            good.replace(hashes, hashes + "AAAA\n"), good.replace(hashes, f"{b64(bytes(32))}\n" * 65),
            good.replace("\n", "\r\n"),
        ],
        "refused": [
            {"case": "another index", "proof": good.replace("index 17", "index 16")},
            {"case": "an index outside the tree", "proof": good.replace("index 17", "index 300")},
            {"case": "another entry", "proof": good.replace(extra, f"extra {b64(entries[16])}\n")},
            {"case": "a hash less", "proof": good.replace(hashes, hashes[:-45])},
            {"case": "a hash more", "proof": good.replace(hashes, hashes + f"{b64(bytes(32))}\n")},
            {"case": "two hashes swapped",
             "proof": good.replace(hashes, hashes[45:90] + hashes[:45] + hashes[90:])},
            {"case": "another key's checkpoint",
             "proof": f"{first}{extra}index 17\n{hashes}\n"
                      + SAME_NAME.note(f"{LOG.name}\n300\n{b64(mth(entries))}\n")},
            {"case": "another tree's checkpoint",
             "proof": f"{first}{extra}index 17\n{hashes}\n"
                      + LOG.note(f"{LOG.name}\n299\n{b64(mth(entries[:299]))}\n")},
        ],
    })


if __name__ == "__main__":
    Ed25519PublicKey.from_public_bytes(LOG.public).verify(LOG.sign(b"x"), b"x")
    for each in (tree, tiled, notes, keys, checkpoints, receipts, proofs):
        each()
