package vectron

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// restServer answers by a function, and keeps the bodies that it was sent.
type restServer struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []map[string]any
}

func newRESTServer(t *testing.T, answer func(try int, w http.ResponseWriter, r *http.Request)) *restServer {
	t.Helper()
	s := &restServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body map[string]any
		_ = json.NewDecoder(r.Body).Decode(&body)
		s.mu.Lock()
		s.bodies = append(s.bodies, body)
		try := len(s.bodies)
		s.mu.Unlock()
		w.Header().Set("x-request-id", "request-1")
		answer(try, w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// refuse answers as a server does that has no room.
func refuse(w http.ResponseWriter, status int, code string, retryAfterMs string) {
	w.Header().Set("content-type", "application/json")
	w.WriteHeader(status)
	metadata := map[string]string{}
	if retryAfterMs != "" {
		metadata["retryAfterMs"] = retryAfterMs
	}
	info := map[string]any{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": code, "domain": "vectron", "metadata": metadata}
	_ = json.NewEncoder(w).Encode(map[string]any{"message": "not now", "details": []any{info}})
}

func connect(t *testing.T, url string, options ...Option) *Client {
	t.Helper()
	client, err := Connect(url, options...)
	if err != nil {
		t.Fatal(err)
	}
	client.settings.random = func() float64 { return 0 }
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// grpcServer hands every call to a function.
func grpcServer(t *testing.T, serve func(method string, stream grpc.ServerStream) error) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		method, _ := grpc.MethodFromServerStream(stream)
		_ = stream.SetHeader(metadata.Pairs("x-request-id", "request-2"))
		return serve(method, stream)
	}))
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "grpc://" + listener.Addr().String()
}

// upsertServer answers an UpsertStream: `answer` gives the ack of a batch, or an error that ends the call.
func upsertServer(t *testing.T, answer func(call int, batch *pb.UpsertBatch) (*pb.UpsertAck, error)) string {
	t.Helper()
	var mu sync.Mutex
	calls := 0
	return grpcServer(t, func(_ string, stream grpc.ServerStream) error {
		mu.Lock()
		calls++
		call := calls
		mu.Unlock()
		for {
			batch := &pb.UpsertBatch{}
			if err := stream.RecvMsg(batch); err != nil {
				return nil
			}
			ack, err := answer(call, batch)
			if err != nil {
				return err
			}
			if ack != nil {
				if err := stream.SendMsg(ack); err != nil {
					return err
				}
			}
		}
	})
}

func written(batch *pb.UpsertBatch) *pb.UpsertAck {
	answer := &pb.UpsertResponse{Upserted: int32(len(batch.GetUpsert().GetPoints())), WriteToken: "v1.1-1"}
	return &pb.UpsertAck{Sequence: batch.GetSequence(), Outcome: &pb.UpsertAck_Written{Written: answer}}
}

func background(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	return ctx
}
