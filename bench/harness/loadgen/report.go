package main

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"sort"
	"sync"
	"syscall"
	"time"
)

// answers are the first answers to the requests, by their number.
type answers struct {
	mutex sync.Mutex
	kept  [][]byte
}

func newAnswers(count int) *answers { return &answers{kept: make([][]byte, count)} }

func (a *answers) keep(which int, answer []byte) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if a.kept[which] == nil {
		a.kept[which] = answer
	}
}

func (a *answers) write(file string) {
	var data []byte
	for _, one := range a.kept {
		data = append(binary.LittleEndian.AppendUint32(data, uint32(len(one))), one...)
	}
	check(os.WriteFile(file, data, 0o600))
}

// cpuSeconds is the user and system time of this process.
func cpuSeconds() float64 {
	var used syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()).Seconds()
}

func report(outcomes []outcome, unsent int, took time.Duration, clientCPU float64) {
	codes := map[string]int{}
	says := map[string]string{}
	var good, refused []float64
	timed, retryInfo := 0, 0
	perSecond := make([]int, int(took.Seconds())+1)
	for _, one := range outcomes {
		codes[one.code]++
		if one.text != "" && says[one.code] == "" {
			says[one.code] = one.text
		}
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
			if one.timed && one.retryInfo {
				retryInfo++
			}
		}
	}
	result := map[string]any{
		"seconds": took.Seconds(), "codes": codes, "says": says, "unsent": unsent, "goodPerSecond": perSecond,
		"ok": summary(good), "refused": summary(refused), "refusedWithTime": timed, "refusedWithRetryInfo": retryInfo,
		"clientCpuSeconds": clientCPU,
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
