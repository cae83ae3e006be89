package vectron

import (
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

func TestFiltersHaveTheJSONFormOfAllSDKs(t *testing.T) {
	for want, filter := range map[string]Filter{
		`{"field":"section","in":["mail"]}`:                                         Field("section").Eq("mail"),
		`{"field":"n","in":[9007199254740993,18446744073709551615]}`:                Field("n").In(9007199254740993, uint64(math.MaxUint64)),
		`{"field":"n","gt":9007199254740993,"lte":18446744073709551615}`:            Field("n").Range(Range{Gt: 9007199254740993, Lte: uint64(math.MaxUint64)}),
		`{"field":"year","gte":2020}`:                                               Field("year").Gte(2020),
		`{"field":"x","lt":0.1}`:                                                    Field("x").Lt(float32(0.1)),
		`{"field":"at","gte":"2026-01-02T03:04:05Z"}`:                               Field("at").Gte(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)),
		`{"all":[{"field":"a","exists":true},{"none":[{"ids":["x"]}]}]}`:            And(Field("a").Exists(true), Not(HasID("x"))),
		`{"any":[{"field":"t","text":"a b"},{"field":"t","phrase":"a b"}]}`:         Or(Field("t").HasWords("a b"), Field("t").HasPhrase("a b")),
		`{"nested":{"filter":{"field":"k","prefix":"v"},"path":"tags"}}`:            Nested("tags", Field("k").HasPrefix("v")),
		`{"field":"b","notIn":[true]}`:                                              Field("b").NotIn(true),
		`{"field":"n","isNull":true}`:                                               Field("n").IsNull(true),
		`{"field":"p","geoRadius":{"center":{"lat":46.9,"lon":7.4},"meters":1000}}`: Field("p").Within(46.9, 7.4, 1000),
		`{"field":"p","geoBox":{"east":8,"north":47,"south":46,"west":7}}`:          Field("p").InBox(47, 7, 46, 8),
	} {
		text, err := json.Marshal(filter)
		if err != nil || !sameJSON(t, string(text), want) {
			t.Errorf("wrote %s, %v; want %s", text, err, want)
		}
		var back Filter
		if err := json.Unmarshal(text, &back); err != nil || !proto.Equal(back.message, filter.message) {
			t.Errorf("%s was read as %v, %v", text, back.message, err)
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	left, wrongLeft := exactJSON(a)
	right, wrongRight := exactJSON(b)
	if wrongLeft != nil || wrongRight != nil {
		t.Fatal(wrongLeft, wrongRight)
	}
	x, _ := json.Marshal(left)
	y, _ := json.Marshal(right)
	return string(x) == string(y)
}

func TestFiltersOfValuesWithoutAnExactFormFailTheCall(t *testing.T) {
	for _, filter := range []Filter{
		Field("x").Eq(math.NaN()), Field("x").Eq(nil), Field("x").Gt("2026"), Field("x").Eq(json.Number("18446744073709551616")),
		And(Field("x").Eq([]int{1})), Field("x").Range(Range{Gt: 1, Lt: "2026-01-01"}), Field("x").Eq("a\xff"),
	} {
		_, err := encoded(&CountOptions{Filter: filter}, encodeCountOptions)
		var failed *Error
		isText := filter.err == nil
		if isText {
			continue // A time as text is one.
		}
		if !errors.As(err, &failed) || failed.Code != ErrInvalidArgument || failed.Field != "filter" {
			t.Errorf("%v", err)
		}
	}
}

func TestFiltersThatAreNoneAreRefused(t *testing.T) {
	for _, text := range []string{
		`[]`, `{"field":"a"}`, `{"field":"a","eq":1,"gt":2}`, `{"fields":"a"}`, `{"all":{}}`, `{"all":[],"any":[]}`, `{"field":"a","gt":1,"lt":"x"}`,
		`{"field":"a","eq":null}`, `{"field":1,"eq":1}`, `{"nested":{"path":"a"}}`, `{"ids":[1]}`, `{"field":"a","geoBox":{}}`, `{"field":"a","eq":1e400}`,
	} {
		var filter Filter
		if err := json.Unmarshal([]byte(text), &filter); !errors.Is(err, ErrInvalidArgument) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzFilterJSON(f *testing.F) {
	f.Add([]byte(`{"all":[{"field":"a","gte":1.5},{"ids":["b"]}]}`))
	f.Add([]byte(`{"field":"a","in":[1,"b",true,18446744073709551615]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var filter Filter
		if filter.UnmarshalJSON(text) != nil {
			return
		}
		again, err := json.Marshal(filter)
		if err != nil {
			t.Fatalf("%s was read and not written: %v", text, err)
		}
		var back Filter
		if err := json.Unmarshal(again, &back); err != nil || !proto.Equal(filter.message, back.message) {
			t.Fatalf("%s is written as %s, which is read as another one: %v", text, again, err)
		}
	})
}
