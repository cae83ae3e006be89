//go:build server

package vectron_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	vectron "vectron.dev/sdk-go"
)

// Tests against a real server, which VECTRON_REST, VECTRON_GRPC and VECTRON_API_KEY name (scripts/sdk-go.mjs starts one).

// onBoth runs a test over both wires, in a collection of its own.
func onBoth(t *testing.T, test func(t *testing.T, client *vectron.Client, collection string)) {
	for _, wire := range []string{"REST", "GRPC"} {
		t.Run(wire, func(t *testing.T) {
			url := os.Getenv("VECTRON_" + wire)
			if url == "" {
				t.Fatalf("VECTRON_%s names no server", wire)
			}
			client, err := vectron.Connect(url, vectron.WithAPIKey(os.Getenv("VECTRON_API_KEY")))
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			name := fmt.Sprintf("go-%s-%d", wire, time.Now().UnixNano())
			options := vectron.CollectionOptions{Dimension: 2, Distance: "euclidean", Shards: 2}
			if err := client.CreateCollection(t.Context(), name, options); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = client.DeleteCollection(context.Background(), name) }()
			test(t, client, name)
		})
	}
}

func TestPayloadsComeBackAsTheyWereSent(t *testing.T) {
	payload := map[string]any{
		"small": int64(7), "big": int64(9007199254740993), "least": int64(math.MinInt64), "most": uint64(math.MaxUint64), "half": 0.5,
		"text": "a \u2028 \"b\" \x00 \ufffd 😀", "list": []any{nil, true, int64(9007199254740995)}, "object": map[string]any{"": "empty"},
	}
	onBoth(t, func(t *testing.T, client *vectron.Client, collection string) {
		for name, sent := range map[string]map[string]any{"with large integers": payload, "without": {"n": int64(1), "o": map[string]any{"f": 1.5}}} {
			written, err := client.Upsert(t.Context(), collection, []vectron.Point{{ID: "a/ü?..", Vector: []float32{0.1, -3e10}, Payload: sent}})
			if err != nil {
				t.Fatal(err)
			}
			seen := vectron.GetOptions{Consistency: &vectron.Consistency{Level: "at_least", WriteToken: written.WriteToken}}
			point, err := client.Get(t.Context(), collection, "a/ü?..", seen)
			if err != nil || !reflect.DeepEqual(map[string]any(point.Payload), sent) || !slices.Equal(point.Vector, []float32{0.1, -3e10}) {
				t.Fatalf("%s: %#v, %v", name, point, err)
			}
		}
		if _, err := client.UpdatePoints(t.Context(), collection, vectron.PayloadUpdate{IDs: []string{"a/ü?.."}, Set: map[string]any{"n": uint64(math.MaxUint64)}}); err != nil {
			t.Fatal(err)
		}
		count, err := client.Count(t.Context(), collection, vectron.CountOptions{Filter: vectron.Field("n").Eq(uint64(math.MaxUint64))})
		if err != nil || count.Count != 1 {
			t.Fatal(count, err)
		}
		none, err := client.Count(t.Context(), collection, vectron.CountOptions{Filter: vectron.Field("n").Eq(uint64(math.MaxUint64 - 1))})
		if err != nil || none.Count != 0 {
			t.Fatal(none, err)
		}
	})
}

func TestErrorsAreTheSameOnBothWires(t *testing.T) {
	onBoth(t, func(t *testing.T, client *vectron.Client, collection string) {
		ctx := t.Context()
		_, missing := client.Get(ctx, collection, "none", vectron.GetOptions{})
		_, short := client.Upsert(ctx, collection, []vectron.Point{{ID: "a", Vector: []float32{1}}})
		_, wide := client.Search(ctx, collection, vectron.SearchOptions{Vector: []float32{1, 2}, TopK: 10_001})
		exists := client.CreateCollection(ctx, collection, vectron.CollectionOptions{Dimension: 2})
		_, nowhere := client.Count(ctx, "no-such-collection", vectron.CountOptions{})
		_, nan := client.Upsert(ctx, collection, []vectron.Point{{ID: "a", Vector: []float32{1, float32(math.NaN())}}})
		_, utf8 := client.Upsert(ctx, collection, []vectron.Point{{ID: "a\xff", Vector: []float32{1, 2}}})
		_, name := client.Get(ctx, "a\xff", "b", vectron.GetOptions{})
		for name, one := range map[string]struct {
			err  error
			code vectron.Code
		}{
			"get": {missing, vectron.ErrPointNotFound}, "short": {short, vectron.ErrDimensionMismatch}, "topK": {wide, vectron.ErrInvalidArgument},
			"exists": {exists, vectron.ErrCollectionExists}, "nowhere": {nowhere, vectron.ErrCollectionNotFound},
			"NaN": {nan, vectron.ErrInvalidArgument}, "UTF-8": {utf8, vectron.ErrInvalidArgument}, "UTF-8 of a name": {name, vectron.ErrInvalidArgument},
		} {
			if !errors.Is(one.err, one.code) {
				t.Errorf("%s: %v", name, one.err)
			}
			var failed *vectron.Error
			if !strings.HasPrefix(name, "UTF-8") && (!errors.As(one.err, &failed) || failed.RequestID == "") {
				t.Errorf("%s has no request id: %#v", name, one.err)
			}
		}
		stranger, _ := vectron.Connect(os.Getenv("VECTRON_REST"), vectron.WithAPIKey("vk_nobody"))
		defer stranger.Close()
		if _, err := stranger.ListCollections(ctx); !errors.Is(err, vectron.ErrUnauthenticated) {
			t.Error(err)
		}
	})
}

