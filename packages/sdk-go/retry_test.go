package vectron

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

func TestAWriteThatIsRepeatedHasTheSameName(t *testing.T) {
	server := newRESTServer(t, func(try int, w http.ResponseWriter, _ *http.Request) {
		if try < 3 {
			refuse(w, http.StatusServiceUnavailable, "COMMIT_UNKNOWN", "")
			return
		}
		_, _ = w.Write([]byte(`{"upserted": 1, "writeToken": "v1.1-7", "unknownToThisVersion": {"x": 1}}`))
	})
	client := connect(t, server.URL)
	for range 2 {
		result, err := client.Upsert(background(t), "papers", []Point{{ID: "a", Vector: []float32{1}}})
		if err != nil || result.WriteToken != "v1.1-7" {
			t.Fatal(result, err)
		}
	}
	names := []any{}
	for _, body := range server.bodies {
		names = append(names, body["origin"])
	}
	if names[0] == nil || !reflect.DeepEqual(names[0], names[1]) || !reflect.DeepEqual(names[0], names[2]) || reflect.DeepEqual(names[0], names[3]) {
		t.Fatalf("the writes have the names %v", names)
	}
}

func TestWhatFailedForGoodIsNotRepeated(t *testing.T) {
	server := newRESTServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusNotFound, "POINT_NOT_FOUND", "")
	})
	_, err := connect(t, server.URL).Get(background(t), "papers", "a", GetOptions{})
	var failed *Error
	if !errors.Is(err, ErrPointNotFound) || errors.Is(err, ErrNotFound) || !errors.As(err, &failed) || failed.Retryable() {
		t.Fatalf("%#v", err)
	}
	if failed.RequestID != "request-1" || failed.Message != "not now" || failed.GRPCCode() != 5 || len(server.bodies) != 1 {
		t.Fatalf("%#v after %d requests", failed, len(server.bodies))
	}
}

func TestWhatMakesSomethingIsNotRepeated(t *testing.T) {
	server := newRESTServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE", "")
	})
	err := connect(t, server.URL).CreateCollection(background(t), "papers", CollectionOptions{Dimension: 2})
	if !errors.Is(err, ErrUnavailable) || len(server.bodies) != 1 {
		t.Fatal(err, len(server.bodies))
	}
}

func TestARetryComesNoSoonerThanAsked(t *testing.T) {
	client := &Client{settings: &settings{random: func() float64 { return 0.5 }}}
	asked := client.pauseBefore(1, &Error{Code: ErrOverloaded, RetryAfter: 2 * time.Second})
	other := client.pauseBefore(3, &Error{Code: ErrUnavailable, RetryAfter: 2 * time.Second})
	if asked != 2*time.Second+37500*time.Microsecond || other != 150*time.Millisecond {
		t.Fatal(asked, other)
	}
}

func TestARetryThatWouldComeAfterTheDeadlineIsNotMade(t *testing.T) {
	server := newRESTServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("retry-after", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	_, err := connect(t, server.URL).Count(background(t), "papers", CountOptions{})
	var failed *Error
	if !errors.As(err, &failed) || failed.Code != ErrOverloaded || failed.RetryAfter != time.Hour || len(server.bodies) != 1 {
		t.Fatalf("%#v after %d requests", err, len(server.bodies))
	}
}

func TestRetriesAreAFifthOfTheCallsBeyondAHundred(t *testing.T) {
	budget := newRetryBudget()
	taken := 0
	for budget.take() {
		taken++
	}
	for range 10 {
		budget.called()
	}
	for budget.take() {
		taken++
	}
	if taken != 102 && taken != 101 { // Ten fifths, as doubles add them up.
		t.Fatal(taken)
	}
}

func TestTheNextGatewayIsAskedWhenOneCannotBeReached(t *testing.T) {
	gone := newRESTServer(t, nil)
	gone.Close()
	there := newRESTServer(t, func(_ int, w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"count": "3", "exact": true}`))
	})
	client := connect(t, gone.URL+", "+there.URL)
	found, err := client.Count(background(t), "papers", CountOptions{})
	if err != nil || found.Count != 3 {
		t.Fatal(found, err)
	}
	if _, err := connect(t, gone.URL, WithRetries(0)).Count(background(t), "papers", CountOptions{}); !errors.Is(err, ErrUnavailable) {
		t.Fatal(err)
	}
}

func TestACallThatIsCancelledSaysSo(t *testing.T) {
	server := newRESTServer(t, func(_ int, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	silent := grpcServer(t, func(_ string, stream grpc.ServerStream) error { <-stream.Context().Done(); return nil })
	for _, url := range []string{server.URL, silent} {
		client := connect(t, url)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, cancel)
		_, err := client.Count(ctx, "papers", CountOptions{})
		if !errors.Is(err, ErrCancelled) || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %#v", url, err)
		}
		late, stop := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err = client.Count(late, "papers", CountOptions{})
		stop()
		if !errors.Is(err, ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %#v", url, err)
		}
	}
}

// fixedDeadline is a context whose deadline has passed, and whose timer has not fired yet.
type fixedDeadline struct{ context.Context }

func (fixedDeadline) Deadline() (time.Time, bool) { return time.Now().Add(-time.Millisecond), true }

func TestADeadlineThatHasPassedIsOneBeforeItsTimerSaysSo(t *testing.T) {
	err := grpcError(fixedDeadline{context.Background()}, status.Error(codes.DeadlineExceeded, "stream terminated by RST_STREAM"), nil, nil)
	if !errors.Is(err, ErrDeadlineExceeded) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%#v", err)
	}
	if err := ended(context.Background()); err != nil {
		t.Errorf("%#v", err)
	}
}

func TestGRPCRefusalsSayWhenToComeBack(t *testing.T) {
	tries := 0
	url := grpcServer(t, func(_ string, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(&pb.CountPointsRequest{}); err != nil {
			return err
		}
		tries++
		if tries == 1 {
			stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", "1"))
			return status.Error(codes.ResourceExhausted, "full")
		}
		stream.SetTrailer(metadata.Pairs("grpc-retry-pushback-ms", "-1"))
		return status.Error(codes.Unavailable, "never")
	})
	_, err := connect(t, url).Count(background(t), "papers", CountOptions{})
	var failed *Error
	if !errors.As(err, &failed) || failed.Message != "never" || failed.RequestID != "request-2" || failed.Retryable() || tries != 2 {
		t.Fatalf("%#v after %d tries", err, tries)
	}
}
