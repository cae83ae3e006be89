package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/pluginpb"
)

// typesSource is the types of the interface: a struct for each message that a call takes or gives, and the functions that make one
// of the other.
func typesSource(img *image, request *pluginpb.CodeGeneratorRequest) *bytes.Buffer {
	w := &typeWriter{img: img, messages: messagesOf(request), written: map[string]bool{}}
	for _, one := range requests {
		w.pending = append(w.pending, use{protoreflect.FullName(one.message), one.name, true, one.leave})
	}
	for _, name := range answers {
		w.pending = append(w.pending, w.useOf(protoreflect.FullName(name), false))
	}
	for len(w.pending) > 0 {
		next := w.pending[0]
		w.pending = w.pending[1:]
		w.write(next)
	}
	out := &bytes.Buffer{}
	fmt.Fprint(out, "package vectron\n\nimport (\n\"time\"\n\n")
	for _, name := range []string{"adminv1", "authv1", "vectronv1"} {
		fmt.Fprintf(out, "\"vectron.dev/sdk-go/internal/generated/%s\"\n", name)
	}
	fmt.Fprint(out, ")\n\n")
	out.Write(w.types.Bytes())
	out.Write(w.functions.Bytes())
	return out
}

// use is a message that is written as a type, for requests or for answers.
type use struct {
	message protoreflect.FullName
	name    string
	isAsked bool
	leftOut []string
}

type typeWriter struct {
	img              *image
	messages         map[protoreflect.FullName]*protogen.Message
	pending          []use
	written          map[string]bool
	types, functions bytes.Buffer
}

func (w *typeWriter) useOf(message protoreflect.FullName, isAsked bool) use {
	short := string(message.Name())
	name := short
	if message == "vectron.v1.CreateCollectionRequest" {
		return use{message, "CollectionOptions", isAsked, []string{"name"}}
	}
	if known, ok := goNames[short]; ok {
		name = known
	}
	if known, ok := answerNames[short]; ok && !isAsked {
		name = known
	}
	return use{message, name, isAsked, nil}
}

// member is a field of a struct, with how it is written into a message and read from one.
type member struct {
	name, goType, json, comment string
	write, read                 string
}

func (w *typeWriter) write(u use) {
	direction := "decode"
	if u.isAsked {
		direction = "encode"
	}
	if w.written[direction+u.name] {
		return
	}
	w.written[direction+u.name] = true
	message := w.messages[u.message]
	if message == nil {
		panic("no message " + u.message)
	}
	members := []member{}
	for _, field := range message.Fields {
		if !slices.Contains(u.leftOut, string(field.Desc.Name())) {
			if one, ok := w.member(u, message, field); ok {
				members = append(members, one)
			}
		}
	}
	if !w.written["type"+u.name] {
		w.written["type"+u.name] = true
		w.writeType(u, message, members)
	}
	pb := fmt.Sprintf("%s.%s", lastPart(string(message.GoIdent.GoImportPath)), message.GoIdent.GoName)
	if u.isAsked {
		fmt.Fprintf(&w.functions, "func encode%s(e *encoder, v *%s) *%s {\nm := &%s{}\n", u.name, u.name, pb, pb)
		for _, one := range members {
			fmt.Fprintln(&w.functions, one.write)
		}
		fmt.Fprint(&w.functions, "return m\n}\n\n")
		return
	}
	fmt.Fprintf(&w.functions, "func decode%s(d *decoder, m *%s) %s {\nvar v %s\n", u.name, pb, u.name, u.name)
	for _, one := range members {
		fmt.Fprintln(&w.functions, one.read)
	}
	fmt.Fprint(&w.functions, "return v\n}\n\n")
}

func lastPart(path string) string { return path[strings.LastIndex(path, "/")+1:] }

func (w *typeWriter) writeType(u use, message *protogen.Message, members []member) {
	comment := commentOfType[u.name]
	if comment == "" {
		comment = w.typeComment(message)
	}
	if comment == "" {
		comment = fmt.Sprintf("It is the message %s of the contract.", u.message)
	}
	fmt.Fprintf(&w.types, "// %s: %s\ntype %s struct {\n", u.name, indent(comment), u.name)
	for _, one := range members {
		if one.comment != "" {
			fmt.Fprintf(&w.types, "// %s\n", indent(one.comment))
		}
		fmt.Fprintf(&w.types, "%s %s `json:%q`\n", one.name, one.goType, one.json)
	}
	fmt.Fprint(&w.types, "}\n\n")
}

func (w *typeWriter) typeComment(message *protogen.Message) string {
	found, err := w.img.files.FindDescriptorByName(message.Desc.FullName())
	must(err)
	return inGo(w.comment(message.Desc.FullName()), found.(protoreflect.MessageDescriptor))
}

// comment is that of the proto, as the comment of a Go declaration.
func (w *typeWriter) comment(name protoreflect.FullName) string {
	found, err := w.img.files.FindDescriptorByName(name)
	must(err)
	return strings.TrimSpace(w.img.placeOf(found).LeadingComments)
}

func indent(comment string) string {
	lines := strings.Split(comment, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "\n// ")
}
