package main

import (
	"bytes"
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// codesSource is a constant for each error code, and what the code means on each wire.
func codesSource(img *image) *bytes.Buffer {
	found, err := img.files.FindDescriptorByName("vectron.errors.v1.ErrorCode")
	must(err)
	values := found.(protoreflect.EnumDescriptor).Values()
	out := &bytes.Buffer{}
	table := &strings.Builder{}
	fmt.Fprint(out, "package vectron\n\n// The error codes, each of which is a target of errors.Is.\nconst (\n")
	for i := range values.Len() {
		value := values.Get(i)
		if value.Number() == 0 {
			continue
		}
		comment := strings.TrimSpace(img.placeOf(value).LeadingComments)
		name := "Err" + goName(strings.ToLower(string(value.Name())))
		fmt.Fprintf(out, "// %s: %s\n%s = Code(%q)\n", name, comment, name, value.Name())
		spec := option(value, "vectron.errors.v1.spec")
		fmt.Fprintf(table, "%s: {grpc: %s, http: %s, retryable: %t},\n", name, enumNumber(spec), text(spec, "http"), flag(spec, "retryable"))
	}
	fmt.Fprintf(out, ")\n\nvar codeSpecs = map[Code]codeSpec{\n%s}\n", table)
	return out
}

func (img *image) placeOf(of protoreflect.Descriptor) protoreflect.SourceLocation {
	return of.ParentFile().SourceLocations().ByDescriptor(of)
}

func enumNumber(spec protoreflect.Value) string {
	message := spec.Message()
	return fmt.Sprint(message.Get(message.Descriptor().Fields().ByName("grpc")).Enum())
}

// goName is the Go name of a name in snake_case, with initialisms as Go writes them.
func goName(snake string) string {
	out := &strings.Builder{}
	for _, word := range strings.Split(snake, "_") {
		if whole, ok := initialisms[word]; ok {
			out.WriteString(whole)
		} else if word != "" {
			out.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return out.String()
}

var initialisms = map[string]string{
	"id": "ID", "ids": "IDs", "api": "API", "ttl": "TTL", "rrf": "RRF", "hnsw": "HNSW", "cpu": "CPU", "mac": "MAC", "kid": "KID",
	"json": "JSON", "f32": "F32", "grpc": "GRPC", "jwt": "JWT",
}
