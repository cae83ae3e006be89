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

// step is a call, a restart, or steps that are repeated.
type step struct {
	Call   string            `yaml:"call"`
	With   map[string]any    `yaml:"with"`
	Answer any               `yaml:"answer"`
	Error  any               `yaml:"error"`
	Keep   map[string]string `yaml:"keep"`
	// APIKey is another key than that of the play.
	APIKey *otherKey `yaml:"apiKey"`

	Restart string `yaml:"restart"`
	During  []step `yaml:"during"`

	Times int    `yaml:"times"`
	Steps []step `yaml:"steps"`
}

// otherKey is a key as it is written, or the role of one that is made for the call.
type otherKey struct{ Key, Role string }

func (o *otherKey) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind == yaml.ScalarNode {
		return node.Decode(&o.Key)
	}
	var made struct {
		Role string `yaml:"role"`
	}
	if err := node.Decode(&made); err != nil {
		return err
	}
	if made.Role == "" || len(node.Content) != 2 {
		return fmt.Errorf("apiKey is a key, or the role of one: { role: read }")
	}
	o.Role = made.Role
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
