// Reads an exported log with Go's own packages and believes nothing that they have not checked.
//
//	check FOLDER VKEY OLDSIZE OLDROOT
//
// The note by its key, every tile by the tree, every leaf by its record proof, and the tree of OLDSIZE by a tree proof.
package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Printf("refused: "+format+"\n", args...)
	os.Exit(1)
}

func number(n int64) string {
	text := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		text = fmt.Sprintf("x%03d/%s", n%1000, text)
	}
	return text
}

func partial(width int) string {
	if width == 256 {
		return ""
	}
	return fmt.Sprintf(".p/%d", width)
}

type folder string

func (f folder) Height() int                               { return 8 }
func (f folder) SaveTiles(tiles []tlog.Tile, data [][]byte) {}
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := fmt.Sprintf("tile/%d/%s%s", t.L, number(t.N), partial(t.W))
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) entries(bundle, size int64) [][]byte {
	width := size - bundle*256
	if width > 256 {
		width = 256
	}
	data, err := os.ReadFile(filepath.Join(string(f), "tile/entries/"+number(bundle)+partial(int(width))))
	if err != nil {
		fail("%v", err)
	}
	var all [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data)-2 < int(data[0])<<8+int(data[1]) {
			fail("bundle %d is cut short", bundle)
		}
		n := int(data[0])<<8 + int(data[1])
		all = append(all, data[2:2+n])
		data = data[2+n:]
	}
	if int64(len(all)) != width {
		fail("bundle %d has %d entries", bundle, len(all))
	}
	return all
}

func hash(text string) (h tlog.Hash) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) != len(h) {
		fail("%q is no hash", text)
	}
	copy(h[:], data)
	return h
}

func main() {
	f := folder(os.Args[1])
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail("key: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(string(f), "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	n, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		fail("checkpoint: %q", n.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	tree := tlog.Tree{N: size, Hash: hash(lines[2])}
	reader := tlog.TileHashReader(tree, f)
	for i := int64(0); i < size; i += 256 {
		for j, entry := range f.entries(i/256, size) {
			index := i + int64(j)
			leaf := tlog.RecordHash(entry)
			stored, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
			if err != nil || !bytes.Equal(stored[0][:], leaf[:]) {
				fail("leaf %d: %v", index, err)
			}
			if index%17 != 0 && index != size-1 {
				continue
			}
			proof, err := tlog.ProveRecord(size, index, reader)
			if err != nil {
				fail("record %d: %v", index, err)
			}
			if err := tlog.CheckRecord(proof, size, tree.Hash, index, leaf); err != nil {
				fail("record %d: %v", index, err)
			}
		}
	}
	if old, _ := strconv.ParseInt(os.Args[3], 10, 64); old > 0 {
		proof, err := tlog.ProveTree(size, old, reader)
		if err != nil {
			fail("tree: %v", err)
		}
		if err := tlog.CheckTree(proof, size, tree.Hash, old, hash(os.Args[4])); err != nil {
			fail("tree: %v", err)
		}
	}
	fmt.Printf("size %d root %s\n", size, lines[2])
}
