// Sends prepared requests over gRPC or HTTP and says how they were answered: a fixed number at once (closed loop), or so
// many a second whatever the answers do (open loop). Requests that are late because all slots wait are counted as such.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand"
	"net"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

type rawCodec struct{}

func (rawCodec) Name() string                       { return "proto" }
func (rawCodec) Marshal(v any) ([]byte, error)      { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v any) error { *v.(*[]byte) = data; return nil }

type outcome struct {
	code    string
	timed   bool // a refusal that says when to come back
	latency time.Duration
	at      time.Duration
}

type caller func(ctx context.Context, body []byte) (code string, timed bool)

func main() {
	protocol := flag.String("protocol", "grpc", "grpc or http")
	target := flag.String("target", "", "HOST:PORT")
	path := flag.String("path", "", "gRPC method or HTTP path")
	tokenFile := flag.String("token-file", "", "file with the bearer token")
	requests := flag.String("requests", "", "file of requests, each with its length before it (uint32, little-endian)")
	connections := flag.Int("connections", 1, "connections")
	clients := flag.Int("clients", 0, "closed loop: requests at once")
	rate := flag.Float64("rate", 0, "open loop: requests a second")
	seconds := flag.Float64("seconds", 10, "how long")
	deadline := flag.Duration("deadline", 2*time.Second, "of a request")
	slots := flag.Int("slots", 20000, "open loop: most requests at once; those beyond are counted as unsent")
	cancelShare := flag.Float64("cancel", 0, "share of the requests that are cancelled after a few milliseconds")
	flag.Parse()

	token, err := os.ReadFile(*tokenFile)
	check(err)
	bodies := read(*requests)
	calls := make([]caller, *connections)
	for at := range calls {
		if *protocol == "grpc" {
			calls[at] = grpcCaller(*target, *path, strings.TrimSpace(string(token)))
		} else {
			calls[at] = httpCaller("http://"+*target+*path, strings.TrimSpace(string(token)), max(*clients, 64))
		}
	}
	var mutex sync.Mutex
	var outcomes []outcome
	unsent := 0
	started := time.Now()
	end := started.Add(time.Duration(*seconds * float64(time.Second)))
	one := func(at int, due time.Time) outcome {
		ctx, cancel := context.WithDeadline(context.Background(), due.Add(*deadline))
		if *cancelShare > 0 && rand.Float64() < *cancelShare {
			time.AfterFunc(time.Duration(1+rand.Intn(5))*time.Millisecond, cancel)
		}
		code, timed := calls[at%len(calls)](ctx, bodies[at%len(bodies)])
		cancel()
		return outcome{code, timed, time.Since(due), due.Sub(started)}
	}
	var running sync.WaitGroup
	if *clients > 0 {
		for client := range *clients {
			running.Add(1)
			go func() {
				defer running.Done()
				var mine []outcome
				for at := client; time.Now().Before(end); at += *clients {
					mine = append(mine, one(at, time.Now()))
				}
				mutex.Lock()
				outcomes = append(outcomes, mine...)
				mutex.Unlock()
			}()
		}
	} else {
		free := make(chan struct{}, *slots)
		results := make(chan outcome, 4096)
		collected := make(chan struct{})
		go func() {
			for result := range results {
				outcomes = append(outcomes, result)
			}
			close(collected)
		}()
		sent := 0
		for now := time.Now(); now.Before(end); now = time.Now() {
			owed := int(now.Sub(started).Seconds()*(*rate)) - sent
			for range owed {
				due := started.Add(time.Duration(float64(sent) / (*rate) * float64(time.Second)))
				at := sent
				sent++
				select {
				case free <- struct{}{}:
					running.Add(1)
					go func() {
						results <- one(at, due)
						<-free
						running.Done()
					}()
				default:
					unsent++
				}
			}
			time.Sleep(500 * time.Microsecond)
		}
		running.Wait()
		close(results)
		<-collected
	}
	running.Wait()
	report(outcomes, unsent, time.Since(started))
}

func grpcCaller(target, path, token string) caller {
	connection, err := grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(rawCodec{}), grpc.MaxCallRecvMsgSize(64<<20)), grpc.WithDisableRetry())
	check(err)
	sent := metadata.Pairs("authorization", "Bearer "+token)
	return func(ctx context.Context, body []byte) (string, bool) {
		var answer []byte
		var trailer metadata.MD
		err := connection.Invoke(metadata.NewOutgoingContext(ctx, sent), path, &body, &answer, grpc.Trailer(&trailer))
		if err == nil {
			return "OK", false
		}
		return status.Code(err).String(), len(trailer.Get("grpc-retry-pushback-ms")) > 0
	}
}

func httpCaller(url, token string, idle int) caller {
	client := &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: idle,
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
	}}
	return func(ctx context.Context, body []byte) (string, bool) {
		request, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(body))
		check(err)
		request.Header.Set("authorization", "Bearer "+token)
		request.Header.Set("content-type", "application/json")
		answer, err := client.Do(request)
		if err != nil {
			if ctx.Err() != nil {
				return "DeadlineExceeded", false
			}
			return "Unavailable", false
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		if answer.StatusCode == 200 {
			return "OK", false
		}
		if answer.StatusCode == 429 {
			return "ResourceExhausted", answer.Header.Get("retry-after") != ""
		}
		return fmt.Sprintf("HTTP %d", answer.StatusCode), false
	}
}

func read(file string) [][]byte {
	data, err := os.ReadFile(file)
	check(err)
	var bodies [][]byte
	for len(data) > 0 {
		size := binary.LittleEndian.Uint32(data)
		bodies = append(bodies, data[4:4+size])
		data = data[4+size:]
	}
	return bodies
}

func report(outcomes []outcome, unsent int, took time.Duration) {
	codes := map[string]int{}
	var good, refused []float64
	timed := 0
	perSecond := make([]int, int(took.Seconds())+1)
	for _, one := range outcomes {
		codes[one.code]++
		ms := float64(one.latency.Microseconds()) / 1000
		if one.code == "OK" {
			good = append(good, ms)
			if at := int(one.at.Seconds()); at < len(perSecond) {
				perSecond[at]++
			}
		}
		if one.code == "ResourceExhausted" {
			refused = append(refused, ms)
			if one.timed {
				timed++
			}
		}
	}
	result := map[string]any{
		"seconds": took.Seconds(), "codes": codes, "unsent": unsent, "goodPerSecond": perSecond,
		"ok": summary(good), "refused": summary(refused), "refusedWithTime": timed,
	}
	check(json.NewEncoder(os.Stdout).Encode(result))
}

func summary(ms []float64) map[string]any {
	sort.Float64s(ms)
	at := func(share float64) float64 {
		if len(ms) == 0 {
			return 0
		}
		return ms[min(len(ms)-1, int(share*float64(len(ms))))]
	}
	return map[string]any{"count": len(ms), "p50Ms": at(0.5), "p95Ms": at(0.95), "p99Ms": at(0.99), "maxMs": at(1)}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
