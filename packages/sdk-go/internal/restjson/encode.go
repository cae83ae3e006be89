// Package restjson is the JSON that REST takes and gives for messages, by the contract: proto3 JSON, but for filters, dense vectors and
// payloads, which have shorter forms (proto/options/options.proto). It copies the text of payloads, so that their numbers stay exact.
package restjson

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"sort"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"vectron.dev/sdk-go/internal/contract"
	"vectron.dev/sdk-go/internal/filterjson"
	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// FieldError is a field whose value has no JSON form.
type FieldError struct{ Field, Reason string }

func (e *FieldError) Error() string { return e.Field + " " + e.Reason }

// Fields are the members of the JSON object of a message, each as JSON text.
type Fields map[string]json.RawMessage

// Encode gives the members of a request, without fields that have their default value. Errors are a *FieldError.
func Encode(message proto.Message) (Fields, error) {
	fields := Fields{}
	err := members(message.ProtoReflect(), func(name string, value []byte) { fields[name] = value })
	return fields, err
}

// members calls add for each member in the order of the proto.
func members(message protoreflect.Message, add func(name string, value []byte)) error {
	list := message.Descriptor().Fields()
	for i := range list.Len() {
		field := list.Get(i)
		rule := contract.RuleOf(field)
		if rule.Hidden || rule.ReadOnly {
			continue
		}
		if rule.JSONText != "" {
			if text := message.Get(list.ByName(protoreflect.Name(rule.JSONText))).String(); text != "" {
				add(field.JSONName(), []byte(text))
			}
			continue
		}
		if !message.Has(field) {
			continue
		}
		value, err := appendField(nil, field, message.Get(field))
		if err != nil {
			return err
		}
		add(field.JSONName(), value)
	}
	return nil
}

func appendField(out []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) ([]byte, error) {
	switch {
	case field.IsMap():
		return appendMap(out, field, value.Map())
	case field.IsList():
		return appendList(out, field, value.List())
	default:
		return appendValue(out, field, value)
	}
}

func appendList(out []byte, field protoreflect.FieldDescriptor, list protoreflect.List) ([]byte, error) {
	out = append(out, '[')
	for i := range list.Len() {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendValue(out, field, list.Get(i)); err != nil {
			return nil, within(err, fmt.Sprintf("%s[%d]", field.Name(), i), field)
		}
	}
	return append(out, ']'), nil
}

// within names the place of an error below a field.
func within(err error, at string, field protoreflect.FieldDescriptor) error {
	if wrong, ok := err.(*FieldError); ok {
		if field.Message() == nil {
			return &FieldError{at, wrong.Reason}
		}
		return &FieldError{at + "." + wrong.Field, wrong.Reason}
	}
	return err
}

func appendMap(out []byte, field protoreflect.FieldDescriptor, entries protoreflect.Map) ([]byte, error) {
	names := []string{}
	entries.Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
		names = append(names, key.String())
		return true
	})
	sort.Strings(names)
	out = append(out, '{')
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		var err error
		if out, err = appendString(out, string(field.Name()), name); err != nil {
			return nil, err
		}
		out = append(out, ':')
		value := entries.Get(protoreflect.ValueOfString(name).MapKey())
		if out, err = appendValue(out, field.MapValue(), value); err != nil {
			return nil, within(err, fmt.Sprintf("%s.%s", field.Name(), name), field.MapValue())
		}
	}
	return append(out, '}'), nil
}

func appendValue(out []byte, field protoreflect.FieldDescriptor, value protoreflect.Value) ([]byte, error) {
	switch field.Kind() {
	case protoreflect.StringKind:
		return appendString(out, string(field.Name()), value.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(out, value.Bool()), nil
	case protoreflect.BytesKind:
		return appendBase64(out, value.Bytes()), nil
	case protoreflect.EnumKind:
		return appendEnum(out, field, value.Enum()), nil
	case protoreflect.FloatKind:
		return appendFloat(out, value.Float(), 32), nil
	case protoreflect.DoubleKind:
		return appendFloat(out, value.Float(), 64), nil
	case protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return fmt.Appendf(out, `"%s"`, value.String()), nil
	case protoreflect.MessageKind:
		return appendMessage(out, value.Message())
	default:
		return append(out, value.String()...), nil
	}
}

func appendMessage(out []byte, message protoreflect.Message) ([]byte, error) {
	switch contract.FormOf(message.Descriptor()) {
	case contract.FormFilter:
		text, err := filterjson.Marshal(message.Interface().(*pb.Filter))
		if err != nil {
			return nil, &FieldError{"filter", err.Error()}
		}
		return append(out, text...), nil
	case contract.FormVector:
		return appendBase64(out, message.Interface().(*pb.DenseVector).GetVectorF32()), nil
	}
	out = append(out, '{')
	start := len(out)
	err := members(message, func(name string, value []byte) {
		if len(out) > start {
			out = append(out, ',')
		}
		out = append(append(append(append(out, '"'), name...), '"', ':'), value...)
	})
	return append(out, '}'), err
}

func appendEnum(out []byte, field protoreflect.FieldDescriptor, number protoreflect.EnumNumber) []byte {
	if value := field.Enum().Values().ByNumber(number); value != nil {
		return fmt.Appendf(out, `"%s"`, value.Name())
	}
	return strconv.AppendInt(out, int64(number), 10)
}

func appendFloat(out []byte, value float64, bits int) []byte {
	if math.IsNaN(value) {
		return append(out, `"NaN"`...)
	}
	if math.IsInf(value, 0) {
		return append(out, map[bool]string{true: `"Infinity"`, false: `"-Infinity"`}[value > 0]...)
	}
	return strconv.AppendFloat(out, value, 'g', -1, bits)
}

func appendBase64(out, bytes []byte) []byte {
	return append(base64.StdEncoding.AppendEncode(append(out, '"'), bytes), '"')
}

func appendString(out []byte, field, value string) ([]byte, error) {
	if !utf8.ValidString(value) {
		return nil, &FieldError{field, "must be a string of valid UTF-8"}
	}
	text, err := json.Marshal(value)
	return append(out, text...), err
}