func TestManyPointsAreWrittenReadAndFollowed(t *testing.T) {
	const count = 3000
	points := func(yield func(vectron.Point) bool) {
		for i := range count {
			if !yield(vectron.Point{ID: fmt.Sprintf("p-%05d", i), Vector: []float32{float32(i), 1}, Payload: map[string]any{"even": i%2 == 0}}) {
				return
			}
		}
	}
	onBoth(t, func(t *testing.T, client *vectron.Client, collection string) {
		ctx := t.Context()
		written, err := client.UpsertAll(ctx, collection, points, vectron.BulkOptions{BatchSize: 100, MaxInFlight: 8})
		if err != nil || written != count {
			t.Fatal(written, err)
		}
		snapshot, err := client.Snapshot(ctx, collection)
		if err != nil || snapshot.Count != count {
			t.Fatal(snapshot, err)
		}
		if _, err := client.DeletePoints(ctx, collection, vectron.PointsSelector{Filter: vectron.Field("even").Eq(true)}); err != nil {
			t.Fatal(err)
		}
		read := 0
		for point, err := range snapshot.Points(ctx, vectron.ListOptions{Limit: 700}) {
			if err != nil || point.Vector[0] != float32(read) {
				t.Fatal(read, point, err)
			}
			read++
		}
		if open, err := snapshot.Close(ctx); err != nil || !open || read != count {
			t.Fatal(open, read, err)
		}
		gone := 0
		for change, err := range client.Changes(collection, vectron.ChangesOptions{Cursor: snapshot.Cursor}).All(ctx) {
			if err != nil || change.Kind != "delete" {
				t.Fatal(change, err)
			}
			if gone++; gone == count/2 {
				break
			}
		}
		found, err := client.SearchBatch(ctx, collection, vectron.SearchBatchOptions{Vectors: [][]float32{{11, 1}, {12, 1}}, TopK: 1, Exact: true})
		if err != nil || found.Answers[0].Hits[0].ID != "p-00011" || found.Answers[1].Hits[0].Score >= 1 {
			t.Fatal(found, err)
		}
	})
}

func TestAccountsKeysAndManagement(t *testing.T) {
	onBoth(t, func(t *testing.T, client *vectron.Client, collection string) {
		ctx := t.Context()
		key, info, err := client.CreateAPIKey(ctx, "go", vectron.APIKeyOptions{Role: "read", Collections: []string{collection}, ExpiresAt: time.Now().Add(time.Hour)})
		if err != nil || info.ExpiresAt.Before(time.Now()) {
			t.Fatal(info, err)
		}
		reader, _ := vectron.Connect(os.Getenv("VECTRON_GRPC"), vectron.WithAPIKey(key))
		defer reader.Close()
		if _, err := reader.Upsert(ctx, collection, []vectron.Point{{ID: "a", Vector: []float32{1, 2}}}); !errors.Is(err, vectron.ErrPermissionDenied) {
			t.Error(err)
		}
		if err := client.DeleteAPIKey(ctx, info.KeyPrefix); err != nil {
			t.Error(err)
		}
		email := fmt.Sprintf("go-%d@example.org", time.Now().UnixNano())
		if _, err := client.Register(ctx, email, "correct horse battery", ""); err != nil {
			t.Fatal(err)
		}
		login, err := client.Login(ctx, email, "correct horse battery")
		if err != nil || login.Account.Email != email || login.Token == "" {
			t.Fatal(login, err)
		}
		person, _ := vectron.Connect(os.Getenv("VECTRON_REST"), vectron.WithAPIKey(login.Token))
		defer person.Close()
		if profile, err := person.Profile(ctx); err != nil || profile.Email != email {
			t.Error(profile, err)
		}
		if _, err := client.Login(ctx, email, "wrong"); !errors.Is(err, vectron.ErrUnauthenticated) {
			t.Error(err)
		}
		health, err := client.Admin().Health(ctx)
		if err != nil || health.Status != "ok" {
			t.Error(health, err)
		}
		users := 0
		for _, err := range client.Admin().ListUsers(ctx, "") {
			if err != nil {
				t.Fatal(err)
			}
			users++
		}
		shards, err := client.Admin().Shards(ctx)
		if err != nil || users < 2 || len(shards) < 2 {
			t.Error(users, shards, err)
		}
	})
}
