package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
)

// data are the points and queries that ../data.mjs has written.
type data struct {
	points, queries [][]float32
	payloads        []map[string]any
}

func load(s settings) (*data, error) {
	points, err := rows(filepath.Join(s.Data, "points.f32"), s.Dimension)
	if err != nil {
		return nil, err
	}
	queries, err := rows(filepath.Join(s.Data, "queries.f32"), s.Dimension)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(s.Data, "payloads.jsonl"))
	if err != nil {
		return nil, err
	}
	loaded := &data{points: points, queries: queries}
	for line := range strings.Lines(string(text)) {
		var payload map[string]any
		if err := json.Unmarshal([]byte(line), &payload); err != nil {
			return nil, err
		}
		loaded.payloads = append(loaded.payloads, payload)
	}
	return loaded, nil
}

// rows are vectors of little-endian float32.
func rows(file string, dimension int) ([][]float32, error) {
	bytes, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	all := make([][]float32, len(bytes)/4/dimension)
	for i := range all {
		all[i] = make([]float32, dimension)
		for j := range all[i] {
			all[i][j] = math.Float32frombits(binary.LittleEndian.Uint32(bytes[4*(i*dimension+j):]))
		}
	}
	return all, nil
}
