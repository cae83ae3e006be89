// Sends prepared requests over gRPC, HTTP or PostgreSQL's protocol and says how they were answered: a fixed number at once
// (closed loop), each request once, so many a second whatever the answers do (open loop), or the first few until each of
// them is answered. Requests of the open loop that find no slot are counted as unsent.
package main

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"strings"
	"time"
)

// reply is how a server answered a request.
type reply struct {
	code string
	// text is what the error said, of gRPC.
	text string
	// timed: a refusal that says when to come back, as headers do.
	timed bool
	// retryInfo: a refusal whose gRPC status has google.rpc.RetryInfo among its details.
	retryInfo bool
	// answer is valid until the next call of the same caller unless answers are kept.
	answer []byte
}

type outcome struct {
	reply
	latency time.Duration
	at      time.Duration
}

type caller func(ctx context.Context, body []byte) reply

// load is what all ways of sending have in common.
type load struct {
	calls       []caller
	bodies      [][]byte
	deadline    time.Duration
	cancelShare float64
	answers     *answers
}

func main() {
	protocol := flag.String("protocol", "grpc", "grpc, http or postgres")
	target := flag.String("target", "", "HOST:PORT; postgres: a URL")
	path := flag.String("path", "", "gRPC method, HTTP path, or a statement whose parameters are the request, separated by NUL; postgres without it: the request is SQL")
	method := flag.String("method", "POST", "of HTTP")
	tokenFile := flag.String("token-file", "", "file with the bearer token; none: no token is sent")
	requests := flag.String("requests", "", "file of requests, each with its length before it (uint32, little-endian)")
	connections := flag.Int("connections", 1, "connections; HTTP and postgres open one for each client besides")
	clients := flag.Int("clients", 0, "closed loop: requests at once")
	count := flag.Int("count", 0, "closed loop: end after so many requests, if that is before the time; 0: no")
	once := flag.Bool("once", false, "closed loop: every request once, however long it takes")
	rate := flag.Float64("rate", 0, "open loop: requests a second")
	first := flag.Int("first", 0, "send so many requests, one after the other, each again until it is answered")
	patience := flag.Duration("patience", 2*time.Minute, "of -first, for all of them")
	seconds := flag.Float64("seconds", 10, "how long")
	deadline := flag.Duration("deadline", 2*time.Second, "of a request")
	slots := flag.Int("slots", 20000, "open loop: most requests at once; those beyond are counted as unsent")
	cancelShare := flag.Float64("cancel", 0, "share of the requests that are cancelled after a few milliseconds")
	answersFile := flag.String("answers", "", "file for the first answer to each request, each with its length before it; 0: none")
	flag.Parse()

	token := ""
	if *tokenFile != "" {
		text, err := os.ReadFile(*tokenFile)
		check(err)
		token = strings.TrimSpace(string(text))
	}
	l := load{bodies: read(*requests), deadline: *deadline, cancelShare: *cancelShare}
	if *answersFile != "" {
		l.answers = newAnswers(len(l.bodies))
	}
	l.calls = make([]caller, *connections)
	for at := range l.calls {
		switch *protocol {
		case "grpc":
			l.calls[at] = grpcCaller(*target, *path, token, l.answers != nil)
		case "http":
			l.calls[at] = httpCaller(*method, "http://"+*target+*path, token, max(*clients, 64), l.answers != nil)
		case "postgres":
			l.calls[at] = postgresCaller(*target, *path, max(*clients, 64))
		default:
			check(fmt.Errorf("-protocol %s: grpc, http or postgres was expected", *protocol))
		}
	}
	if *first > 0 {
		l.untilAnswered(*first, *patience)
	} else {
		cpu, started := cpuSeconds(), time.Now()
		var outcomes []outcome
		unsent := 0
		if *clients > 0 {
			outcomes = l.closed(*clients, *count, *once, started, *seconds)
		} else {
			outcomes, unsent = l.open(*rate, *slots, started, *seconds)
		}
		report(outcomes, unsent, time.Since(started), cpuSeconds()-cpu)
	}
	if l.answers != nil {
		l.answers.write(*answersFile)
	}
}

// one sends the request of a number and waits for its answer, at most until the deadline after `due`.
func (l *load) one(at int, due, started time.Time) outcome {
	ctx, cancel := context.WithDeadline(context.Background(), due.Add(l.deadline))
	defer cancel()
	if l.cancelShare > 0 && rand.Float64() < l.cancelShare {
		time.AfterFunc(time.Duration(1+rand.Intn(5))*time.Millisecond, cancel)
	}
	which := at % len(l.bodies)
	answered := l.calls[at%len(l.calls)](ctx, l.bodies[which])
	latency := time.Since(due)
	if l.answers != nil && answered.code == "OK" {
		l.answers.keep(which, answered.answer)
	}
	answered.answer = nil
	return outcome{answered, latency, due.Sub(started)}
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

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
