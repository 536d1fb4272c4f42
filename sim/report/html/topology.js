// Nodes as boxes, pods as dots in them; a picked pod shows whom it reaches.
const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// "all", "part" or "unknown" of each pod that `name` reaches by some IP version.
function reached_from(moment, name) {
  const out = new Map(), reach = reach_at(moment);
  for (const family of reach ? reach.families : [])
    family.senders.forEach((sender, from) => {
      if (!sender.endpoints || !sender.endpoints.includes(name)) return;
      for (const [to, connection] of rows_of(family)[from])
        for (const pod of family.receivers[to].endpoints || [])
          out.set(pod, connection_color(family.connections[connection]));
    });
  return out;
}

// Lines from a node to the others, by the way that packets for their pods take; and the routes.
function show_links(state, layer, boxes, name) {
  const links = links_at(state.moment).filter(link => link.from === name).sort((a, b) => natural(a.to, b.to));
  layer.replaceChildren(...links.filter(link => boxes.has(link.to) && boxes.has(name)).map(link => {
    const from = boxes.get(name), to = boxes.get(link.to);
    return svg("line", {class: "link " + (link.way === "none" ? "none" : link.way === "underlay" ? "direct" : "tunnel"),
      x1: from.x, y1: from.y, x2: to.x, y2: to.y});
  }));
  if (links.length === 0) return element("p", {class: "soft"}, "No other node has workloads, or ways are left out.");
  return element("div", {}, element("h2", {}, "from " + name + " to pods of"), element("dl", {}, ...links.flatMap(link => [
    element("dt", {}, link.to + ": " + (link.way === "none" ? "no route within the cluster" : link.way)),
    element("dd", {class: "soft"}, link.route || "no route")])));
}

// Pods by node, in natural order of both.
function pods_by_node(moment) {
  const by_node = new Map(DATA.moments[moment].nodes.map(node => [node.name, []]));
  for (const pod of pods_at(moment)) {
    const host = pod.host || "on no node yet";
    if (!by_node.has(host)) by_node.set(host, []);
    by_node.get(host).push(pod);
  }
  for (const pods of by_node.values()) pods.sort((a, b) => natural(a.name, b.name));
  return [...by_node].sort(([a], [b]) => natural(a, b));
}

function topology_view(state) {
  const WIDTH = 260, GAP = 44, PER_ROW = 12;
  const root = element("div", {class: "column"});
  const side = element("div", {class: "side"},
    element("p", {class: "soft"}, "Pick a pod to see whom it reaches, a node to see its ways to the others."));
  const felix = new Map(DATA.moments[state.moment].nodes.map(node => [node.name, node.felix]));
  const dots = new Map(), boxes = new Map(), links = svg("g", {});
  const drawing = svg("svg", {role: "img", "aria-label": "nodes and pods"}, links);  // below the boxes
  const pick_node = name => side.replaceChildren(element("h2", {}, name),
    element("p", {}, "Felix: " + (felix.get(name) || "unknown")), show_links(state, links, boxes, name));
  const pick = pod => {
    const reached = reached_from(state.moment, pod.name);
    for (const [name, dot] of dots) {
      const how = reached.get(name);
      dot.setAttribute("class", "pod" + (name === pod.name ? " picked" : how === "all" ? " reached"
        : how === "part" || how === "unknown" ? " partly" : " apart"));
    }
    side.replaceChildren(element("h2", {}, pod.name),
      element("p", {}, pod.nets.join(", ") + " on " + (pod.host || "no node yet")), policies_of(pod, "ingress"),
      policies_of(pod, "egress"), element("p", {class: "soft"}, "reaches " + reached.size + " of " + dots.size + " pods"),
      show_links(state, links, boxes, pod.host));
  };
  const key_opens = open => event => { if (event.key === "Enter") open(); };
  let x = 10, y = 10, tallest = 0, widest = 520;
  for (const [name, pods] of pods_by_node(state.moment)) {
    const height = 52 + Math.ceil(pods.length / PER_ROW) * 16;
    if (x + WIDTH > 1060) { x = 10; y += tallest + GAP; tallest = 0; }
    tallest = Math.max(tallest, height);
    boxes.set(name, {x: x + (WIDTH - GAP) / 2, y: y + height / 2});
    drawing.append(svg("rect", {class: "box", x, y, width: WIDTH - GAP, height, rx: 6, tabindex: 0, "aria-label": "node " + name,
      onclick: () => pick_node(name), onkeydown: key_opens(() => pick_node(name))}),
      svg("text", {x: x + 10, y: y + 18, "font-weight": 600}, name.slice(0, 34)),
      svg("text", {x: x + 10, y: y + 34}, pods.length + (pods.length === 1 ? " pod" : " pods") + ", Felix " + (felix.get(name) || "unknown").slice(0, 26)));
    pods.forEach((pod, index) => {
      const dot = svg("circle", {class: "pod", cx: x + 18 + (index % PER_ROW) * 16,
        cy: y + 50 + Math.floor(index / PER_ROW) * 16, r: 6, tabindex: 0, "aria-label": pod.name,
        onclick: () => pick(pod), onkeydown: key_opens(() => pick(pod))}, svg("title", {}, pod.name));
      dots.set(pod.name, dot);
      drawing.append(dot);
    });
    x += WIDTH;
    widest = Math.max(widest, x);
  }
  drawing.setAttribute("viewBox", "0 0 " + widest + " " + (y + tallest + 10));
  drawing.setAttribute("style", "width:100%");
  const key = (kind, text) => element("span", {class: "soft"}, element("span", {class: "key line " + kind}), " " + text);
  root.append(element("div", {class: "bar"}, key("tunnel", "tunnel"), key("direct", "underlay"), key("none", "no route")),
    element("div", {class: "list", style: "padding:.3em"}, drawing));
  root.first_pod = () => { const pod = pods_at(state.moment)[0]; if (pod) pick(pod); };
  root.first_node = () => { const [name] = boxes.keys(); if (name) pick_node(name); };
  return [root, side];
}
