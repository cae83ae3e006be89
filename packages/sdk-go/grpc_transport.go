package vectron

import (
	"context"
	"io"
	"math"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"vectron.dev/sdk-go/internal/contract"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// grpcTransport speaks gRPC over some connections, which calls take in turns.
type grpcTransport struct {
	connections   []*grpc.ClientConn
	next          atomic.Uint64
	authorization string
}

func newGRPCTransport(at address, s *settings) (*grpcTransport, error) {
	security := insecure.NewCredentials()
	if at.isSecure {
		security = credentials.NewTLS(s.tls.Clone())
	}
	t := &grpcTransport{}
	if s.apiKey != "" {
		t.authorization = "Bearer " + s.apiKey
	}
	count := s.connections
	if count == 0 {
		count = defaultConnections
	}
	for range count {
		connection, err := grpc.NewClient("passthrough:///"+at.host,
			grpc.WithTransportCredentials(security),
			// The client repeats calls itself, within one deadline and one budget.
			grpc.WithDisableRetry(),
			grpc.WithDisableServiceConfig(),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32), grpc.MaxCallSendMsgSize(math.MaxInt32)))
		if err != nil {
			_ = t.close()
			return nil, invalid("url", "the URL of a server must be a URL such as grpc://127.0.0.1:8081: %v", err)
		}
		t.connections = append(t.connections, connection)
	}
	return t, nil
}

func (t *grpcTransport) connection() *grpc.ClientConn {
	return t.connections[t.next.Add(1)%uint64(len(t.connections))]
}

func (t *grpcTransport) authorized(ctx context.Context) context.Context {
	if t.authorization == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", t.authorization)
}

func (t *grpcTransport) call(ctx context.Context, method *contract.Method, request, answer proto.Message) error {
	var header, trailer metadata.MD
	err := t.connection().Invoke(t.authorized(ctx), method.Path, request, answer, grpc.Header(&header), grpc.Trailer(&trailer))
	if err == nil {
		return nil
	}
	return grpcError(ctx, err, header, trailer)
}

var upsertStream = &grpc.StreamDesc{StreamName: "UpsertStream", ClientStreams: true, ServerStreams: true}

func (t *grpcTransport) openUpserts(ctx context.Context) (upsertCall, error) {
	stream, err := t.connection().NewStream(t.authorized(ctx), upsertStream, contract.DataUpsertStream.Path)
	if err != nil {
		return nil, grpcError(ctx, err, nil, nil)
	}
	return &grpcUpserts{ctx, stream}, nil
}

func (t *grpcTransport) close() error {
	for _, one := range t.connections {
		_ = one.Close()
	}
	return nil
}

type grpcUpserts struct {
	ctx    context.Context
	stream grpc.ClientStream
}

func (g *grpcUpserts) Send(batch *pb.UpsertBatch) error { return g.stream.SendMsg(batch) }

func (g *grpcUpserts) Recv() (*pb.UpsertAck, error) {
	ack := &pb.UpsertAck{}
	err := g.stream.RecvMsg(ack)
	if err == nil || err == io.EOF {
		return ack, err
	}
	header, _ := g.stream.Header()
	return nil, grpcError(g.ctx, err, header, g.stream.Trailer())
}

func (g *grpcUpserts) CloseSend() error { return g.stream.CloseSend() }

// watchedCall tells how a call has ended.
type watchedCall struct {
	upsertCall
	ended func(error)
}

func (w *watchedCall) Recv() (*pb.UpsertAck, error) {
	ack, err := w.upsertCall.Recv()
	if err != nil {
		w.ended(err)
	}
	return ack, err
}
