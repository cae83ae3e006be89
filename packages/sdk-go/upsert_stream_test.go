package vectron

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// numbered are batches of one point each, p-0 and on; begun counts those that were asked for.
func numbered(count int, begun *atomic.Int64) iter.Seq[[]Point] {
	return func(yield func([]Point) bool) {
		for i := range count {
			begun.Add(1)
			if !yield([]Point{{ID: fmt.Sprintf("p-%d", i), Vector: []float32{1}}}) {
				return
			}
		}
	}
}

func TestAcksComeInTheOrderOfTheBatches(t *testing.T) {
	url := upsertServer(t, func(_ int, batch *pb.UpsertBatch) (*pb.UpsertAck, error) {
		if batch.GetUpsert().GetPoints()[0].GetId() == "p-3" {
			return &pb.UpsertAck{Sequence: batch.GetSequence(), Outcome: &pb.UpsertAck_Error{Error: status.New(codes.InvalidArgument, "no").Proto()}}, nil
		}
		return written(batch), nil
	})
	next := 0
	for ack, err := range connect(t, url).UpsertStream(background(t), "papers", numbered(50, new(atomic.Int64)), UpsertStreamOptions{}) {
		if err != nil || ack.Batch != next || (ack.Err != nil) != (next == 3) || (ack.Err == nil && ack.Upserted != 1) {
			t.Fatalf("%+v, %v, and %d is next", ack, err, next)
		}
		next++
	}
	if next != 50 {
		t.Fatal(next)
	}
}

func TestBatchesWithoutAnAckAreSentAgainUnderTheirNames(t *testing.T) {
	var mu sync.Mutex
	names := map[string]map[string]int{}
	url := upsertServer(t, func(call int, batch *pb.UpsertBatch) (*pb.UpsertAck, error) {
		mu.Lock()
		defer mu.Unlock()
		id := batch.GetUpsert().GetPoints()[0].GetId()
		if names[id] == nil {
			names[id] = map[string]int{}
		}
		names[id][batch.GetUpsert().GetOrigin().String()]++
		if id == "p-5" && call < 3 {
			return nil, status.Error(codes.Unavailable, "the server stops")
		}
		return written(batch), nil
	})
	total := 0
	written, err := connect(t, url).UpsertAll(background(t), "papers", points(12), BulkOptions{BatchSize: 1, OnAck: func(BatchAck, int) { total++ }})
	if err != nil || written != 12 || total != 12 {
		t.Fatal(written, total, err)
	}
	for id, one := range names {
		if len(one) != 1 {
			t.Errorf("%s was sent as %v", id, one)
		}
	}
}

func points(count int) iter.Seq[Point] {
	return func(yield func(Point) bool) {
		for i := range count {
			if !yield(Point{ID: fmt.Sprintf("p-%d", i), Vector: []float32{1}}) {
				return
			}
		}
	}
}

func TestNoMoreBatchesAreAskedForThanThereIsRoom(t *testing.T) {
	begun := new(atomic.Int64)
	url := upsertServer(t, func(_ int, batch *pb.UpsertBatch) (*pb.UpsertAck, error) { return written(batch), nil })
	taken := int64(0)
	for _, err := range connect(t, url).UpsertStream(background(t), "papers", numbered(40, begun), UpsertStreamOptions{MaxInFlight: 3}) {
		taken++
		if err != nil || begun.Load() > taken+3 {
			t.Fatal(err, begun.Load(), taken)
		}
	}
	if taken != 40 {
		t.Fatal(taken)
	}
}

func TestAStreamThatNobodyReadsOnLeavesNothingRunning(t *testing.T) {
	url := upsertServer(t, func(_ int, batch *pb.UpsertBatch) (*pb.UpsertAck, error) { return written(batch), nil })
	client := connect(t, url)
	for range client.UpsertStream(background(t), "papers", numbered(1, new(atomic.Int64)), UpsertStreamOptions{}) {
	}
	before := runtime.NumGoroutine()
	for range 20 {
		for range client.UpsertStream(background(t), "papers", numbered(1000, new(atomic.Int64)), UpsertStreamOptions{}) {
			break
		}
	}
	for runtime.NumGoroutine() > before+10 {
		runtime.Gosched() // The time limit of go test ends what never comes about.
	}
}

func TestAStreamEndsWithItsContextAndWithErrorsOfTheCaller(t *testing.T) {
	url := upsertServer(t, func(_ int, batch *pb.UpsertBatch) (*pb.UpsertAck, error) { return nil, nil })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	last := lastError(connect(t, url).UpsertStream(ctx, "papers", numbered(9, new(atomic.Int64)), UpsertStreamOptions{}))
	if !errors.Is(last, ErrCancelled) {
		t.Error(last)
	}
	closed := upsertServer(t, func(int, *pb.UpsertBatch) (*pb.UpsertAck, error) {
		return nil, status.Error(codes.Unauthenticated, "who")
	})
	last = lastError(connect(t, closed).UpsertStream(background(t), "papers", numbered(9, new(atomic.Int64)), UpsertStreamOptions{}))
	if !errors.Is(last, ErrUnauthenticated) {
		t.Error(last)
	}
	last = lastError(connect(t, url).UpsertStream(background(t), "papers", numbered(9, new(atomic.Int64)), UpsertStreamOptions{MaxInFlight: -1}))
	if !errors.Is(last, ErrInvalidArgument) {
		t.Error(last)
	}
}

func lastError(acks iter.Seq2[BatchAck, error]) error {
	var last error
	for _, err := range acks {
		last = err
	}
	return last
}

func TestOverRESTBatchesThatShareAPointAreWrittenInTheirOrder(t *testing.T) {
	var mu sync.Mutex
	order := []any{}
	var server *restServer
	server = newRESTServer(t, func(try int, w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		server.mu.Lock()
		body := server.bodies[try-1]
		server.mu.Unlock()
		order = append(order, body["points"].([]any)[0].(map[string]any)["payload"].(map[string]any)["n"])
		_, _ = w.Write([]byte(`{"upserted": 1}`))
	})
	batches := func(yield func([]Point) bool) {
		for n := range 30 {
			if !yield([]Point{{ID: "same", Vector: []float32{1}, Payload: map[string]any{"n": n}}}) {
				return
			}
		}
	}
	count := 0
	for ack, err := range connect(t, server.URL).UpsertStream(background(t), "papers", batches, UpsertStreamOptions{MaxInFlight: 8}) {
		if err != nil || ack.Err != nil || ack.Batch != count {
			t.Fatal(ack, err)
		}
		count++
	}
	for n, one := range order {
		if one != float64(n) {
			t.Fatal(order)
		}
	}
}
