package main

import (
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

// scenario is a file: calls in their order, with the right answers.
type scenario struct {
	Name       string         `yaml:"name"`
	What       string         `yaml:"what"`
	Homes      []string       `yaml:"homes"`
	Collection map[string]any `yaml:"collection"`
	Steps      []step         `yaml:"steps"`
}

// step is a call, a restart, or steps that are repeated or made at the same time.
type step struct {
	Call   string         `yaml:"call"`
	With   map[string]any `yaml:"with"`
	Answer any            `yaml:"answer"`
	Error  any            `yaml:"error"`
	// AtMost is how often the call is made until it fails with Error.
	AtMost int               `yaml:"atMost"`
	Keep   map[string]string `yaml:"keep"`
	// APIKey is another key than that of the play.
	APIKey *otherKey `yaml:"apiKey"`

	Restart string `yaml:"restart"`
	During  []step `yaml:"during"`

	Times int    `yaml:"times"`
	Steps []step `yaml:"steps"`

	Together []step `yaml:"together"`
}

// otherKey is a key as it is written, the role of one that is made for the call, or the name of one that the harness has made.
type otherKey struct {
	Key, Role, Of string
	// Retries of a call with the key named Of; nil: those of the SDK.
	Retries *int
}

func (o *otherKey) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&o.Key)
	}
	var made struct {
		Role    string `yaml:"role"`
		Of      string `yaml:"of"`
		Retries *int   `yaml:"retries"`
	}
	if err := node.Decode(&made); err != nil {
		return err
	}
	if (made.Role == "") == (made.Of == "") || (made.Role != "" && made.Retries != nil) {
		return fmt.Errorf("apiKey is a key, { role: read }, or { of: name, retries: 0 }")
	}
	o.Role, o.Of, o.Retries = made.Role, made.Of, made.Retries
	return nil
}

// readScenario reads a file; what it does not know is an error.
func readScenario(path string) (*scenario, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	one := &scenario{}
	if err := decoder.Decode(one); err != nil {
		return nil, err
	}
	if one.Name == "" || len(one.Steps) == 0 {
		return nil, fmt.Errorf("a scenario has a name and steps")
	}
	return one, nil
}
