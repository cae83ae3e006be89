package vectron

import (
	"errors"
	"math"
	"math/big"
	"reflect"
	"testing"

	"google.golang.org/protobuf/types/known/structpb"
)

func TestPayloadKeepsIntegersOf64Bits(t *testing.T) {
	read, err := exactJSON(`{"a": 9007199254740993, "b": -9223372036854775808, "c": 18446744073709551615, "d": 1.5, "e": 5.0, "f": 1e300, "g": [1, {"h": 2}]}`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a": int64(9007199254740993), "b": int64(math.MinInt64), "c": uint64(math.MaxUint64), "d": 1.5, "e": int64(5), "f": 1e300,
		"g": []any{int64(1), map[string]any{"h": int64(2)}},
	}
	if !reflect.DeepEqual(read, want) {
		t.Fatalf("read %#v", read)
	}
	text, err := payloadText(map[string]any{"c": uint64(math.MaxUint64), "a": big.NewInt(9007199254740993)})
	if err != nil || text != `{"a":9007199254740993,"c":18446744073709551615}` {
		t.Fatalf("wrote %s, %v", text, err)
	}
}

func TestPayloadOfAStructIsItsObject(t *testing.T) {
	type paper struct {
		Title string `json:"title"`
		Year  int    `json:"year"`
	}
	text, err := payloadText(&paper{"one", 2026})
	if err != nil || text != `{"title":"one","year":2026}` {
		t.Fatalf("wrote %s, %v", text, err)
	}
	var back paper
	if err := (Payload{"title": "one", "year": int64(2026)}).Decode(&back); err != nil || back != (paper{"one", 2026}) {
		t.Fatalf("read %v, %v", back, err)
	}
}

func TestPayloadRefusesWhatHasNoJSONForm(t *testing.T) {
	for name, value := range map[string]any{
		"NaN": map[string]any{"n": math.NaN()}, "list": []int{1}, "text": "text", "function": map[string]any{"f": func() {}},
		"bytes that are no UTF-8": map[string]any{"s": "a\xff"}, "a key that is no UTF-8": map[string]any{"a\xff": 1},
	} {
		_, err := upsertRequest("papers", []Point{{ID: "a", Vector: []float32{1}}, {ID: "b", Payload: value}})
		var failed *Error
		if !errors.As(err, &failed) || failed.Code != ErrInvalidArgument || failed.Field != "points[1].payload" {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestPayloadTakesTheReplacementCharacterAsItIs(t *testing.T) {
	for _, text := range []string{"\ufffd", `\ufffd`, `\\ufffd`} {
		if _, err := payloadText(map[string]any{"s": text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestPayloadIsTheSameFromAStruct(t *testing.T) {
	document, err := structpb.NewStruct(map[string]any{"n": 7.0, "f": 0.5, "big": 1e300, "l": []any{nil, true, "x"}, "o": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"n": int64(7), "f": 0.5, "big": 1e300, "l": []any{nil, true, "x"}, "o": map[string]any{}}
	if got := structFields(document); !reflect.DeepEqual(got, want) {
		t.Fatalf("read %#v", got)
	}
}
