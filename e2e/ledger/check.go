// Check what a portreeve log claims, with Go's own checksum-database code and nothing of portreeve's:
//
//	check log DIR KEYFILE [CHECKPOINT]...   the published log, and checkpoints of it kept from earlier
//	check proof FILE KEYFILE                a .tlog-proof that carries its entry
//
// It prints one line. Exit 0: accepted. Exit 1: refused, and why. Exit 2: it could not check.
//
// It recomputes the root from the entries and uses the check functions (CheckRecord, CheckTree).
// It never uses TileHashReader: before golang.org/x/mod 0.40.0 that accepts forged tiles (CVE-2026-56865).
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// In trees up to this size every entry is proved by itself, in larger ones about this many.
const proved = 1000

type checkpoint struct {
	size int64
	root tlog.Hash
}

// A refusal: what was checked is not what it should be.
type refusal struct{ why string }

func (r refusal) Error() string { return r.why }

func refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

func main() {
	said, err := run(os.Args[1:])
	var refused refusal
	switch {
	case err == nil:
		fmt.Println("accepted:", said)
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.why)
		os.Exit(1)
	default:
		fmt.Println("not checked:", err)
		os.Exit(2)
	}
}

func run(args []string) (string, error) {
	if len(args) < 3 {
		return "", errors.New("usage: check log DIR KEYFILE [CHECKPOINT]... | check proof FILE KEYFILE")
	}
	key, err := os.ReadFile(args[2])
	if err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(key)))
	if err != nil {
		return "", err
	}
	switch args[0] {
	case "log":
		return checkLog(args[1], verifier, args[3:])
	case "proof":
		return checkProof(args[1], verifier)
	}
	return "", fmt.Errorf("%q is no command", args[0])
}

// open reads a checkpoint: signed by this key, for the log of the key's name.
func open(msg []byte, verifier note.Verifier) (checkpoint, error) {
	opened, err := note.Open(msg, note.VerifierList(verifier))
	if err != nil {
		return checkpoint{}, refuse("the checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return checkpoint{}, refuse("the checkpoint is not this log's")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return checkpoint{}, refuse("the checkpoint's size: %q", lines[1])
	}
	root, err := tlog.ParseHash(lines[2])
	if err != nil {
		return checkpoint{}, refuse("the checkpoint's root: %v", err)
	}
	return checkpoint{size, root}, nil
}

func checkLog(dir string, verifier note.Verifier, kept []string) (string, error) {
	msg, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return "", missingIsRefused(err)
	}
	signed, err := open(msg, verifier)
	if err != nil {
		return "", err
	}
	leaves, stored, err := recompute(dir, signed)
	if err != nil {
		return "", err
	}
	if err := checkTiles(dir, signed, stored); err != nil {
		return "", err
	}
	onDisk := tilesOnDisk(dir, signed.size)
	step := signed.size/proved + 1
	for index := int64(0); index < signed.size; index += step {
		proof, err := tlog.ProveRecord(signed.size, index, onDisk)
		if err != nil {
			return "", refuse("entry %d cannot be proved: %v", index, err)
		}
		if err := tlog.CheckRecord(proof, signed.size, signed.root, index, leaves[index]); err != nil {
			return "", refuse("entry %d: %v", index, err)
		}
	}
	for _, file := range kept {
		if err := checkKept(file, verifier, signed, onDisk); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d entries", signed.size), nil
}

// recompute hashes every entry, and demands that they give the signed root.
func recompute(dir string, signed checkpoint) ([]tlog.Hash, tlog.HashReader, error) {
	var leaves, all []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			if index >= int64(len(all)) {
				return nil, fmt.Errorf("hash %d is not there", index)
			}
			hashes[i] = all[index]
		}
		return hashes, nil
	})
	for first := int64(0); first < signed.size; first += 256 {
		entries, err := readBundle(dir, first/256, width(signed.size, first/256))
		if err != nil {
			return nil, nil, err
		}
		for i, entry := range entries {
			leaf := tlog.RecordHash(entry)
			hashes, err := tlog.StoredHashesForRecordHash(first+int64(i), leaf, reader)
			if err != nil {
				return nil, nil, err
			}
			leaves, all = append(leaves, leaf), append(all, hashes...)
		}
	}
	root, err := tlog.TreeHash(signed.size, reader)
	if err != nil {
		return nil, nil, err
	}
	if root != signed.root {
		return nil, nil, refuse("the entries give another root than the signed one")
	}
	return leaves, reader, nil
}

