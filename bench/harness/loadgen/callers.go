package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// rawCodec passes bytes through gRPC as they are. The bytes of an answer belong to grpc, which uses them again.
type rawCodec struct{ copies bool }

func (rawCodec) Name() string                  { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (c rawCodec) Unmarshal(data []byte, v any) error {
	if c.copies {
		data = bytes.Clone(data)
	}
	*v.(*[]byte) = data
	return nil
}

func grpcCaller(target, path, token string, keeps bool) caller {
	// A server that starts is tried again at once, not after grpc's growing pauses.
	again := backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1, MaxDelay: 20 * time.Millisecond}
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: 5 * time.Second}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{keeps}), grpc.MaxCallRecvMsgSize(64<<20)), grpc.WithDisableRetry())
	check(err)
	sent := metadata.MD{}
	if token != "" {
		sent.Set("authorization", "Bearer "+token)
	}
	return func(ctx context.Context, body []byte) reply {
		var answer []byte
		var trailer metadata.MD
		err := connection.Invoke(metadata.NewOutgoingContext(ctx, sent), path, &body, &answer, grpc.Trailer(&trailer))
		if err == nil {
			return reply{code: "OK", answer: answer}
		}
		told := reply{code: status.Code(err).String(), text: status.Convert(err).Message(), timed: len(trailer.Get("grpc-retry-pushback-ms")) > 0}
		for _, detail := range status.Convert(err).Details() {
			if info, is := detail.(*errdetails.RetryInfo); is && info.GetRetryDelay() != nil {
				told.retryInfo = true
			}
		}
		return told
	}
}

func httpCaller(method, url, token string, idle int, keeps bool) caller {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: idle,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}}
	return func(ctx context.Context, body []byte) reply {
		request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
		check(err)
		if token != "" {
			request.Header.Set("authorization", "Bearer "+token)
		}
		request.Header.Set("content-type", "application/json")
		response, err := client.Do(request)
		if err != nil {
			return reply{code: failureOf(ctx)}
		}
		defer response.Body.Close()
		var answer []byte
		if keeps {
			answer, err = io.ReadAll(response.Body)
		} else {
			_, err = io.Copy(io.Discard, response.Body)
		}
		switch {
		case err != nil:
			return reply{code: failureOf(ctx)}
		case response.StatusCode/100 == 2:
			return reply{code: "OK", answer: answer}
		case response.StatusCode == http.StatusTooManyRequests:
			return reply{code: "ResourceExhausted", timed: response.Header.Get("retry-after") != ""}
		}
		return reply{code: fmt.Sprintf("HTTP %d", response.StatusCode)}
	}
}

// postgresCaller has a connection for each request that is under way. The answer has the first column of the rows, as text,
// a line for each.
func postgresCaller(url, statement string, most int) caller {
	const name = "prepared"
	config, err := pgconn.ParseConfig(url)
	check(err)
	idle := make(chan *pgconn.PgConn, most)
	connected := func(ctx context.Context) (*pgconn.PgConn, error) {
		select {
		case one := <-idle:
			return one, nil
		default:
		}
		one, err := pgconn.ConnectConfig(ctx, config)
		if err != nil || statement == "" {
			return one, err
		}
		if _, err = one.Prepare(ctx, name, statement, nil); err != nil {
			_ = one.Close(ctx)
		}
		return one, err
	}
	return func(ctx context.Context, body []byte) reply {
		connection, err := connected(ctx)
		if err != nil {
			return reply{code: postgresFailure(ctx, err)}
		}
		var answer []byte
		if statement == "" {
			_, err = connection.Exec(ctx, string(body)).ReadAll()
		} else {
			result := connection.ExecPrepared(ctx, name, bytes.Split(body, []byte{0}), nil, nil).Read()
			err = result.Err
			for _, row := range result.Rows {
				answer = append(append(answer, row[0]...), '\n')
			}
		}
		if !connection.IsClosed() {
			select {
			case idle <- connection:
			default:
				_ = connection.Close(ctx)
			}
		}
		if err != nil {
			return reply{code: postgresFailure(ctx, err)}
		}
		return reply{code: "OK", answer: answer}
	}
}

func postgresFailure(ctx context.Context, err error) string {
	var known *pgconn.PgError
	if errors.As(err, &known) {
		// Class 53: too few resources, such as connections.
		if strings.HasPrefix(known.Code, "53") {
			return "ResourceExhausted"
		}
		return "SQLSTATE " + known.Code
	}
	return failureOf(ctx)
}

func failureOf(ctx context.Context) string {
	if ctx.Err() != nil {
		return "DeadlineExceeded"
	}
	return "Unavailable"
}
