package main

import (
	"bytes"
	"log"
	"os"
	"os/exec"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/pluginpb"
)

// packages are the files whose messages the SDK speaks, and the Go package that each gets.
var packages = map[string]string{
	"apigateway/apigateway.proto": "vectron.dev/sdk-go/internal/generated/vectronv1",
	"apigateway/filter.proto":     "vectron.dev/sdk-go/internal/generated/vectronv1",
	"auth/auth.proto":             "vectron.dev/sdk-go/internal/generated/authv1",
	"admin/admin.proto":           "vectron.dev/sdk-go/internal/generated/adminv1",
}

// image is the contract with all of its options.
type image struct {
	set   *descriptorpb.FileDescriptorSet
	files *protoregistry.Files
}

// readImage decodes the set; options are messages that the set itself describes.
func readImage(raw []byte) *image {
	plain := &descriptorpb.FileDescriptorSet{}
	must(proto.Unmarshal(raw, plain))
	files, err := protodesc.NewFiles(plain)
	must(err)
	set := &descriptorpb.FileDescriptorSet{}
	must(proto.UnmarshalOptions{Resolver: dynamicpb.NewTypes(files)}.Unmarshal(raw, set))
	known, err := protodesc.NewFiles(set)
	must(err)
	return &image{set: set, files: known}
}

// option is the value of an option of a descriptor by its full name; nil: it is not set.
func option(of protoreflect.Descriptor, name protoreflect.FullName) protoreflect.Value {
	var found protoreflect.Value
	of.Options().ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		if field.FullName() == name {
			found = value
		}
		return !found.IsValid()
	})
	return found
}

// text is a field of an option that is a message; empty: it is not set.
func text(of protoreflect.Value, field string) string {
	if !of.IsValid() {
		return ""
	}
	message := of.Message()
	return message.Get(message.Descriptor().Fields().ByName(protoreflect.Name(field))).String()
}

func flag(of protoreflect.Value, field string) bool { return text(of, field) == "true" }

// forMessages is the request to protoc-gen-go: messages alone, without options, in files of names that no other program has
// (a program that registers two files of one name stops at its start).
func (img *image) forMessages() *pluginpb.CodeGeneratorRequest {
	request := &pluginpb.CodeGeneratorRequest{Parameter: proto.String("module=vectron.dev/sdk-go")}
	for _, file := range img.set.File {
		path := file.GetName()
		goPackage, ours := packages[path]
		if !ours && !strings.HasPrefix(path, "google/protobuf/") && path != "google/rpc/status.proto" {
			continue
		}
		file = proto.Clone(file).(*descriptorpb.FileDescriptorProto)
		if ours {
			strip(file)
			file.Options = &descriptorpb.FileOptions{GoPackage: proto.String(goPackage)}
			request.FileToGenerate = append(request.FileToGenerate, file.GetName())
		}
		request.ProtoFile = append(request.ProtoFile, file)
	}
	return request
}

// strip takes away what only the server needs.
func strip(file *descriptorpb.FileDescriptorProto) {
	file.Service = nil
	kept := file.Dependency[:0]
	for _, path := range file.Dependency {
		_, ours := packages[path]
		if ours {
			path = "vectron/" + path
		}
		if ours || strings.HasPrefix(path, "google/protobuf/") || path == "google/rpc/status.proto" {
			kept = append(kept, path)
		}
	}
	file.Dependency = kept
	file.Name = proto.String("vectron/" + file.GetName())
	for _, message := range file.MessageType {
		if message.Options.GetMapEntry() {
			continue
		}
		message.Options = nil
		for _, field := range message.Field {
			if field.Options != nil {
				field.Options = &descriptorpb.FieldOptions{Packed: field.Options.Packed}
			}
		}
	}
}

// writeMessages has protoc-gen-go write the messages.
func writeMessages(out string, request *pluginpb.CodeGeneratorRequest) {
	input, err := proto.Marshal(request)
	must(err)
	plugin := exec.Command("go", "tool", "protoc-gen-go")
	plugin.Stdin = bytes.NewReader(input)
	plugin.Stderr = os.Stderr
	output, err := plugin.Output()
	must(err)
	response := &pluginpb.CodeGeneratorResponse{}
	must(proto.Unmarshal(output, response))
	if response.Error != nil {
		log.Fatal(response.GetError())
	}
	for _, file := range response.File {
		writeFile(out, file.GetName(), []byte(file.GetContent()))
	}
}

// messagesOf has the names that protoc-gen-go gives messages and fields, by full name.
func messagesOf(request *pluginpb.CodeGeneratorRequest) map[protoreflect.FullName]*protogen.Message {
	plugin, err := protogen.Options{}.New(request)
	must(err)
	found := map[protoreflect.FullName]*protogen.Message{}
	for _, file := range plugin.Files {
		for _, message := range file.Messages {
			found[message.Desc.FullName()] = message
		}
	}
	return found
}
