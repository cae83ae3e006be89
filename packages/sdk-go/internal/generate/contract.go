package main

import (
	"bytes"
	"fmt"
	"sort"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// services are the public ones, and what the names of their methods begin with in Go.
var services = []struct{ name, prefix string }{
	{"vectron.v1.VectronService", "Data"},
	{"vectron.auth.v1.AuthService", "Auth"},
	{"vectron.admin.v1.AdminService", "Admin"},
}

const (
	httpOption   = "google.api.http"
	policyOption = "vectron.options.v1.policy"
	restOption   = "vectron.options.v1.rest"
	formOption   = "vectron.options.v1.form"
)

// contractSource is the table of methods with their routes, and of fields and messages whose REST form is not that of proto3 JSON.
func contractSource(img *image) *bytes.Buffer {
	out := &bytes.Buffer{}
	fmt.Fprint(out, "package contract\n\nvar (\n")
	for _, service := range services {
		found, err := img.files.FindDescriptorByName(protoreflect.FullName(service.name))
		must(err)
		methods := found.(protoreflect.ServiceDescriptor).Methods()
		for i := range methods.Len() {
			method := methods.Get(i)
			path := fmt.Sprintf("/%s/%s", service.name, method.Name())
			fmt.Fprintf(out, "%s%s = &Method{Path: %q, Bindings: []Binding{%s}}\n", service.prefix, method.Name(), path, bindings(method))
		}
	}
	fmt.Fprint(out, ")\n\nvar rules = map[string]Rule{\n")
	forms := []string{}
	for _, path := range sortedPaths() {
		file, err := img.files.FindFileByPath(path)
		must(err)
		for i := range file.Messages().Len() {
			message := file.Messages().Get(i)
			writeRules(out, message)
			if form := formOf(message); form != "" {
				forms = append(forms, fmt.Sprintf("%q: %s,\n", message.FullName(), form))
			}
		}
	}
	fmt.Fprintf(out, "}\n\nvar forms = map[string]Form{\n%s}\n", strings.Join(forms, ""))
	return out
}

func sortedPaths() []string {
	paths := []string{}
	for path := range packages {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	return paths
}

// bindings are the routes of a method, the first one first.
func bindings(method protoreflect.MethodDescriptor) string {
	rule := option(method, httpOption)
	if !rule.IsValid() {
		return ""
	}
	out := &strings.Builder{}
	one := func(rule protoreflect.Message) {
		for _, verb := range []string{"get", "put", "post", "delete", "patch"} {
			field := rule.Descriptor().Fields().ByName(protoreflect.Name(verb))
			if rule.Has(field) {
				body := text(protoreflect.ValueOfMessage(rule), "body") != ""
				fmt.Fprintf(out, "{%q, %q, %t},", strings.ToUpper(verb), rule.Get(field).String(), body)
			}
		}
	}
	one(rule.Message())
	others := rule.Message().Get(rule.Message().Descriptor().Fields().ByName("additional_bindings")).List()
	for i := range others.Len() {
		one(others.Get(i).Message())
	}
	return out.String()
}

// jsonText is the field that has the value of this one as JSON text; empty: none has.
func jsonText(field protoreflect.FieldDescriptor) string {
	rest := option(field, restOption)
	if text(rest, "document") != "" {
		return string(field.Name()) + "_json"
	}
	beside := field.Name() + "_json"
	if field.ContainingMessage().Fields().ByName(beside) != nil {
		return string(beside)
	}
	return ""
}

func writeRules(out *bytes.Buffer, message protoreflect.MessageDescriptor) {
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		rest := option(field, restOption)
		parts := []string{}
		for _, name := range []string{"hidden", "read_only"} {
			if flag(rest, name) {
				parts = append(parts, goName(name)+": true")
			}
		}
		if query := text(rest, "query_name"); query != "" {
			parts = append(parts, fmt.Sprintf("QueryName: %q", query))
		}
		if name := jsonText(field); name != "" {
			parts = append(parts, fmt.Sprintf("JSONText: %q", name))
		}
		if len(parts) > 0 {
			fmt.Fprintf(out, "%q: {%s},\n", field.FullName(), strings.Join(parts, ", "))
		}
	}
}

func formOf(message protoreflect.MessageDescriptor) string {
	value := option(message, formOption)
	if !value.IsValid() {
		return ""
	}
	return map[protoreflect.EnumNumber]string{1: "FormFilter", 2: "FormVector"}[value.Enum()]
}
