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

function topology_view(state) {
  const root = element("div", {class: "column"});
  const side = element("div", {class: "side"}, element("p", {class: "soft"}, "Pick a pod to see whom it reaches."));
  const by_node = new Map(DATA.moments[state.moment].nodes.map(node => [node.name, []]));
  for (const pod of pods_at(state.moment)) {
    if (!by_node.has(pod.host)) by_node.set(pod.host, []);
    by_node.get(pod.host).push(pod);
  }
  const felix = new Map(DATA.moments[state.moment].nodes.map(node => [node.name, node.felix]));
  const dots = new Map(), drawing = svg("svg", {role: "img", "aria-label": "nodes and pods"});
  const pick = pod => {
    const reached = reached_from(state.moment, pod.name);
    for (const [name, dot] of dots) {
      const how = reached.get(name);
      dot.setAttribute("class", "pod" + (name === pod.name ? " picked" : how === "all" ? " reached"
        : how === "part" || how === "unknown" ? " partly" : " apart"));
    }
    side.replaceChildren(element("h2", {}, pod.name),
      element("p", {}, pod.nets.join(", ") + " on " + pod.host), policies_of(pod, "ingress"), policies_of(pod, "egress"),
      element("p", {class: "soft"}, "reaches " + reached.size + " of " + dots.size + " pods"));
  };
  const WIDTH = 250, PER_ROW = 13;
  let x = 10, y = 10, tallest = 0;
  for (const [name, pods] of by_node) {
    const height = 52 + Math.ceil(pods.length / PER_ROW) * 16;
    if (x + WIDTH > 1020) { x = 10; y += tallest + 14; tallest = 0; }
    tallest = Math.max(tallest, height);
    drawing.append(svg("rect", {class: "box", x, y, width: WIDTH - 14, height, rx: 6}),
      svg("text", {x: x + 10, y: y + 18, "font-weight": 600}, name.slice(0, 34)),
      svg("text", {x: x + 10, y: y + 34}, pods.length + " pods, Felix " + (felix.get(name) || "unknown").slice(0, 26)));
    pods.forEach((pod, index) => {
      const dot = svg("circle", {class: "pod", cx: x + 18 + (index % PER_ROW) * 16,
        cy: y + 50 + Math.floor(index / PER_ROW) * 16, r: 6, tabindex: 0, "aria-label": pod.name,
        onclick: () => pick(pod), onkeydown: event => { if (event.key === "Enter") pick(pod); }},
        svg("title", {}, pod.name));
      dots.set(pod.name, dot);
      drawing.append(dot);
    });
    x += WIDTH;
  }
  drawing.setAttribute("viewBox", "0 0 1020 " + (y + tallest + 10));
  drawing.setAttribute("style", "width:100%");
  root.append(element("div", {class: "list", style: "padding:.3em"}, drawing));
  root.first_pod = () => { const pod = pods_at(state.moment)[0]; if (pod) pick(pod); };
  return [root, side];
}
