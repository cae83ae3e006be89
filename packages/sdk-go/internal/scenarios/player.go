package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"

	vectron "vectron.dev/sdk-go"
)

// player plays the steps of one scenario over a wire, rest or grpc.
type player struct {
	wire       string
	address    string
	client     *vectron.Client
	collection string
	kept       map[string]any
}

func (p *player) steps(ctx context.Context, steps []step, at string) error {
	for i, one := range steps {
		if err := p.step(ctx, one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) step(ctx context.Context, one step, at string) error {
	switch {
	case one.Call != "":
		if err := p.play(ctx, one); err != nil {
			return fmt.Errorf("%s %s: %w", at, one.Call, err)
		}
		return nil
	case one.Restart == "gateways":
		return p.restart(ctx, one.During, at)
	case one.Together != nil:
		return p.together(ctx, one.Together, at)
	case one.Times > 0:
		for time := range one.Times {
			if err := p.steps(ctx, one.Steps, fmt.Sprintf("%s time %d", at, time+1)); err != nil {
				return err
			}
		}
		return nil
	default:
		return fmt.Errorf("%s: a step that is not known", at)
	}
}

func (p *player) play(ctx context.Context, one step) error {
	given, err := p.value(one.With)
	if err != nil {
		return err
	}
	with, _ := given.(map[string]any)
	if one.AtMost > 0 && one.Error == nil {
		return fmt.Errorf("atMost stands beside an error")
	}
	asking := p
	if one.APIKey != nil {
		client, end, err := p.withKey(ctx, *one.APIKey)
		if err != nil {
			return err
		}
		defer end()
		asking = &player{client: client, collection: p.collection}
	}
	answer, err := asking.call(ctx, one.Call, with)
	for made := 1; made < one.AtMost && comesBefore(err, one.Error); made++ {
		answer, err = asking.call(ctx, one.Call, with)
	}
	if one.Error != nil {
		return p.judgeError(err, one.Error)
	}
	if err != nil {
		return err
	}
	if one.Answer != nil {
		if err := p.compare(answer, one.Answer, "answer"); err != nil {
			return fmt.Errorf("%w\n%s", err, shortened(answer))
		}
	}
	for name, path := range one.Keep {
		value, ok := valueAt(answer, path)
		if !ok {
			return fmt.Errorf("keep %s: the answer has no %s", name, path)
		}
		p.kept[name] = value
	}
	return nil
}

// together makes calls at the same time.
func (p *player) together(ctx context.Context, steps []step, at string) error {
	failures := make([]error, len(steps))
	var running sync.WaitGroup
	for i, one := range steps {
		running.Add(1)
		go func() {
			defer running.Done()
			failures[i] = p.step(ctx, one, fmt.Sprintf("%s.together[%d]", at, i))
		}()
	}
	running.Wait()
	return errors.Join(failures...)
}

// comesBefore says whether a call that is repeated until it fails with wanted is repeated after err.
func comesBefore(err error, wanted any) bool {
	if err == nil {
		return true
	}
	if fields, ok := wanted.(map[string]any); ok {
		wanted = fields["code"]
	}
	var failed *vectron.Error
	return errors.As(err, &failed) && failed.Retryable() && string(failed.Code) != wanted
}

// withKey is a client with another key, and what ends it.
func (p *player) withKey(ctx context.Context, other otherKey) (*vectron.Client, func(), error) {
	address, options, remove := p.address, []vectron.Option{}, func() {}
	switch {
	case other.Role != "":
		key, info, err := p.client.CreateAPIKey(ctx, "scenario", vectron.APIKeyOptions{Role: other.Role})
		if err != nil {
			return nil, nil, fmt.Errorf("a key of the role %s: %w", other.Role, err)
		}
		options = append(options, vectron.WithAPIKey(key))
		remove = func() { _ = p.client.DeleteAPIKey(context.WithoutCancel(ctx), info.KeyPrefix) }
	case other.Of != "":
		var made map[string]map[string]string
		if err := json.Unmarshal([]byte(os.Getenv("VECTRON_SCENARIO_KEYS")), &made); err != nil || made[other.Of] == nil {
			return nil, nil, fmt.Errorf("VECTRON_SCENARIO_KEYS has no key %s (%v)", other.Of, err)
		}
		address = made[other.Of][p.wire]
		options = append(options, vectron.WithAPIKey(made[other.Of]["key"]))
		if other.Retries != nil {
			options = append(options, vectron.WithRetries(*other.Retries))
		}
	default:
		key, err := p.text(other.Key)
		if err != nil {
			return nil, nil, err
		}
		options = append(options, vectron.WithAPIKey(fmt.Sprint(key)))
	}
	client, err := vectron.Connect(address, options...)
	if err != nil {
		remove()
		return nil, nil, err
	}
	return client, func() { _ = client.Close(); remove() }, nil
}

func (p *player) judgeError(err error, wanted any) error {
	var failed *vectron.Error
	if !errors.As(err, &failed) {
		return fmt.Errorf("%v is wanted, and the call gave %v", wanted, err)
	}
	got := map[string]any{"code": string(failed.Code), "field": failed.Field, "retryable": failed.Retryable()}
	if failed.RetryAfter > 0 {
		got["retryAfterMs"] = failed.RetryAfter.Milliseconds()
	}
	if code, isCode := wanted.(string); isCode {
		wanted = map[string]any{"code": code}
	}
	if wrong := p.compare(got, wanted, "error"); wrong != nil {
		return fmt.Errorf("%w\n%v", wrong, err)
	}
	return nil
}

// restart has the gateways restarted one after the other while the steps are played again and again until all have been.
func (p *player) restart(ctx context.Context, during []step, at string) error {
	address := os.Getenv("VECTRON_RESTART")
	if address == "" {
		return fmt.Errorf("%s: VECTRON_RESTART is not set", at)
	}
	done := make(chan error, 1)
	go func() {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, nil)
		if err != nil {
			done <- err
			return
		}
		response, err := http.DefaultClient.Do(request)
		if err == nil {
			response.Body.Close()
			if response.StatusCode/100 != 2 {
				err = fmt.Errorf("%s: the gateways were not restarted: %s", at, response.Status)
			}
		}
		done <- err
	}()
	for play := 1; ; play++ {
		if err := p.steps(ctx, during, fmt.Sprintf("%s.during play %d", at, play)); err != nil {
			return err
		}
		select {
		case err := <-done:
			return err
		default:
		}
	}
}

func shortened(answer any) string {
	text := fmt.Sprint(answer)
	if len(text) > 600 {
		return text[:600] + "..."
	}
	return text
}

// valueAt is what is at a path such as point.payload.n or results[0].id.
func valueAt(answer any, path string) (any, bool) {
	value := answer
	for _, name := range strings.FieldsFunc(path, func(r rune) bool { return strings.ContainsRune(".[]", r) }) {
		switch inner := value.(type) {
		case map[string]any:
			next, ok := inner[name]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			var at int
			if _, err := fmt.Sscan(name, &at); err != nil || at < 0 || at >= len(inner) {
				return nil, false
			}
			value = inner[at]
		default:
			return nil, false
		}
	}
	return value, value != nil
}
