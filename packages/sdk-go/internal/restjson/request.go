package restjson

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"vectron.dev/sdk-go/internal/contract"
)

// Request is a message on its route.
type Request struct {
	Verb string
	// Path with the query, without the address of the server.
	Path string
	// Body is JSON, or nil.
	Body []byte
}

var parameter = regexp.MustCompile(`\{(\w+)\}`)

// RequestOf puts a message on the route of its method. Errors are a *FieldError.
func RequestOf(method *contract.Method, message proto.Message) (Request, error) {
	fields, err := Encode(message)
	if err != nil {
		return Request{}, err
	}
	descriptor := message.ProtoReflect().Descriptor()
	binding := bindingOf(method.Bindings, descriptor, fields)
	var wrong error
	path := parameter.ReplaceAllStringFunc(binding.Path, func(found string) string {
		field := strings.Trim(found, "{}")
		name := jsonName(descriptor, field)
		value := plain(fields[name])
		delete(fields, name)
		if value == "" || value == "." || value == ".." {
			wrong = &FieldError{field, "must be a name that a path can have"}
		}
		return url.PathEscape(value)
	})
	if wrong != nil {
		return Request{}, wrong
	}
	if binding.Body {
		body, err := json.Marshal(fields)
		return Request{binding.Verb, path, body}, err
	}
	query := url.Values{}
	addQuery(query, message.ProtoReflect(), fields, "")
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return Request{binding.Verb, path, nil}, nil
}

func jsonName(message protoreflect.MessageDescriptor, name string) string {
	return message.Fields().ByName(protoreflect.Name(name)).JSONName()
}

// plain is the text of a JSON value.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}

// bindingOf is the first route whose path can carry the fields: URLs resolve the segments `.` and `..`, encoded or not. Lists that
// have a filter or an order are asked for by the route that takes every field.
func bindingOf(bindings []contract.Binding, message protoreflect.MessageDescriptor, fields Fields) contract.Binding {
	first := bindings[0]
	resolved := false
	for _, found := range parameter.FindAllStringSubmatch(first.Path, -1) {
		value := plain(fields[jsonName(message, found[1])])
		resolved = resolved || value == "." || value == ".."
	}
	_, filter := fields["filter"]
	_, order := fields["orderBy"]
	if !resolved && !(first.Verb == "GET" && filter) && !order {
		return first
	}
	for _, other := range bindings[1:] {
		if other.Body {
			return other
		}
	}
	return first
}

// addQuery adds the parameters of a request without a body: `a.b` for a field of a message in it, unless the contract names it.
func addQuery(query url.Values, message protoreflect.Message, fields Fields, prefix string) {
	list := message.Descriptor().Fields()
	for i := range list.Len() {
		field := list.Get(i)
		value, ok := fields[field.JSONName()]
		if !ok {
			continue
		}
		name := prefix + field.JSONName()
		if given := contract.RuleOf(field).QueryName; given != "" {
			name = given
		}
		if field.Message() != nil && !field.IsList() && !field.IsMap() {
			var inner Fields
			if json.Unmarshal(value, &inner) == nil {
				addQuery(query, message.Get(field).Message(), inner, name+".")
			}
			continue
		}
		query.Set(name, plain(value))
	}
}
