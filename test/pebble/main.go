// Reads and writes shards' stores with Pebble: the other end of `vectron export --pebble` and `vectron import --pebble`.
//
//	pebble check DIR   opens an exported store, reads every point, writes the point "from-go" and prints what it read
//	pebble make DIR    makes a store of 500 points of 3 dimensions, some of them overwritten and some deleted
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"

	"github.com/cockroachdb/pebble"
)

const header = 1 + 8 + 4 + 8 + 4

// point encodes a stored point: format, version, ordinal, time, dimension, vector, payload (docs/adr/0003).
func point(version uint64, vector []float32, payload string) []byte {
	out := []byte{1}
	out = binary.LittleEndian.AppendUint64(out, version)
	out = binary.LittleEndian.AppendUint32(out, 0)
	out = binary.LittleEndian.AppendUint64(out, 1700000000000)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(vector)))
	for _, x := range vector {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return append(out, payload...)
}

func open(dir string) *pebble.DB {
	db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatMostCompatible})
	if err != nil {
		fail(err)
	}
	return db
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func check(dir string) {
	db := open(dir)
	iter, err := db.NewIter(nil)
	if err != nil {
		fail(err)
	}
	keys, points, sum := 0, 0, 0.0
	dimension := 0
	for iter.First(); iter.Valid(); iter.Next() {
		keys++
		if !bytes.HasPrefix(iter.Key(), []byte("v_")) {
			continue
		}
		value := iter.Value()
		if len(value) < header || value[0] != 1 {
			fail(fmt.Errorf("%q is no point", iter.Key()))
		}
		dimension = int(binary.LittleEndian.Uint32(value[21:]))
		for at := 0; at < dimension; at++ {
			sum += float64(math.Float32frombits(binary.LittleEndian.Uint32(value[header+4*at:])))
		}
		points++
	}
	if err := iter.Error(); err != nil {
		fail(err)
	}
	if err := iter.Close(); err != nil {
		fail(err)
	}
	vector := make([]float32, dimension)
	vector[0] = 42
	if err := db.Set([]byte("v_from-go"), point(1<<40, vector, `{"by":"pebble"}`), pebble.Sync); err != nil {
		fail(err)
	}
	if err := db.Compact([]byte("a"), []byte("z"), false); err != nil {
		fail(err)
	}
	if err := db.Close(); err != nil {
		fail(err)
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{"keys": keys, "points": points, "sum": sum})
}

func make_(dir string) {
	db := open(dir)
	for at := 0; at < 500; at++ {
		key := []byte(fmt.Sprintf("v_go-%d", at))
		if err := db.Set(key, point(uint64(at), []float32{0, 0, 0}, `{}`), nil); err != nil {
			fail(err)
		}
		payload := fmt.Sprintf(`{"at":%d}`, at)
		if err := db.Set(key, point(uint64(500+at), []float32{float32(at), 1, 2}, payload), nil); err != nil {
			fail(err)
		}
		if at%10 == 9 {
			if err := db.Delete(key, nil); err != nil {
				fail(err)
			}
		}
	}
	if err := db.Flush(); err != nil {
		fail(err)
	}
	if err := db.Close(); err != nil {
		fail(err)
	}
}

func main() {
	if len(os.Args) != 3 {
		fail(fmt.Errorf("usage: pebble check|make DIR"))
	}
	switch os.Args[1] {
	case "check":
		check(os.Args[2])
	case "make":
		make_(os.Args[2])
	default:
		fail(fmt.Errorf("unknown command %q", os.Args[1]))
	}
}