// checkTiles compares each tile's file with what the entries give.
func checkTiles(dir string, signed checkpoint, stored tlog.HashReader) error {
	for _, tile := range tlog.NewTiles(8, 0, signed.size) {
		// NewTiles lists every width that a partial tile went through; the last is the tree's.
		if int64(tile.W) != width(signed.size>>(8*uint(tile.L)), tile.N) {
			continue
		}
		expected, err := tlog.ReadTileData(tile, stored)
		if err != nil {
			return err
		}
		found, err := readPiece(dir, tilePath(tile.L, tile.N), int64(tile.W))
		if err != nil {
			return err
		}
		if len(found) < len(expected) || !bytes.Equal(found[:len(expected)], expected) {
			return refuse("tile %s is not what the entries give", tilePath(tile.L, tile.N))
		}
	}
	return nil
}

// tilesOnDisk reads hashes from the tiles as they are: what is made of them has to be checked.
func tilesOnDisk(dir string, size int64) tlog.HashReader {
	files := map[string][]byte{}
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			tile := tlog.TileForIndex(8, index)
			tile.W = int(width(size>>(8*uint(tile.L)), tile.N))
			path := tilePath(tile.L, tile.N)
			data, known := files[path]
			if !known {
				var err error
				if data, err = readPiece(dir, path, int64(tile.W)); err != nil {
					return nil, err
				}
				files[path] = data
			}
			if len(data) < tile.W*tlog.HashSize {
				return nil, fmt.Errorf("tile %s is short", path)
			}
			hash, err := tlog.HashFromTile(tile, data[:tile.W*tlog.HashSize], index)
			if err != nil {
				return nil, err
			}
			hashes[i] = hash
		}
		return hashes, nil
	})
}

// checkKept demands that the log continues a checkpoint of it that somebody kept.
func checkKept(file string, verifier note.Verifier, signed checkpoint, hashes tlog.HashReader) error {
	msg, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	older, err := open(msg, verifier)
	if err != nil {
		return err
	}
	if older.size > signed.size {
		return refuse("rolled back: somebody holds a checkpoint of %d entries", older.size)
	}
	if older.size == 0 {
		return nil
	}
	proof, err := tlog.ProveTree(signed.size, older.size, hashes)
	if err != nil {
		return refuse("consistency with %d cannot be proved: %v", older.size, err)
	}
	if err := tlog.CheckTree(proof, signed.size, signed.root, older.size, older.root); err != nil {
		return refuse("it does not continue the checkpoint of %d entries: %v", older.size, err)
	}
	return nil
}

func checkProof(file string, verifier note.Verifier) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	head, msg, found := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return "", refuse("not a tlog-proof")
	}
	if !strings.HasPrefix(lines[1], "extra ") {
		return "", refuse("it does not carry its entry")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return "", refuse("its entry: %v", err)
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return "", refuse("its index: %v", err)
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return "", refuse("a hash: %v", err)
		}
		proof = append(proof, hash)
	}
	signed, err := open([]byte(msg), verifier)
	if err != nil {
		return "", err
	}
	if index < 0 || index >= signed.size {
		return "", refuse("entry %d is outside a log of %d", index, signed.size)
	}
	leaf := tlog.RecordHash(entry)
	if err := tlog.CheckRecord(proof, signed.size, signed.root, index, leaf); err != nil {
		return "", refuse("entry %d: %v", index, err)
	}
	return fmt.Sprintf("entry %d of %d", index, signed.size), nil
}

// width says how many of 256 the piece at index holds where there are count in all.
func width(count, index int64) int64 {
	if rest := count - 256*index; rest < 256 {
		return rest
	}
	return 256
}

// grouped writes a piece's index as C2SP tlog-tiles does.
func grouped(index int64) string {
	path := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		path = fmt.Sprintf("x%03d/%s", index%1000, path)
	}
	return path
}

func tilePath(level int, index int64) string {
	return fmt.Sprintf("tile/%d/%s", level, grouped(index))
}

// readPiece reads a tile or bundle of this width, or the full one that has replaced it.
func readPiece(dir, path string, wide int64) ([]byte, error) {
	full := filepath.Join(dir, path)
	if wide < 256 {
		data, err := os.ReadFile(fmt.Sprintf("%s.p/%d", full, wide))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	data, err := os.ReadFile(full)
	return data, missingIsRefused(err)
}

func readBundle(dir string, index, wide int64) ([][]byte, error) {
	data, err := readPiece(dir, "tile/entries/"+grouped(index), wide)
	if err != nil {
		return nil, err
	}
	exact := wide == 256
	if !exact {
		_, err := os.Stat(filepath.Join(dir, fmt.Sprintf("tile/entries/%s.p/%d", grouped(index), wide)))
		exact = err == nil
	}
	var entries [][]byte
	for int64(len(entries)) < wide {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, refuse("bundle %d ends inside entry %d", index, len(entries))
		}
		end := 2 + int(binary.BigEndian.Uint16(data))
		entries, data = append(entries, data[2:end]), data[end:]
	}
	if exact && len(data) > 0 {
		return nil, refuse("bytes follow the last entry of bundle %d", index)
	}
	return entries, nil
}

func missingIsRefused(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return refuse("%v", err)
	}
	return err
}
