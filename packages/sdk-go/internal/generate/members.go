package main

import (
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Comments of types that differ from their messages, or whose messages have none.
var commentOfType = map[string]string{
	"CollectionOptions": "the settings of a collection.",
	"CollectionChange":  "settings to change; those that are nil remain unchanged.",
	"SearchOptions":     "the options of a search. Exactly one of Vector, Text and LikeID is required.",
	"QueryOptions":      "the branches of a query, and how their results are combined.",
	"GetOptions":        "how a point is read.",
	"GetResult":         "a point that was read, and the log index of the state that was read.",
	"ListOptions":       "which points are listed, and in which order.",
	"ChangesOptions":    "which changes are listed.",
	"CountOptions":      "which points are counted.",
	"FacetOptions":      "which points are considered, and how many values are returned.",
	"PayloadUpdate":     "a change of payload fields. The points are selected by ids, by a filter, or by both.",
	"PointsSelector":    "selects points by ids, by a filter, or by both.",
	"RecallOptions":     "the options of the searches whose recall is measured.",
	"AnalyzeOptions":    "how a text is analyzed: with a declared index, or with given settings.",
	"AliasChanges":      "aliases to set and to delete in one transaction.",
	"Feedback":          "a user's judgement of an answer.",
	"Point":             "a point to write. Exactly one of Vector and Text is required.",
	"StoredPoint":       "a point as it is stored.",
	"Hit":               "a result of a search.",
	"SearchResult":      "the results of a search, and how they were found.",
	"QueryResult":       "the results of a query, and how complete they are.",
	"SearchBatchResult": "the answers of a batch of searches.",
	"UpsertResult":      "the number of points written, and the token of the write.",
	"Page":              "one page of points, and the cursor of the next one.",
	"Changes":           "changes, and the cursor of the next ones.",
	"Change":            "one change of one point.",
	"Group":             "results with the same payload value.",
	"Login":             "the tokens of a login. Both are secrets.",
	"Tokens":            "the tokens that continue a login. Both are secrets.",
	"Account":           "an account.",
	"APIKeyInfo":        "an API key without its secret.",
	"Inheritance":       "what happens to the collections of a tenant whose last account is deleted. Exactly one of the two fields is set.",
	"AccountRemoval":    "what happened to the collections and keys of a deleted account.",
	"InvitationOptions": "the account that an invitation is for.",
	"APIKeyOptions":     "the rights of an API key, and when it expires.",
	"AlertRuleChange":   "a change of an alert rule; fields that are nil remain unchanged.",
	"CollectionStatus":  "the shards, the number of points and the settings of a collection.",
	"RecallMeasurement": "search results compared with exact results.",
}

// member says how a field is in Go; false: it is not in the type.
func (w *typeWriter) member(u use, message *protogen.Message, field *protogen.Field) (member, bool) {
	found, err := w.img.files.FindDescriptorByName(field.Desc.FullName())
	must(err)
	desc := found.(protoreflect.FieldDescriptor)
	rest := option(desc, restOption)
	name := string(desc.Name())
	beside := func(other string) bool {
		return desc.ContainingMessage().Fields().ByName(protoreflect.Name(other)) != nil
	}
	text := jsonText(desc)
	typeName := protoreflect.FullName("")
	if field.Message != nil {
		typeName = field.Message.Desc.FullName()
	}
	switch {
	case flag(rest, "hidden"), name == "vector_f32" && beside("vector"), typeName == "vectron.v1.WriteOrigin",
		u.isAsked && flag(rest, "read_only"), !u.isAsked && flag(rest, "write_only"), u.isAsked && name == "collection" && u.message != "vectron.v1.Alias":
		return member{}, false
	}
	one := member{name: goName(name), json: desc.JSONName(), comment: inGo(w.comment(desc.FullName()), desc.ContainingMessage())}
	if known, ok := fieldNames[string(message.Desc.Name())+"."+name]; ok {
		one.name = known
	}
	if flag(rest, "omit_empty") {
		one.json += ",omitempty"
	}
	v, m, get := "v."+one.name, "m."+field.GoName, "m.Get"+field.GoName+"()"
	switch {
	case text != "" && typeName == "google.protobuf.Value":
		one.goType, one.read = "any", fmt.Sprintf("%s = d.value(%s, m.Get%s())", v, get, jsonField(message, text))
	case text != "":
		w.payload(&one, message, field, text, u.isAsked)
	case name == "vector" && beside("vector_f32"):
		one.goType, one.read = "[]float32", fmt.Sprintf("%s = %s", v, get)
		one.write = fmt.Sprintf("m.VectorF32 = bytesOf(%s)", v)
	case name == "rescore_vector_f32":
		one.goType, one.write, one.json = "[]float32", fmt.Sprintf("%s = bytesOf(%s)", m, v), "rescoreVector"
	case typeName == "vectron.v1.Filter":
		one.goType, one.write = "Filter", fmt.Sprintf("%s = e.filter(%q, %s)", m, name, v)
		one.json += ",omitzero"
	case typeName == "vectron.v1.DenseVector":
		one.goType = "[][]float32"
		one.write = fmt.Sprintf("%s = denseVectors(%s)", m, v)
		one.read = fmt.Sprintf("%s = floatLists(%s)", v, get)
	case field.Desc.IsMap():
		w.mapMember(&one, field, u.isAsked)
	case field.Message != nil:
		w.messageMember(&one, field, u.isAsked)
	default:
		w.scalar(&one, field)
	}
	if text != "" && one.write == "" && u.isAsked {
		panic(desc.FullName())
	}
	return one, true
}

func jsonField(message *protogen.Message, name string) string {
	for _, field := range message.Fields {
		if string(field.Desc.Name()) == name {
			return field.GoName
		}
	}
	panic("no field " + name)
}

func (w *typeWriter) payload(one *member, message *protogen.Message, field *protogen.Field, text string, isAsked bool) {
	if isAsked {
		one.goType = "any"
		one.write = fmt.Sprintf("m.%s = e.payload(%q, v.%s)", jsonField(message, text), field.Desc.Name(), one.name)
		one.json += ",omitempty"
		one.comment += "\nA map, or a struct that encoding/json writes as an object; nil: none. Integers of 64 bits stay exact."
		return
	}
	one.goType = "Payload"
	one.read = fmt.Sprintf("v.%s = d.payload(m.GetDocument(), m.Get%s())", one.name, jsonField(message, text))
	one.comment = "The payload as it was stored. Integers are int64, or uint64 beyond that; other numbers are float64."
}

func (w *typeWriter) mapMember(one *member, field *protogen.Field, isAsked bool) {
	value := field.Message.Fields[1]
	key := scalarType(field.Message.Fields[0].Desc.Kind())
	v, m := "v."+one.name, "m."+field.GoName
	switch {
	case value.Message == nil:
		one.goType = fmt.Sprintf("map[%s]%s", key, scalarType(value.Desc.Kind()))
		one.write, one.read = fmt.Sprintf("%s = %s", m, v), fmt.Sprintf("%s = m.Get%s()", v, field.GoName)
	case value.Message.Desc.FullName() == "vectron.v1.DenseVector":
		one.goType = "map[string][]float32"
		one.write, one.read = fmt.Sprintf("%s = denseVectorMap(%s)", m, v), fmt.Sprintf("%s = floatMap(m.Get%s())", v, field.GoName)
	default:
		next := w.useOf(value.Message.Desc.FullName(), isAsked)
		w.pending = append(w.pending, next)
		one.goType = "map[string]" + next.name
		one.write = fmt.Sprintf("%s = encodeMap(e, %s, encode%s)", m, v, next.name)
		one.read = fmt.Sprintf("%s = decodeMap(d, m.Get%s(), decode%s)", v, field.GoName, next.name)
	}
}

func (w *typeWriter) messageMember(one *member, field *protogen.Field, isAsked bool) {
	next := w.useOf(field.Message.Desc.FullName(), isAsked)
	w.pending = append(w.pending, next)
	v, m, get := "v."+one.name, "m."+field.GoName, "m.Get"+field.GoName+"()"
	if field.Desc.IsList() {
		one.goType = "[]" + next.name
		one.write = fmt.Sprintf("%s = encodeList(e, %q, %s, encode%s)", m, field.Desc.Name(), v, next.name)
		one.read = fmt.Sprintf("%s = decodeList(d, %s, decode%s)", v, get, next.name)
		return
	}
	one.goType = "*" + next.name
	one.json += ",omitempty"
	one.write = fmt.Sprintf("%s = encodeOne(e, %q, %s, encode%s)", m, field.Desc.Name(), v, next.name)
	one.read = fmt.Sprintf("%s = decodeOne(d, %s, decode%s)", v, get, next.name)
}

func (w *typeWriter) scalar(one *member, field *protogen.Field) {
	v, m, get := "v."+one.name, "m."+field.GoName, "m.Get"+field.GoName+"()"
	kind := field.Desc.Kind()
	one.goType = scalarType(kind)
	one.write, one.read = fmt.Sprintf("%s = %s", m, v), fmt.Sprintf("%s = %s", v, get)
	switch {
	case kind == protoreflect.EnumKind:
		one.read = fmt.Sprintf("%s = %s.String()", v, get)
	case field.Desc.IsList():
		one.goType = "[]" + one.goType
	case field.Desc.HasOptionalKeyword():
		one.goType, one.read = "*"+one.goType, fmt.Sprintf("%s = %s", v, m)
		one.json += ",omitempty"
	case kind == protoreflect.Int64Kind && strings.HasSuffix(string(field.Desc.Name()), "_at"):
		one.goType = "time.Time"
		one.json += ",omitzero"
		one.write, one.read = fmt.Sprintf("%s = secondsOf(%s)", m, v), fmt.Sprintf("%s = timeOf(%s)", v, get)
		one.comment = strings.NewReplacer("Seconds since 1970; 0:", "The zero time:", "Seconds since 1970.", "To the second.").Replace(one.comment)
	}
}

func scalarType(kind protoreflect.Kind) string {
	switch kind {
	case protoreflect.StringKind, protoreflect.EnumKind:
		return "string"
	case protoreflect.BoolKind:
		return "bool"
	case protoreflect.FloatKind:
		return "float32"
	case protoreflect.DoubleKind:
		return "float64"
	case protoreflect.Int32Kind, protoreflect.Uint32Kind, protoreflect.Int64Kind, protoreflect.Uint64Kind:
		return kind.String()
	default:
		panic(kind.String())
	}
}

var snake = regexp.MustCompile("`?\\b[a-z0-9]+(?:_[a-z0-9]+)+\\b`?")

// inGo has the names of Go in place of those of the fields of the same message.
func inGo(comment string, message protoreflect.MessageDescriptor) string {
	return snake.ReplaceAllStringFunc(comment, func(found string) string {
		name := strings.Trim(found, "`")
		if message.Fields().ByName(protoreflect.Name(name)) == nil {
			return found
		}
		if known, ok := fieldNames[string(message.Name())+"."+name]; ok {
			return known
		}
		return goName(name)
	})
}
