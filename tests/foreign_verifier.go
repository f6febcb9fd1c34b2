// Judges an exported log by the Go project's own code (golang.org/x/mod/sumdb): notes, tiles, proofs.
//
// Knows only where C2SP lets a file begin and end; whether a signature, hash or proof holds is never
// decided here. Takes the log's verifier key as its argument and a job a line on standard input,
// words parted by tabs, and answers each with a line: "ok" or "no: " and why.
//
//	directory DIR             a mirror: checkpoint, every tile, every entry
//	receipt FILE              C2SP tlog-proof with the entry as its extra data
//	extension NOTE FILE       C2SP add-checkpoint body: it extends the checkpoint of the note
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height = 8
	width  = 1 << height
)

// A directory in C2SP's layout, whose paths leave out the height that Go's begin with.
type directory string

func (d directory) Height() int                         { return height }
func (d directory) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (d directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height))
		data, err := os.ReadFile(filepath.Join(string(d), strings.Replace(path, "/data/", "/entries/", 1)))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (d directory) check(key note.Verifier, vkey string) error {
	told, err := os.ReadFile(filepath.Join(string(d), "vkey"))
	if err != nil || string(told) != vkey+"\n" {
		return errors.New("another verifier key")
	}
	text, err := os.ReadFile(filepath.Join(string(d), "checkpoint"))
	if err != nil {
		return err
	}
	tree, err := checkpoint(text, key)
	if err != nil {
		return err
	}
	reader := tlog.TileHashReader(tree, d)
	for first := int64(0); first < tree.N; first += width {
		w := int(min(width, tree.N-first))
		var indexes []int64
		for n := first; n < first+int64(w); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return err
		}
		bundle, err := d.ReadTiles([]tlog.Tile{{H: height, L: -1, N: first / width, W: w}})
		if err != nil {
			return err
		}
		rest := bundle[0]
		for _, hash := range hashes {
			if len(rest) < 2 || len(rest)-2 < int(binary.BigEndian.Uint16(rest)) {
				return errors.New("a bundle that breaks off")
			}
			end := 2 + int(binary.BigEndian.Uint16(rest))
			if tlog.RecordHash(rest[2:end]) != hash {
				return errors.New("an entry that is not the tile's")
			}
			rest = rest[end:]
		}
		if len(rest) > 0 {
			return errors.New("a bundle with more than its entries")
		}
	}
	return d.climb(tree.N)
}

// Each hash above the leaves is the root of the full tile below it. A reader of hashes looks at few
// tiles at a time, and in some releases leaves out the first of them where the tree's end needs
// several hashes of one tile.
func (d directory) climb(size int64) error {
	for level := 1; size>>(height*level) > 0; level++ {
		count := size >> (height * level)
		for n := int64(0); n < count; n++ {
			above := tlog.Tile{H: height, L: level, N: n / width, W: int(min(width, count-n/width*width))}
			below := tlog.Tile{H: height, L: level - 1, N: n, W: width}
			data, err := d.ReadTiles([]tlog.Tile{above, below})
			if err != nil {
				return err
			}
			told, err := tlog.HashFromTile(above, data[0], tlog.StoredHashIndex(height*level, n))
			if err != nil {
				return err
			}
			left, err := tlog.HashFromTile(below, data[1], tlog.StoredHashIndex(height*level-1, 2*n))
			if err != nil {
				return err
			}
			right, err := tlog.HashFromTile(below, data[1], tlog.StoredHashIndex(height*level-1, 2*n+1))
			if err != nil {
				return err
			}
			if told != tlog.NodeHash(left, right) {
				return errors.New("a hash that is not the root of the tile below")
			}
		}
	}
	return nil
}

func min(a, b int64) int64 {
	if a < b {
		return a
	}
	return b
}

// What a checkpoint says, if the log signed it: origin, size and root (C2SP tlog-checkpoint).
func checkpoint(text []byte, key note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != key.Name() {
		return tlog.Tree{}, errors.New("no checkpoint of this log")
	}
	size, err := number(lines[1])
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

func number(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(value, 10) != text || value < 0 {
		return 0, errors.New("no number")
	}
	return value, nil
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, line := range lines {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, hash)
	}
	return hashes, nil
}

// A text's first part as lines and the note after its first empty line.
func parts(path string, least int) ([]string, []byte, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	head, rest, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(head, "\n")
	if !found || len(lines) < least {
		return nil, nil, errors.New("another shape")
	}
	return lines, []byte(rest), nil
}

func receipt(path string, key note.Verifier) error {
	lines, text, err := parts(path, 3)
	if err != nil {
		return err
	}
	extra, index := strings.TrimPrefix(lines[1], "extra "), strings.TrimPrefix(lines[2], "index ")
	if lines[0] != "c2sp.org/tlog-proof@v1" || extra == lines[1] || index == lines[2] {
		return errors.New("no receipt")
	}
	entry, err := base64.StdEncoding.Strict().DecodeString(extra)
	if err != nil {
		return err
	}
	seq, err := number(index)
	if err != nil {
		return err
	}
	proof, err := parseHashes(lines[3:])
	if err != nil {
		return err
	}
	tree, err := checkpoint(text, key)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, seq, tlog.RecordHash(entry))
}

func extension(old, path string, key note.Verifier) error {
	text, err := os.ReadFile(old)
	if err != nil {
		return err
	}
	before, err := checkpoint(text, key)
	if err != nil {
		return err
	}
	lines, text, err := parts(path, 1)
	if err != nil {
		return err
	}
	if lines[0] != fmt.Sprintf("old %d", before.N) {
		return errors.New("from another size")
	}
	proof, err := parseHashes(lines[1:])
	if err != nil {
		return err
	}
	after, err := checkpoint(text, key)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, after.N, after.Hash, before.N, before.Hash)
}

func judge(words []string, key note.Verifier, vkey string) error {
	switch {
	case len(words) == 2 && words[0] == "directory":
		return directory(words[1]).check(key, vkey)
	case len(words) == 2 && words[0] == "receipt":
		return receipt(words[1], key)
	case len(words) == 3 && words[0] == "extension":
		return extension(words[1], words[2], key)
	}
	panic("no such job")
}

func main() {
	key, err := note.NewVerifier(os.Args[1])
	if err != nil {
		panic(err)
	}
	jobs := bufio.NewScanner(os.Stdin)
	for jobs.Scan() {
		if err := judge(strings.Split(jobs.Text(), "\t"), key, os.Args[1]); err != nil {
			fmt.Printf("no: %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("ok")
		}
	}
}
