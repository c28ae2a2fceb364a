"""Check what a portreeve log claims, with aics-tlog and nothing of portreeve's.

    check.py log DIR KEYFILE [CHECKPOINT]...   the published log, and checkpoints of it kept from earlier
    check.py proof FILE KEYFILE                a .tlog-proof that carries its entry

It prints one line. Exit 0: accepted. Exit 1: refused, and why. Exit 2: it could not check.
"""

import base64
import sys
from pathlib import Path

from aics_tlog import (
    FileSystemTileReader,
    MerkleTree,
    TileMissingError,
    audit_tiles,
    consistency_proof_from_tiles,
    inclusion_proof_from_tiles,
    leaf_hash,
    parse_note,
    parse_vkey,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
)
from aics_tlog.tiles import parse_entry_bundle

# About so many entries are proved by themselves, beside the audit of all: this is pure Python.
PROVED = 50


class Refused(Exception):
    """What was checked is not what it should be."""


def open_checkpoint(text, key):
    """Read a checkpoint: signed by this key, for the log of the key's name."""
    try:
        result = verify_checkpoint(parse_note(text), key, expected_origin=key.name)
    except ValueError as error:
        raise Refused(f"the checkpoint: {error}") from error
    if not (result.ok and result.log_ok):
        raise Refused(f"the checkpoint: {result.error}")
    return result


def leaves_of(reader, size):
    """Hash every entry, in order."""
    leaves = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        data = reader.read_entry_bundle(index, None if width == 256 else width)
        if data is None and width < 256:
            data = reader.read_entry_bundle(index, None)
        if data is None:
            raise Refused(f"bundle {index} is missing")
        entries = parse_entry_bundle(data)[:width]
        if len(entries) < width:
            raise Refused(f"bundle {index} holds {len(entries)} entries, not {width}")
        leaves.extend(entries)
    return leaves


def check_log(folder, key, kept):
    """Recompute the root from the entries, audit every tile, prove entries and growth."""
    reader = FileSystemTileReader(folder)
    checkpoint = folder / "checkpoint"
    if not checkpoint.is_file():
        raise Refused("there is no checkpoint")
    signed = open_checkpoint(checkpoint.read_bytes(), key)
    leaves = leaves_of(reader, signed.size)
    if MerkleTree(leaves).root() != signed.root:
        raise Refused("the entries give another root than the signed one")
    audit_tiles(reader, signed.size, signed.root)
    for index in range(0, signed.size, signed.size // PROVED + 1):
        proof = inclusion_proof_from_tiles(reader, index, signed.size)
        if not verify_inclusion(leaf_hash(leaves[index]), index, signed.size, proof, signed.root):
            raise Refused(f"entry {index} is not proved")
    for file in kept:
        older = open_checkpoint(Path(file).read_bytes(), key)
        if older.size > signed.size:
            raise Refused(f"rolled back: somebody holds a checkpoint of {older.size} entries")
        proof = consistency_proof_from_tiles(reader, older.size, signed.size)
        if not verify_consistency(older.size, signed.size, older.root, signed.root, proof):
            raise Refused(f"it does not continue the checkpoint of {older.size} entries")
    return f"{signed.size} entries"


def check_proof(file, key):
    """Check a proof that stands alone: entry, path, checkpoint."""
    head, _, note = file.read_text().partition("\n\n")
    lines = head.split("\n")
    if len(lines) < 3 or lines[0] != "c2sp.org/tlog-proof@v1" or not lines[1].startswith("extra "):
        raise Refused("not a tlog-proof that carries its entry")
    entry = base64.b64decode(lines[1].removeprefix("extra "), validate=True)
    index = int(lines[2].removeprefix("index "))
    path = [base64.b64decode(line, validate=True) for line in lines[3:]]
    signed = open_checkpoint(note, key)
    if not verify_inclusion(leaf_hash(entry), index, signed.size, path, signed.root):
        raise Refused(f"entry {index} is not proved")
    return f"entry {index} of {signed.size}"


def main(arguments):
    """Run one check; the exit code is the verdict."""
    try:
        command, what, keyfile, *kept = arguments
        key = parse_vkey(Path(keyfile).read_text().strip())
    except (ValueError, OSError) as error:
        print(f"not checked: {error}")
        return 2
    try:
        if command == "log":
            said = check_log(Path(what), key, kept)
        elif command == "proof":
            said = check_proof(Path(what), key)
        else:
            print(f"not checked: {command!r} is no command")
            return 2
    # aics-tlog's own refusals: of a note, a bundle, a tile; and of a tile that is not there.
    except (Refused, ValueError, TileMissingError) as error:
        print(f"refused: {error}")
        return 1
    print(f"accepted: {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
