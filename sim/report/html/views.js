// The views: events, matrix, nodes. Each is made anew for a moment and gives its columns.
function events_view(state) {
  const side = element("div", {class: "side"}, element("p", {class: "soft"}, "Pick an event."));
  let shown = [];
  const list = new VirtualList("events", (row, index) => {
    const [sequence, time, , kind, what] = shown[index];
    row.append(element("b", {style: "width:4.5em"}, String(sequence)),
      element("b", {style: "width:8em"}, time === null ? "" : time_text(time).replace(/ s$|Z$|^.*T/g, "")),
      element("b", {class: "kind", style: "width:4.5em"}, kind), what);
  }, index => {
    const [sequence, time, revision, kind, what, value, origin] = shown[index];
    let text = value;
    try { text = JSON.stringify(JSON.parse(value), null, 2); } catch (error) { /* is no JSON */ }
    const near = moment_of(sequence);
    state.moment_silently(near);
    side.replaceChildren(element("h2", {}, kind + " " + what), element("p", {class: "soft"}, "event " + sequence +
      (time === null ? "" : ", " + time_text(time)) + (revision ? ", revision " + revision : "") +
      (origin ? ", " + origin : "")),
      element("p", {}, "next moment to look at: " + moment_text(DATA.moments[near])),
      element("button", {onclick: () => state.compare(Math.max(0, near - 1), near)}, "what changed on nodes between the moments around it"),
      element("pre", {}, text));
  });
  const filter = element("input", {type: "search", placeholder: "filter events: words of key, kind or value",
    "aria-label": "filter events", value: state.events_filter, oninput: () => { state.events_filter = filter.value; update(); }});
  const count = element("span", {class: "soft"});
  const plot = element("canvas", {"aria-hidden": "true"});
  const update = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(word => word);
    shown = words.length === 0 ? DATA.events
      : DATA.events.filter(event => {
        const text = (event[3] + " " + event[4] + " " + event[5]).toLowerCase();
        return words.every(word => text.includes(word));
      });
    count.textContent = shown.length + " of " + DATA.events.length + " events";
    const position = DATA.moments[state.moment].at;
    list.show(shown.length, shown.findIndex(event => event[0] === position));
    draw_plot(plot, shown);
  };
  const root = element("div", {class: "column"}, element("div", {class: "bar"}, filter, count),
    element("div", {class: "plot"}, plot), list.root);
  root.list = list;
  root.started = update;
  return [root, side];
}

// How many events fall into each stretch of the log; ticks are moments.
function draw_plot(canvas, events) {
  const box = canvas.parentElement, width = box.clientWidth, height = box.clientHeight;
  if (!width) return;
  canvas.width = width;
  canvas.height = height;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const total = Math.max(1, DATA.events.length), bars = new Array(Math.min(width >> 2, total)).fill(0);
  for (const event of events) ++bars[Math.min(bars.length - 1, Math.floor((event[0] - 1) * bars.length / total))];
  const most = Math.max(1, ...bars), step = width / bars.length;
  pen.fillStyle = style.getPropertyValue("--accent");
  bars.forEach((count, i) => pen.fillRect(i * step, height - 10 - count / most * (height - 14), Math.max(1, step - 1),
    count / most * (height - 14)));
  pen.fillStyle = style.getPropertyValue("--part");
  for (const moment of DATA.moments) pen.fillRect(Math.min(width - 2, moment.at / total * width), height - 8, 2, 8);
}

function policies_of(pod, direction) {
  const list = element("ol");
  for (const tier of pod.tiers)
    if (tier[direction].length > 0)
      list.append(element("li", {}, "tier " + tier.name + ": " + tier[direction].join(", ") + "; else " +
        (tier.default || "Deny").toLowerCase()));
  if (list.childElementCount === 0 || pod.tiers.some(tier => tier.default === "Pass"))
    list.append(element("li", {}, "profiles: " + (pod.profiles.join(", ") || "none")));
  return element("div", {}, element("h2", {}, direction + " of " + pod.name + ", in order"), list);
}

function cell_details(state, family, number, from, to) {
  const sender = family.senders[from], receiver = family.receivers[to];
  const connection = rows_of(family)[from].has(to) ? family.connections[rows_of(family)[from].get(to)] : null;
  const pods = new Map(pods_at(state.moment).map(pod => [pod.name, pod]));
  const names = one => { const all = members(one); return all.slice(0, 40).join(", ") +
    (all.length > 40 ? " and " + (all.length - 40) + " more" : ""); };
  const out = [element("h2", {}, class_name(sender) + " \u2192 " + class_name(receiver)),
    element("p", {}, element("span", {class: "key", style: "background:var(--" + connection_color(connection) + ")"}),
      " " + connection_text(connection)),
    element("p", {class: "soft"}, "from: " + names(sender)), element("p", {class: "soft"}, "to: " + names(receiver))];
  if (sender.endpoints && pods.has(sender.endpoints[0])) out.push(policies_of(pods.get(sender.endpoints[0]), "egress"));
  if (receiver.endpoints && pods.has(receiver.endpoints[0]))
    out.push(policies_of(pods.get(receiver.endpoints[0]), "ingress"));
  const trace = DATA.traces.find(one => one.moment === state.moment && one.family === number &&
    one.from === from && one.to === to);
  if (trace) out.push(element("h2", {}, "a packet: " + trace.probe),
    element("pre", {class: "trace"}, DATA.trace_texts[trace.text]));
  else out.push(element("p", {class: "soft"},
    "No packet was sent for this pair here; felixsim trace INPUT --from A --to B --at seq:" + DATA.moments[state.moment].at));
  return out;
}

