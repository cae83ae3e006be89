package filterjson

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	pb "vectron.dev/sdk-go/internal/generated/vectronv1"
)

// FieldError is a part of a filter that is wrong, such as filter.all[0].eq.
type FieldError struct{ Field, Reason string }

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

func wrong(field, reason string) error { return &FieldError{field, reason} }

// maxDepth is how many levels of filters there may be below the first one.
const maxDepth = 16

// Unmarshal reads the JSON form of a filter; {} is the empty filter.
func Unmarshal(text []byte) (*pb.Filter, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var form any
	if err := decoder.Decode(&form); err != nil {
		return nil, err
	}
	if fields, ok := form.(object); ok && len(fields) == 0 {
		return &pb.Filter{}, nil
	}
	return readFilter(form, "filter", 0)
}

func readFilter(form any, at string, depth int) (*pb.Filter, error) {
	fields, ok := form.(object)
	if !ok {
		return nil, wrong(at, "must be an object")
	}
	if depth > maxDepth {
		return nil, wrong("filter", fmt.Sprintf("filters can be nested at most %d levels deep", maxDepth))
	}
	if _, ok := fields["field"]; ok {
		field, err := readField(fields, at)
		return &pb.Filter{Condition: &pb.Filter_Field{Field: field}}, err
	}
	if name := unknownName(fields); name != "" {
		return nil, wrong(at+"."+name, "is not a filter; use one of all, any, none, ids, nested, or field with a test")
	}
	if len(fields) != 1 {
		return nil, wrong(at, "a filter must have exactly one of all, any, none, ids, nested, or field with a test")
	}
	for name, value := range fields {
		return readCondition(name, value, at+"."+name, depth)
	}
	panic("an object of one field has one")
}

var conditions = []string{"all", "any", "none", "ids", "nested"}

// unknownName is a name that a filter does not have, one that no test has before others; empty: there is none.
func unknownName(fields object) string {
	found := ""
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if slices.Contains(conditions, name) {
			continue
		}
		if !slices.Contains(tests, name) {
			return name
		}
		found = name
	}
	return found
}

func readCondition(name string, value any, at string, depth int) (*pb.Filter, error) {
	switch name {
	case "all", "any", "none":
		list, err := readList(value, at, depth)
		switch name {
		case "all":
			return &pb.Filter{Condition: &pb.Filter_All{All: list}}, err
		case "any":
			return &pb.Filter{Condition: &pb.Filter_Any{Any: list}}, err
		default:
			return &pb.Filter{Condition: &pb.Filter_None{None: list}}, err
		}
	case "ids":
		list, ok := value.([]any)
		ids := make([]string, len(list))
		for i, one := range list {
			id, isText := one.(string)
			ids[i], ok = id, ok && isText
		}
		if !ok {
			return nil, wrong(at, "must be a list of strings")
		}
		return &pb.Filter{Condition: &pb.Filter_Ids{Ids: &pb.IdList{Ids: ids}}}, nil
	case "nested":
		fields, _ := value.(object)
		path, ok := fields["path"].(string)
		if !ok || len(fields) != 2 {
			return nil, wrong(at, "must have path and filter")
		}
		inner, err := readFilter(fields["filter"], at+".filter", depth+1)
		return &pb.Filter{Condition: &pb.Filter_Nested{Nested: &pb.NestedCondition{Path: path, Filter: inner}}}, err
	default:
		return nil, wrong(at, "must be a filter")
	}
}

func readList(value any, at string, depth int) (*pb.FilterList, error) {
	forms, ok := value.([]any)
	if !ok {
		return nil, wrong(at, "must be a list")
	}
	list := &pb.FilterList{}
	for i, form := range forms {
		one, err := readFilter(form, fmt.Sprintf("%s[%d]", at, i), depth+1)
		if err != nil {
			return nil, err
		}
		list.Filters = append(list.Filters, one)
	}
	return list, nil
}

func readField(fields object, at string) (*pb.FieldCondition, error) {
	path, ok := fields["field"].(string)
	if !ok {
		return nil, wrong(at+".field", "must be a string")
	}
	field := &pb.FieldCondition{Path: path}
	given := maps.Clone(fields)
	delete(given, "field")
	if isRange(given) {
		return field, readRange(field, given, at)
	}
	if len(given) != 1 {
		return nil, wrong(at, "a field must have exactly one test")
	}
	for name, value := range given {
		return field, readTest(field, name, value, at+"."+name)
	}
	panic("an object of one test has one")
}

func isRange(given object) bool {
	names := slices.Collect(maps.Keys(given))
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool {
		return !slices.Contains([]string{"gt", "gte", "lt", "lte"}, name)
	})
}
