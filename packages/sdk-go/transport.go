package vectron

import (
	"context"

	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// transport carries messages to a server and its answers back. Failures are an *Error.
type transport interface {
	call(ctx context.Context, method *contract.Method, request, answer proto.Message) error
	// openUpserts opens a call with messages both ways; nil without an error: the wire has none.
	openUpserts(ctx context.Context) (upsertCall, error)
	close() error
}

// upsertCall is an open UpsertStream. One goroutine may send while another one receives.
type upsertCall interface {
	Send(*pb.UpsertBatch) error
	// Recv fails with an *Error; with io.EOF when the server has ended the call.
	Recv() (*pb.UpsertAck, error)
	CloseSend() error
}
