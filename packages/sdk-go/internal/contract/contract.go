// Package contract is what REST and gRPC need of the contract besides its messages: the paths of methods, their routes, and the
// fields and messages whose REST form is not that of proto3 JSON. Its tables are generated from proto/.
package contract

import "google.golang.org/protobuf/reflect/protoreflect"

// Method is an RPC.
type Method struct {
	// Path of gRPC: /package.Service/Method.
	Path string
	// Bindings are its routes, the first one first; empty: it is not in REST.
	Bindings []Binding
}

// Binding is a route of REST: a verb and a path with parameters in braces. Body: the other fields are the body, else the query.
type Binding struct {
	Verb, Path string
	Body       bool
}

// Rule says how a field is in REST.
type Rule struct {
	// Hidden: neither accepted nor printed. ReadOnly: refused in requests.
	Hidden, ReadOnly bool
	// QueryName is another name of the query parameter.
	QueryName string
	// JSONText is the field of the same message that has the value as JSON text.
	JSONText string
}

// Form is the form of a message in REST.
type Form int

// The forms: that of proto3 JSON, the filter language, and a list of numbers or little-endian float32 as base64.
const (
	FormPlain Form = iota
	FormFilter
	FormVector
)

// RuleOf is the rule of a field.
func RuleOf(field protoreflect.FieldDescriptor) Rule { return rules[string(field.FullName())] }

// FormOf is the form of a message.
func FormOf(message protoreflect.MessageDescriptor) Form { return forms[string(message.FullName())] }
