// Checks a history of operations, one JSON object a line on standard input, for linearizability: each id is a register
// that holds a token or nothing. Prints the verdict as JSON; the exit status is 1 unless it is Ok.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/anishathalye/porcupine"
)

type row struct {
	Client  int    `json:"client"`
	Op      string `json:"op"`
	ID      string `json:"id"`
	Tok     string `json:"tok"`
	Call    int64  `json:"call"`
	Ret     int64  `json:"ret"`
	Outcome string `json:"outcome"`
	Result  string `json:"result"`
	Existed bool   `json:"existed"`
}

type input struct {
	op, tok string
}

type output struct {
	unknown bool
	result  string
	existed bool
}

var model = porcupine.Model{
	Init: func() interface{} { return "" },
	Step: func(state, in, out interface{}) (bool, interface{}) {
		value, call, answer := state.(string), in.(input), out.(output)
		switch call.op {
		case "upsert":
			return true, call.tok
		case "delete":
			return answer.unknown || answer.existed == (value != ""), ""
		default:
			return answer.result == value, value
		}
	},
}

func main() {
	histories := map[string][]porcupine.Operation{}
	operations, unknown := 0, 0
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	for lines.Scan() {
		var r row
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		if r.Outcome == "refused" {
			continue
		}
		one := porcupine.Operation{
			ClientId: r.Client,
			Input:    input{r.Op, r.Tok},
			Call:     r.Call,
			Output:   output{r.Outcome == "unknown", r.Result, r.Existed},
			Return:   r.Ret,
		}
		if r.Outcome == "unknown" {
			// It may take effect at any time from then on, or never.
			one.Return = math.MaxInt64
			unknown++
		}
		histories[r.ID] = append(histories[r.ID], one)
		operations++
	}
	verdict := porcupine.Ok
	broken := []string{}
	for id, history := range histories {
		result := porcupine.CheckOperationsTimeout(model, history, 20*time.Minute)
		if result != porcupine.Ok {
			broken = append(broken, fmt.Sprintf("%s: %s", id, result))
			verdict = result
		}
	}
	json.NewEncoder(os.Stdout).Encode(map[string]interface{}{
		"operations": operations, "unknown": unknown, "ids": len(histories), "verdict": verdict, "broken": broken,
	})
	if verdict != porcupine.Ok {
		os.Exit(1)
	}
}
