package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"
)

// compare says where an answer differs from what is wanted: what is named must be there and equal. A list has the same length.
func (p *player) compare(got, wanted any, at string) error {
	if wanted, ok := wanted.(map[string]any); ok {
		if len(wanted) == 1 && (wanted["$vector"] != nil || wanted["$text"] != nil || wanted["$points"] != nil) {
			made, err := p.object(wanted)
			if err != nil {
				return err
			}
			return p.compare(got, made, at)
		}
		if name, argument, isMatcher := matcherOf(wanted); isMatcher {
			return p.match(got, name, argument, wanted, at)
		}
		return p.compareFields(got, wanted, at)
	}
	if wanted, ok := wanted.([]any); ok {
		return p.compareLists(got, wanted, at)
	}
	if text, ok := wanted.(string); ok {
		value, err := p.text(text)
		if err != nil {
			return err
		}
		wanted = value
	}
	if !isEqual(got, wanted) {
		return fmt.Errorf("%s is %v (%T), and %v is right", at, got, got, wanted)
	}
	return nil
}

func matcherOf(wanted map[string]any) (name string, argument any, ok bool) {
	for name, argument := range wanted {
		if strings.HasPrefix(name, "$") {
			return name, argument, true
		}
	}
	return "", nil, false
}

func (p *player) compareFields(got any, wanted map[string]any, at string) error {
	fields, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s is %v, and an object is right", at, got)
	}
	for name, one := range wanted {
		if err := p.compare(fields[name], one, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func (p *player) compareLists(got any, wanted []any, at string) error {
	list := listOf(got)
	if len(list) != len(wanted) {
		return fmt.Errorf("%s has %d items, and %d are right", at, len(list), len(wanted))
	}
	for i, one := range wanted {
		if err := p.compare(list[i], one, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return err
		}
	}
	return nil
}

func listOf(value any) []any {
	list, _ := value.([]any)
	return list
}

func (p *player) match(got any, name string, argument any, wanted map[string]any, at string) error {
	switch name {
	case "$absent":
		if got != nil {
			return fmt.Errorf("%s is %v, and nothing is right", at, got)
		}
	case "$any":
		if got == nil {
			return fmt.Errorf("%s is missing", at)
		}
	case "$near", "within":
		return near(got, wanted, at)
	case "$length":
		length := len(listOf(got))
		if text, isText := got.(string); isText {
			length = utf8.RuneCountInString(text)
		}
		if !isEqual(length, argument) {
			return fmt.Errorf("%s has the length %d, and %v is right", at, length, argument)
		}
	case "$unordered":
		return p.unordered(listOf(got), argument, at)
	case "$from":
		kept, ok := p.kept[fmt.Sprint(argument)]
		if !ok || !isEqual(got, kept) {
			return fmt.Errorf("%s is %v, and %v, which was kept as %v, is right", at, got, kept, argument)
		}
	default:
		return fmt.Errorf("%s: the matcher %s is not known", at, name)
	}
	return nil
}

func near(got any, wanted map[string]any, at string) error {
	value, isNumber := numberOf(got)
	center, hasCenter := numberOf(wanted["$near"])
	within, hasWithin := numberOf(wanted["within"])
	if !hasCenter || !hasWithin {
		return fmt.Errorf("%s: $near has a number, and within", at)
	}
	v, _ := value.Float64()
	c, _ := center.Float64()
	w, _ := within.Float64()
	if !isNumber || math.Abs(v-c) > w {
		return fmt.Errorf("%s is %v, and %v within %v is right", at, got, c, w)
	}
	return nil
}

// unordered finds an item for each that is wanted: the first that fits and is not taken.
func (p *player) unordered(got []any, argument any, at string) error {
	wanted, ok := argument.([]any)
	if !ok || len(got) != len(wanted) {
		return fmt.Errorf("%s has %d items, and %d are right", at, len(got), len(wanted))
	}
	taken := make([]bool, len(got))
	for i, one := range wanted {
		found := false
		for j := range got {
			if !taken[j] && p.compare(got[j], one, at) == nil {
				taken[j], found = true, true
				break
			}
		}
		if !found {
			return fmt.Errorf("%s has nothing that is %v (the item %d)", at, one, i)
		}
	}
	return nil
}

// isEqual compares values; a number is equal to itself, whichever way it is written, and one with a fraction within 1e-5.
func isEqual(got, wanted any) bool {
	left, isNumber := numberOf(got)
	right, areNumbers := numberOf(wanted)
	_, isText := got.(string)
	_, areTexts := wanted.(string)
	if isNumber && areNumbers && !(isText && areTexts) {
		if left.IsInt() && right.IsInt() {
			return left.Cmp(right) == 0
		}
		difference, _ := new(big.Rat).Sub(left, right).Float64()
		return math.Abs(difference) <= 1e-5
	}
	a, _ := json.Marshal(got)
	b, _ := json.Marshal(wanted)
	return string(a) == string(b)
}

// numberOf is the exact number that a value is, or that a text writes.
func numberOf(value any) (*big.Rat, bool) {
	switch value.(type) {
	case bool, nil, []any, map[string]any:
		return nil, false
	}
	text := fmt.Sprint(value)
	if text == "" || strings.Trim(text, "0123456789+-.eE") != "" {
		return nil, false
	}
	return new(big.Rat).SetString(text)
}
