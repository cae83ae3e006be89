package main

import (
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Comments of types whose messages have none.
var commentOfType = map[string]string{
	"CollectionOptions": "how a collection is made, and what it was made with.",
	"CollectionChange":  "settings that change while a collection serves.",
	"SearchOptions":     "a search, of exactly one of Vector, Text and LikeID.",
	"QueryOptions":      "several ways to the points at once, fused into one answer.",
	"GetOptions":        "how a point is read.",
	"ListOptions":       "which points are listed, and in which order.",
	"ChangesOptions":    "which changes are listed.",
	"CountOptions":      "which points are counted.",
	"FacetOptions":      "which points are counted by a value.",
	"PayloadUpdate":     "a change of payload fields of the points given by ids, by a filter, or by both.",
	"PointsSelector":    "points given by ids, by a filter, or by both.",
	"RecallOptions":     "how the searches are made whose recall is measured.",
	"AnalyzeOptions":    "what makes the words of a text.",
	"AliasChanges":      "aliases that are set and deleted at one moment.",
	"Feedback":          "how good an answer was.",
	"Point":             "a point to write, with one of Vector and Text.",
	"StoredPoint":       "a point as it is stored.",
	"Hit":               "a point that was found.",
	"SearchResult":      "what a search found.",
	"QueryResult":       "what a query found.",
	"SearchBatchResult": "what many searches found.",
	"UpsertResult":      "what was written.",
	"Page":              "some of the points, and where the next ones begin.",
	"Changes":           "some of the changes, and where the next ones begin.",
	"Change":            "what happened to a point.",
	"Group":             "points that share a value.",
	"Login":             "tokens of a login. Both are secrets.",
	"Tokens":            "what keeps a login going. Both tokens are secrets.",
	"Account":           "an account.",
	"APIKeyInfo":        "what is known of an API key.",
	"Inheritance":       "what becomes of the collections of a tenant whose last account is deleted; one of the two.",
	"AccountRemoval":    "what became of the collections and keys of a deleted account.",
	"InvitationOptions": "whom an invitation is for.",
	"APIKeyOptions":     "what an API key may do, and until when.",
	"AlertRuleChange":   "what is changed of the rule of an alert; what is nil stays.",
	"CollectionStatus":  "shards, counts and settings of a collection.",
	"RecallMeasurement": "answers compared with the truth.",
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
