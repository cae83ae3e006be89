// A grpc-gateway in front of Vectron's gRPC port, generated from the same google.api.http annotations that Vectron's own
// REST follows. Tests send both the same requests and compare the answers.
//
// It takes the address of the gRPC port, listens on a free port of the loopback interface and prints that port's address.
package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	// Known here, so that details of errors are printed as JSON.
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"

	vectron "vectron/test/grpc-gateway/generated/apigateway"
	auth "vectron/test/grpc-gateway/generated/auth"
)

// Everything is as grpc-gateway has it by default, with two exceptions. Unknown fields of a body are refused, as the
// proto3 JSON mapping asks of a parser. Every percent-encoded character of a path parameter is decoded, "/" included, as
// google.api.http says of a variable that matches one segment.
func newMux(ctx context.Context, target string) (*runtime.ServeMux, error) {
	mux := runtime.NewServeMux(
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptReserved),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, &runtime.HTTPBodyMarshaler{
			Marshaler: &runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitUnpopulated: true}},
		}),
	)
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if err := vectron.RegisterVectronServiceHandlerFromEndpoint(ctx, mux, target, options); err != nil {
		return nil, err
	}
	return mux, auth.RegisterAuthServiceHandlerFromEndpoint(ctx, mux, target, options)
}

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: grpc-gateway HOST:PORT")
	}
	mux, err := newMux(context.Background(), os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening on http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
