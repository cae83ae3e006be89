package restjson

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"vectron.dev/sdk-go/internal/contract"
)

// Decode reads the JSON of an answer into its message. Fields that this version does not know are left out.
func Decode(text []byte, into proto.Message) error { return decodeMessage(text, into.ProtoReflect()) }

func decodeMessage(text []byte, message protoreflect.Message) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	list := message.Descriptor().Fields()
	for i := range list.Len() {
		field := list.Get(i)
		value, ok := fields[field.JSONName()]
		rule := contract.RuleOf(field)
		if !ok || rule.Hidden || string(value) == "null" {
			continue
		}
		if rule.JSONText != "" {
			message.Set(list.ByName(protoreflect.Name(rule.JSONText)), protoreflect.ValueOfString(string(value)))
			continue
		}
		if err := decodeField(value, message, field); err != nil {
			return fmt.Errorf("%s: %w", field.JSONName(), err)
		}
	}
	return nil
}

func decodeField(text []byte, message protoreflect.Message, field protoreflect.FieldDescriptor) error {
	switch {
	case field.IsList():
		return decodeList(text, message.Mutable(field).List(), field)
	case field.IsMap():
		return decodeMap(text, message.Mutable(field).Map(), field)
	case field.Message() != nil:
		return decodeForm(text, message.Mutable(field).Message())
	}
	value, err := decodeScalar(text, field)
	if err == nil {
		message.Set(field, value)
	}
	return err
}

func decodeList(text []byte, list protoreflect.List, field protoreflect.FieldDescriptor) error {
	if field.Kind() == protoreflect.FloatKind {
		return floats(text, func(value float32) { list.Append(protoreflect.ValueOfFloat32(value)) })
	}
	var items []json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	for _, item := range items {
		if field.Message() != nil {
			if err := decodeForm(item, list.AppendMutable().Message()); err != nil {
				return err
			}
			continue
		}
		value, err := decodeScalar(item, field)
		if err != nil {
			return err
		}
		list.Append(value)
	}
	return nil
}

func decodeMap(text []byte, entries protoreflect.Map, field protoreflect.FieldDescriptor) error {
	var items map[string]json.RawMessage
	if err := json.Unmarshal(text, &items); err != nil {
		return err
	}
	for name, item := range items {
		key := protoreflect.ValueOfString(name).MapKey()
		if field.MapValue().Message() != nil {
			if err := decodeForm(item, entries.Mutable(key).Message()); err != nil {
				return err
			}
			continue
		}
		value, err := decodeScalar(item, field.MapValue())
		if err != nil {
			return err
		}
		entries.Set(key, value)
	}
	return nil
}

// decodeForm reads a message that may have a form of its own.
func decodeForm(text []byte, message protoreflect.Message) error {
	if contract.FormOf(message.Descriptor()) == contract.FormVector {
		field := message.Descriptor().Fields().ByName("vector")
		list := message.Mutable(field).List()
		return floats(text, func(value float32) { list.Append(protoreflect.ValueOfFloat32(value)) })
	}
	return decodeMessage(text, message)
}

// floats reads a list of numbers without a value in between for each of them: most of a long answer are vectors.
func floats(text []byte, add func(float32)) error {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '[' || text[len(text)-1] != ']' {
		return fmt.Errorf("must be a list of numbers")
	}
	text = text[1 : len(text)-1]
	for len(bytes.TrimSpace(text)) > 0 {
		one, rest, _ := bytes.Cut(text, []byte{','})
		value, err := strconv.ParseFloat(string(bytes.Trim(one, " \t\r\n\"")), 32)
		if err != nil {
			return fmt.Errorf("must be a list of numbers")
		}
		add(float32(value))
		text = rest
	}
	return nil
}

func decodeScalar(text []byte, field protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	plain := string(text)
	if len(text) > 0 && text[0] == '"' {
		if err := json.Unmarshal(text, &plain); err != nil {
			return protoreflect.Value{}, err
		}
	} else if kind := field.Kind(); kind == protoreflect.StringKind || kind == protoreflect.BytesKind {
		return protoreflect.Value{}, fmt.Errorf("must be a string")
	}
	switch field.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(plain), nil
	case protoreflect.BoolKind:
		value, err := strconv.ParseBool(plain)
		return protoreflect.ValueOfBool(value), err
	case protoreflect.BytesKind:
		value, err := base64.StdEncoding.DecodeString(plain)
		return protoreflect.ValueOfBytes(value), err
	case protoreflect.EnumKind:
		return decodeEnum(plain, field)
	case protoreflect.FloatKind:
		value, err := strconv.ParseFloat(plain, 32)
		return protoreflect.ValueOfFloat32(float32(value)), err
	case protoreflect.DoubleKind:
		value, err := strconv.ParseFloat(plain, 64)
		return protoreflect.ValueOfFloat64(value), err
	case protoreflect.Int32Kind:
		value, err := strconv.ParseInt(plain, 10, 32)
		return protoreflect.ValueOfInt32(int32(value)), err
	case protoreflect.Uint32Kind:
		value, err := strconv.ParseUint(plain, 10, 32)
		return protoreflect.ValueOfUint32(uint32(value)), err
	case protoreflect.Int64Kind:
		value, err := strconv.ParseInt(plain, 10, 64)
		return protoreflect.ValueOfInt64(value), err
	case protoreflect.Uint64Kind:
		value, err := strconv.ParseUint(plain, 10, 64)
		return protoreflect.ValueOfUint64(value), err
	default:
		return protoreflect.Value{}, fmt.Errorf("the kind %s cannot be converted to JSON", field.Kind())
	}
}

func decodeEnum(text string, field protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	if value := field.Enum().Values().ByName(protoreflect.Name(text)); value != nil {
		return protoreflect.ValueOfEnum(value.Number()), nil
	}
	number, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		// A newer server's: the default.
		return protoreflect.ValueOfEnum(0), nil
	}
	return protoreflect.ValueOfEnum(protoreflect.EnumNumber(number)), nil
}
