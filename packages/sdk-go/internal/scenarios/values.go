package main

import (
	"fmt"
	"strings"
)

// value has made data, kept values and the collection's name in place of what stands for them.
func (p *player) value(given any) (any, error) {
	switch given := given.(type) {
	case string:
		return p.text(given)
	case []any:
		list := make([]any, len(given))
		for i, one := range given {
			var err error
			if list[i], err = p.value(one); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		return p.object(given)
	default:
		return given, nil
	}
}

func (p *player) object(given map[string]any) (any, error) {
	if made, ok := given["$points"]; ok && len(given) == 1 {
		return madePoints(made)
	}
	if made, ok := given["$vector"]; ok && len(given) == 1 {
		return madeVector(made)
	}
	if made, ok := given["$text"]; ok && len(given) == 1 {
		return madeText(made)
	}
	fields := make(map[string]any, len(given))
	for name, one := range given {
		if strings.HasPrefix(name, "$") {
			return nil, fmt.Errorf("%s is not known", name)
		}
		value, err := p.value(one)
		if err != nil {
			return nil, err
		}
		fields[name] = value
	}
	return fields, nil
}

// text has what was kept in place of ${name}: as it is, when the text is nothing else.
func (p *player) text(given string) (any, error) {
	given = strings.ReplaceAll(given, "$collection", p.collection)
	for from := 0; ; {
		start := strings.Index(given[from:], "${")
		if start < 0 {
			return given, nil
		}
		start += from
		length := strings.Index(given[start:], "}")
		if length < 0 {
			return given, nil
		}
		name := given[start+2 : start+length]
		value, ok := p.kept[name]
		if !ok {
			return nil, fmt.Errorf("nothing was kept as %s", name)
		}
		if start == 0 && length == len(given)-1 {
			return value, nil
		}
		replaced := fmt.Sprint(value)
		given = given[:start] + replaced + given[start+length+1:]
		from = start + len(replaced)
	}
}

func madePoints(made any) (any, error) {
	asked, ok := made.(map[string]any)
	count, isCount := asked["count"].(int)
	dimension, isDimension := asked["dimension"].(int)
	prefix, isPrefix := asked["prefix"].(string)
	from, _ := asked["from"].(int)
	if !ok || !isCount || !isDimension || !isPrefix {
		return nil, fmt.Errorf("$points has count, dimension, prefix and from, not %v", made)
	}
	points := make([]any, count)
	for place := range points {
		i := from + place
		points[place] = map[string]any{
			"id": fmt.Sprintf("%s%d", prefix, i), "vector": components(i, dimension),
			"payload": map[string]any{"i": i, "even": i%2 == 0},
		}
	}
	return points, nil
}

func madeVector(made any) (any, error) {
	asked, _ := made.(map[string]any)
	i, isNumber := asked["i"].(int)
	dimension, isDimension := asked["dimension"].(int)
	if !isNumber || !isDimension {
		return nil, fmt.Errorf("$vector has i and dimension, not %v", made)
	}
	return components(i, dimension), nil
}

// components are those of the vector of a number.
func components(i, dimension int) []any {
	vector := make([]any, dimension)
	for j := range vector {
		vector[j] = float64(float32(float64((i*31+j*17)%97)/97 - 0.5))
	}
	return vector
}

// madeText is a text that is repeated.
func madeText(made any) (any, error) {
	asked, _ := made.(map[string]any)
	count, isCount := asked["count"].(int)
	if asked["repeat"] == nil || !isCount {
		return nil, fmt.Errorf("$text has repeat and count, not %v", made)
	}
	return strings.Repeat(fmt.Sprint(asked["repeat"]), count), nil
}