function matrix_view(state) {
  const side = element("div", {class: "side"}, element("p", {class: "soft"}, "Pick a cell."));
  const reach = reach_at(state.moment);
  if (!reach) return [element("div", {class: "column"}, "The matrix of this moment is left out; see the notes.")];
  const number = Math.min(state.family, reach.families.length - 1), family = reach.families[number];
  const view = new MatrixView((from, to) => side.replaceChildren(...cell_details(state, family, number, from, to)));
  const input = (key, label) => element("input", {type: "search", placeholder: label, "aria-label": label,
    value: state[key], oninput: event => { state[key] = event.target.value; update(); }});
  const version = element("select", {"aria-label": "IP version", onchange: () => { state.family = version.selectedIndex; state.draw(); }},
    ...reach.families.map((one, i) => element("option", {selected: i === number ? "" : null}, one.family)));
  const count = element("span", {class: "soft"});
  const chosen = (classes, text) => {
    const words = text.toLowerCase().split(/\s+/).filter(word => word);
    return classes.map((one, i) => i).filter(i => words.length === 0 ||
      members(classes[i]).some(name => words.every(word => name.toLowerCase().includes(word))));
  };
  const update = () => {
    const rows = chosen(family.senders, state.from), columns = chosen(family.receivers, state.to);
    const wanted = state.port.toLowerCase();
    const passes = (from, to) => {
      const connection = rows_of(family)[from].get(to);
      return connection !== undefined && connection_text(family.connections[connection]).includes(wanted);
    };
    view.show(family, wanted ? rows.filter(from => columns.some(to => passes(from, to))) : rows,
      wanted ? columns.filter(to => rows.some(from => passes(from, to))) : columns);
    count.textContent = view.rows.length + " \u00d7 " + view.columns.length + " classes";
  };
  const key = (name, text) => element("span", {}, element("span", {class: "key", style: "background:var(--" + name + ")"}), " " + text);
  const root = element("div", {class: "column"}, element("div", {class: "bar"}, input("from", "from: name or namespace"),
    input("to", "to: name or namespace"), input("port", "connections, such as tcp/80"), version, count),
    element("div", {class: "bar soft"}, key("all", "all"), key("part", "some"), key("none", "nothing"),
      key("unknown", "the input does not tell")), view.root);
  root.view = view;
  root.started = update;
  return [root, side];
}

function nodes_view(state) {
  const options = (names, chosen) => names.map(name => element("option", {selected: name === chosen ? "" : null}, name));
  const moments = chosen => DATA.moments.map((moment, i) => element("option", {value: i, selected: i === chosen ? "" : null},
    moment_text(moment)));
  if (!DATA.nodes.includes(state.node)) state.node = DATA.nodes[0];
  const node = element("select", {"aria-label": "node", onchange: () => { state.node = node.value; update(); }},
    ...options(DATA.nodes, state.node));
  const part = element("select", {"aria-label": "part", onchange: () => { state.part = part.value; update(); }},
    ...options(DATA.parts.filter(name => name !== "programming").concat("all that changed"), state.part));
  const before = element("select", {"aria-label": "compare with", onchange: () => { state.before = Number(before.value); update(); }},
    element("option", {value: -1}, "no comparison"), ...moments(state.before));
  const filter = element("input", {type: "search", placeholder: "filter lines", "aria-label": "filter lines",
    value: state.lines_filter, oninput: () => { state.lines_filter = filter.value; update(); }});
  const count = element("span", {class: "soft"});
  let rows = [];
  const list = new VirtualList("kernel state", (row, index) => {
    const [sign, text] = rows[index];
    if (sign !== " ") row.classList.add({"+": "add", "-": "remove", "=": "head"}[sign]);
    row.append((sign === "=" ? "" : state.before >= 0 ? sign + " " : "") + text);
  });
  const rows_of_part = name => {
    const after = lines_at(state.node, name, state.moment);
    if (state.before < 0) return after.map(id => [" ", DATA.lines[id]]);
    const changes = diff_lines(lines_at(state.node, name, state.before), after);
    if (changes.every(([sign]) => sign === " ")) return [];
    return with_context(changes).map(change => change ? [change[0], DATA.lines[change[1]]] : ["=", "\u2026"]);
  };
  const update = () => {
    const names = state.part === "all that changed" ? DATA.parts.filter(name => name !== "programming") : [state.part];
    rows = [];
    for (const name of names) {
      const more = rows_of_part(name);
      if (names.length > 1 && more.length > 0) rows.push(["=", "=== " + name]);
      for (const row of more) rows.push(row);
    }
    const wanted = filter.value.toLowerCase();
    if (wanted) rows = rows.filter(([, text]) => text.toLowerCase().includes(wanted));
    const there = DATA.moments[state.moment].nodes.find(one => one.name === state.node);
    count.textContent = (there ? "Felix: " + there.felix : "not there yet") + " \u00b7 " +
      (state.before >= 0 ? rows.filter(([sign]) => "+-".includes(sign)).length + " changed lines" : rows.length + " lines");
    list.show(rows.length);
  };
  const root = element("div", {class: "column"}, element("div", {class: "bar"}, node, part, element("label", {}, "changes since ", before),
    filter, count), list.root);
  root.list = list;
  root.rows = () => rows;
  root.started = update;
  return [root];
}
