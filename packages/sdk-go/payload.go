package vectron

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/structpb"
)

// Payload is a JSON object as it was stored. Its values are string, bool, nil, []any, map[string]any, and numbers: int64 for integers
// and uint64 for larger ones, both exact, and float64 for all other numbers.
type Payload map[string]any

// Decode converts the payload to a struct or another value that encoding/json can decode, exactly.
func (p Payload) Decode(into any) error {
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// payloadText is the JSON object that a value is written as.
func payloadText(value any) (string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("cannot be written as JSON: %w", err)
	}
	if string(text) == "null" {
		return "", nil
	}
	if text[0] != '{' {
		return "", fmt.Errorf("must be a JSON object, not %T", value)
	}
	if hidesBytes(text) {
		return "", fmt.Errorf("must not contain a string that is not valid UTF-8")
	}
	return string(text), nil
}

// hidesBytes says whether encoding/json has put U+FFFD, which it then escapes, in place of bytes that are no UTF-8.
func hidesBytes(text []byte) bool {
	for at := 0; ; {
		found := bytes.Index(text[at:], []byte(`\ufffd`))
		if found < 0 {
			return false
		}
		end := at + found
		slashes := len(text[:end]) - len(bytes.TrimRight(text[:end], `\`))
		if slashes%2 == 0 {
			return true
		}
		at = end + 1
	}
}

// exactJSON reads JSON text with exact integers.
func exactJSON(text string) (any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return exact(value), nil
}

// exact has a number of Go in place of each json.Number.
func exact(value any) any {
	switch value := value.(type) {
	case json.Number:
		return number(value.String())
	case []any:
		for i, one := range value {
			value[i] = exact(one)
		}
	case map[string]any:
		for name, one := range value {
			value[name] = exact(one)
		}
	}
	return value
}

func number(text string) any {
	if integer, err := strconv.ParseInt(text, 10, 64); err == nil {
		return integer
	}
	if large, err := strconv.ParseUint(text, 10, 64); err == nil {
		return large
	}
	float, _ := strconv.ParseFloat(text, 64)
	return integral(float)
}

// integral is an integer where the double stands for exactly that one: a number is the same on every wire.
func integral(float float64) any {
	if float == math.Trunc(float) && math.Abs(float) < 1<<53 {
		return int64(float)
	}
	return float
}

// structValue is a value of google.protobuf.Struct.
func structValue(value *structpb.Value) any {
	switch kind := value.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return integral(kind.NumberValue)
	case *structpb.Value_StringValue:
		return kind.StringValue
	case *structpb.Value_BoolValue:
		return kind.BoolValue
	case *structpb.Value_ListValue:
		list := make([]any, 0, len(kind.ListValue.GetValues()))
		for _, one := range kind.ListValue.GetValues() {
			list = append(list, structValue(one))
		}
		return list
	case *structpb.Value_StructValue:
		return structFields(kind.StructValue)
	default:
		return nil
	}
}

func structFields(from *structpb.Struct) map[string]any {
	fields := make(map[string]any, len(from.GetFields()))
	for name, value := range from.GetFields() {
		fields[name] = structValue(value)
	}
	return fields
}
