// Command scenarios plays test/conformance/scenarios/*.yaml with the Go SDK, over REST and gRPC, against the server that the environment
// names (README.md of that folder). It prints a line for each play, and ends with 1 when one failed. VECTRON_SCENARIOS names those that are
// played, with commas between them; without it, all are.
//
//	scenarios FOLDER
package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	vectron "vectron.dev/sdk-go"
)

// longestPlay ends a play that hangs.
const longestPlay = 10 * time.Minute

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: scenarios FOLDER")
		os.Exit(2)
	}
	files, err := filepath.Glob(filepath.Join(os.Args[1], "*.yaml"))
	if err != nil || len(files) == 0 {
		fmt.Fprintf(os.Stderr, "scenarios: no *.yaml in %s\n", os.Args[1])
		os.Exit(2)
	}
	home := os.Getenv("VECTRON_SCENARIO_HOME")
	addresses := map[string]string{"rest": os.Getenv("VECTRON_REST"), "grpc": os.Getenv("VECTRON_GRPC")}
	if home == "" || addresses["rest"] == "" || addresses["grpc"] == "" {
		fmt.Fprintln(os.Stderr, "scenarios: VECTRON_SCENARIO_HOME, VECTRON_REST and VECTRON_GRPC name where to play")
		os.Exit(2)
	}
	played, failed := 0, 0
	for _, file := range files {
		one, err := readScenario(file)
		if err != nil {
			fmt.Printf("FAILED %s - %s\n  %v\n", home, filepath.Base(file), err)
			failed++
			continue
		}
		if !isWanted(one.Name) || (one.Homes != nil && !slices.Contains(one.Homes, home)) {
			continue
		}
		for _, wire := range []string{"rest", "grpc"} {
			played++
			if err := playOn(wire, addresses[wire], one); err != nil {
				failed++
				fmt.Printf("FAILED %s %s %s\n  %s\n", home, wire, one.Name, strings.ReplaceAll(err.Error(), "\n", "\n  "))
				continue
			}
			fmt.Printf("ok %s %s %s\n", home, wire, one.Name)
		}
	}
	if played == 0 || failed > 0 {
		os.Exit(1)
	}
}

// isWanted says whether VECTRON_SCENARIOS names the scenario, or nothing.
func isWanted(name string) bool {
	names := os.Getenv("VECTRON_SCENARIOS")
	return names == "" || slices.Contains(strings.Split(names, ","), name)
}

// playOn plays a scenario in a collection of its own.
func playOn(wire, address string, one *scenario) error {
	client, err := vectron.Connect(address, vectron.WithAPIKey(os.Getenv("VECTRON_API_KEY")), vectron.WithRetries(8))
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), longestPlay)
	defer cancel()
	suffix := make([]byte, 6)
	_, _ = rand.Read(suffix)
	collection := "go-" + one.Name + "-" + hex.EncodeToString(suffix)
	p := &player{wire: wire, address: address, client: client, collection: collection, kept: map[string]any{}}
	if one.Collection != nil {
		if _, err := p.call(ctx, "CreateCollection", one.Collection); err != nil {
			return fmt.Errorf("the collection: %w", err)
		}
	}
	defer func() { _ = client.DeleteCollection(context.WithoutCancel(ctx), p.collection) }()
	return p.steps(ctx, one.Steps, "steps")
}
