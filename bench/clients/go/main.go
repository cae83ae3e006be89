// Drives the Go SDK; see ../README.md for what a driver is told and says.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// settings are the first argument, as JSON.
type settings struct {
	Client     string `json:"client"`
	URL        string `json:"url"`
	Token      string `json:"token"`
	Collection string `json:"collection"`
	Data       string `json:"data"`
	Dimension  int    `json:"dimension"`
	K          int    `json:"k"`
	Batch      int    `json:"batch"`
}

// client is what is measured.
type client interface {
	// search gives ids and names of the hits of a query.
	search(ctx context.Context, query int) ([]found, error)
	// upsert writes the points from begin to below end.
	upsert(ctx context.Context, begin, end int) error
}

// found is written as a pair.
type found struct {
	id   int
	name string
}

func (f found) MarshalJSON() ([]byte, error) { return json.Marshal([]any{f.id, f.name}) }

type told struct {
	Operation string `json:"operation"`
	Clients   int    `json:"clients"`
	Count     int    `json:"count"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	var s settings
	if err := json.Unmarshal([]byte(os.Args[1]), &s); err != nil {
		return err
	}
	data, err := load(s)
	if err != nil {
		return err
	}
	measured, err := connect(s, data)
	if err != nil {
		return err
	}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one told
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return err
		}
		answer, err := perform(measured, s, data, one)
		if err != nil {
			return err
		}
		if err := out.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

func perform(measured client, s settings, data *data, one told) (any, error) {
	ctx := context.Background()
	if one.Operation == "check" {
		all := make([][]found, one.Count)
		for i := range all {
			hits, err := measured.search(ctx, i)
			if err != nil {
				return nil, err
			}
			all[i] = hits
		}
		return map[string]any{"found": all}, nil
	}
	count, call := one.Count, func(i int) error {
		_, err := measured.search(ctx, i%len(data.queries))
		return err
	}
	if one.Operation == "upsert" {
		count, call = one.Count/s.Batch, func(i int) error {
			begin := i * s.Batch % len(data.points)
			return measured.upsert(ctx, begin, begin+s.Batch)
		}
	}
	began, before := time.Now(), cpuSeconds()
	if err := inParallel(one.Clients, count, call); err != nil {
		return nil, err
	}
	spent := cpuSeconds() - before
	return map[string]float64{"cpuSeconds": spent, "seconds": time.Since(began).Seconds()}, nil
}

// inParallel makes count calls, so many at a time; the error is the last one.
func inParallel(clients, count int, call func(int) error) error {
	var next atomic.Int64
	var failed atomic.Pointer[error]
	var all sync.WaitGroup
	for range clients {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < count; i = int(next.Add(1)) - 1 {
				if err := call(i); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	all.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

// cpuSeconds is user and system time of this process, all threads.
func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}
