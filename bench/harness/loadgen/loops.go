package main

import (
	"encoding/json"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// closed keeps `clients` requests under way, for some seconds, or until `count` were sent, where that is not 0 and comes before,
// or until each request was sent once.
func (l *load) closed(clients, count int, once bool, started time.Time, seconds float64) []outcome {
	end := started.Add(time.Duration(seconds * float64(time.Second)))
	var mutex sync.Mutex
	var outcomes []outcome
	var next atomic.Int64
	var running sync.WaitGroup
	for client := range clients {
		running.Add(1)
		go func() {
			defer running.Done()
			var mine []outcome
			if once {
				for at := int(next.Add(1)) - 1; at < len(l.bodies); at = int(next.Add(1)) - 1 {
					mine = append(mine, l.one(at, time.Now(), started))
				}
			} else {
				for at := client; time.Now().Before(end) && (count == 0 || at < count); at += clients {
					mine = append(mine, l.one(at, time.Now(), started))
				}
			}
			mutex.Lock()
			outcomes = append(outcomes, mine...)
			mutex.Unlock()
		}()
	}
	running.Wait()
	return outcomes
}

// open sends `rate` requests a second, each counted from when it was due; returns those that found no slot besides.
func (l *load) open(rate float64, slots int, started time.Time, seconds float64) (outcomes []outcome, unsent int) {
	end := started.Add(time.Duration(seconds * float64(time.Second)))
	free := make(chan struct{}, slots)
	results := make(chan outcome, 4096)
	collected := make(chan struct{})
	go func() {
		for result := range results {
			outcomes = append(outcomes, result)
		}
		close(collected)
	}()
	var running sync.WaitGroup
	sent := 0
	for now := time.Now(); now.Before(end); now = time.Now() {
		owed := int(now.Sub(started).Seconds()*rate) - sent
		for range owed {
			due := started.Add(time.Duration(float64(sent) / rate * float64(time.Second)))
			at := sent
			sent++
			select {
			case free <- struct{}{}:
				running.Add(1)
				go func() {
					results <- l.one(at, due, started)
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
	return outcomes, unsent
}

// untilAnswered sends the first requests one after the other, each again until it is answered, and prints when the first and
// the last one were (Unix milliseconds). It prints a line when it has read everything and begins to ask.
func (l *load) untilAnswered(first int, patience time.Duration) {
	out := json.NewEncoder(os.Stdout)
	check(out.Encode(map[string]any{"asking": true}))
	now := func() float64 { return float64(time.Now().UnixMicro()) / 1000 }
	end := time.Now().Add(patience)
	firstAt, answered := 0.0, 0
	for answered < min(first, len(l.bodies)) && time.Now().Before(end) {
		if one := l.one(answered, time.Now(), time.Now()); one.code != "OK" {
			time.Sleep(5 * time.Millisecond)
			continue
		}
		if answered == 0 {
			firstAt = now()
		}
		answered++
	}
	check(out.Encode(map[string]any{"answered": answered, "firstAtMs": firstAt, "lastAtMs": now()}))
}
