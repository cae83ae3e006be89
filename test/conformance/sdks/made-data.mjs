// What stands in a scenario for data that is made: points, vectors, and what earlier steps kept.

/** A component of a made vector, in float64. */
const component = (i, j) => ((i * 31 + j * 17) % 97) / 97 - 0.5;

const vectorOf = ({ i, dimension }) => Array.from({ length: dimension }, (_, j) => component(i, j));

const pointsOf = ({ count, dimension, prefix = 'p-', from = 0 }) =>
  Array.from({ length: count }, (_, at) => {
    const i = from + at;
    return { id: `${prefix}${i}`, vector: vectorOf({ i, dimension }), payload: { i, even: i % 2 === 0 } };
  });

const MAKERS = {
  $points: pointsOf,
  $vector: vectorOf,
  $text: ({ repeat, count }) => repeat.repeat(count),
};

/** `value` with all that stands for something replaced by it. `kept`: values by the names that steps kept them under. */
export function filled(value, { collection, kept }) {
  const fill = (one) => {
    if (typeof one === 'string') return filledText(one, collection, kept);
    if (Array.isArray(one)) return one.map(fill);
    if (one === null || typeof one !== 'object') return one;
    const [key, ...others] = Object.keys(one);
    if (others.length === 0 && Object.hasOwn(MAKERS, key)) return MAKERS[key](fill(one[key]));
    return Object.fromEntries(
      Object.entries(one).map(([name, item]) => [filledText(name, collection, kept), fill(item)]),
    );
  };
  return fill(value);
}

/** A text that is nothing but what a step kept is that value itself, of whatever type. */
function filledText(text, collection, kept) {
  const whole = /^\$\{(\w+)\}$/.exec(text);
  if (whole !== null) return keptValue(whole[1], kept);
  return text.replaceAll('$collection', collection).replace(/\$\{(\w+)\}/g, (_, name) => String(keptValue(name, kept)));
}

export function keptValue(name, kept) {
  if (!kept.has(name)) throw new Error(`no step has kept ${name}`);
  return kept.get(name);
}

/** What a step keeps: the value at a path such as `points.0.version` of its answer. */
export function valueAt(answer, path) {
  const found = path.split('.').reduce((value, key) => value?.[key], answer);
  if (found === undefined) throw new Error(`the answer has no ${path}, which is to be kept`);
  return found;
}
