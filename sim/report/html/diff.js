// The difference of two lists of line numbers: [sign, id] with sign " ", "-" or "+". Lines that are
// in both exactly once are its anchors, as in the patience algorithm.
function diff_lines(before, after) {
  const out = [];
  const part = (a0, a1, b0, b1) => {
    while (a0 < a1 && b0 < b1 && before[a0] === after[b0]) { out.push([" ", before[a0++]]); ++b0; }
    let tail = 0;
    while (a0 < a1 - tail && b0 < b1 - tail && before[a1 - tail - 1] === after[b1 - tail - 1]) ++tail;
    a1 -= tail;
    b1 -= tail;
    const anchors = a0 < a1 && b0 < b1 ? anchors_of(before, a0, a1, after, b0, b1) : [];
    for (const [a, b] of anchors) {
      part(a0, a, b0, b);
      out.push([" ", before[a]]);
      a0 = a + 1;
      b0 = b + 1;
    }
    if (anchors.length > 0) part(a0, a1, b0, b1);
    else {
      for (let i = a0; i < a1; ++i) out.push(["-", before[i]]);
      for (let i = b0; i < b1; ++i) out.push(["+", after[i]]);
    }
    for (let i = 0; i < tail; ++i) out.push([" ", before[a1 + i]]);
  };
  part(0, before.length, 0, after.length);
  return out;
}

function anchors_of(before, a0, a1, after, b0, b1) {
  const places = new Map();
  for (let i = a0; i < a1; ++i) {
    const place = places.get(before[i]);
    if (place) place.twice = true;
    else places.set(before[i], {a: i, b: -1, twice: false});
  }
  for (let i = b0; i < b1; ++i) {
    const place = places.get(after[i]);
    if (!place) continue;
    if (place.b >= 0) place.twice = true;
    place.b = i;
  }
  const unique = [...places.values()].filter(place => place.b >= 0 && !place.twice);
  const tails = [], previous = [];
  unique.forEach((place, index) => {
    let low = 0, high = tails.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (unique[tails[middle]].b < place.b) low = middle + 1;
      else high = middle;
    }
    previous[index] = low > 0 ? tails[low - 1] : -1;
    tails[low] = index;
  });
  const out = [];
  for (let i = tails.length > 0 ? tails[tails.length - 1] : -1; i >= 0; i = previous[i])
    out.push([unique[i].a, unique[i].b]);
  return out.reverse();
}

// Only what changed, with two lines around it; null stands for what is left out.
function with_context(changes, around = 2) {
  const keep = new Uint8Array(changes.length);
  changes.forEach(([sign], index) => {
    if (sign === " ") return;
    for (let i = Math.max(0, index - around); i <= Math.min(changes.length - 1, index + around); ++i) keep[i] = 1;
  });
  const out = [];
  changes.forEach((change, index) => {
    if (keep[index]) out.push(change);
    else if (out.length === 0 || out[out.length - 1] !== null) out.push(null);
  });
  return out;
}
