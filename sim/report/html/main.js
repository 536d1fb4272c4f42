// What is on, and how it is changed: tabs, the moment, keys. With ?selftest in the address the page
// tries itself and says what came of it.
const VIEWS = {events: events_view, reach: matrix_view, nodes: nodes_view, topology: topology_view};
const errors = [];
window.addEventListener("error", event => errors.push(event.message));

const state = {
  view: "events", moment: DATA.moments.length - 1, before: -1, family: 0, from: "", to: "", port: "",
  events_filter: "", lines_filter: "", node: DATA.nodes[0], part: "iptables", root: null,
  draw() {
    const columns = VIEWS[this.view](this);
    document.getElementById("main").replaceChildren(...columns);
    this.root = columns[0];
    if (this.root.started) this.root.started();
    for (const tab of document.querySelectorAll("#tabs button"))
      tab.setAttribute("aria-selected", tab.dataset.view === this.view);
    document.getElementById("moment").value = this.moment;
  },
  show(view) { this.view = view; this.draw(); },
  go(moment) { this.moment = Math.max(0, Math.min(DATA.moments.length - 1, moment)); this.draw(); },
  moment_silently(moment) { this.moment = moment; document.getElementById("moment").value = moment; },
  compare(before, after) {
    this.before = before;
    this.moment = after;
    this.part = "all that changed";
    this.show("nodes");
  },
};

function start() {
  document.getElementById("title").textContent = DATA.title;
  const moment = document.getElementById("moment");
  moment.append(...DATA.moments.map((one, i) => element("option", {value: i}, moment_text(one))));
  moment.addEventListener("change", () => state.go(Number(moment.value)));
  Object.keys(VIEWS).forEach((view, i) => document.getElementById("tabs").append(
    element("button", {role: "tab", "data-view": view, title: "key " + (i + 1), onclick: () => state.show(view)}, view)));
  const notes = document.getElementById("notes");
  notes.hidden = DATA.notes.length === 0;
  notes.firstElementChild.textContent = DATA.notes.length + (DATA.notes.length === 1 ? " note" : " notes") + ": what is assumed, left out or invalid";
  notes.lastElementChild.append(...DATA.notes.map(note => element("li", {}, note)));
  addEventListener("beforeprint", () => { notes.open = true; state.root.list?.print(true); });
  addEventListener("afterprint", () => state.root.list?.print(false));
  addEventListener("resize", () => { if (state.view === "events") state.root.started(); });
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT/.test(event.target.tagName)) return;
    const view = Object.keys(VIEWS)[Number(event.key) - 1];
    if (view) state.show(view);
    else if (event.key === "[") state.go(state.moment - 1);
    else if (event.key === "]") state.go(state.moment + 1);
    else if (event.key === "/") document.querySelector("#main input")?.focus();
    else return;
    event.preventDefault();
  });
  const hash = new URLSearchParams(location.hash.slice(1));
  if (hash.get("view") in VIEWS) state.view = hash.get("view");
  state.draw();
}

// Milliseconds of the slowest of some calls.
function slowest_of(count, call) {
  let slowest = 0;
  for (let i = 0; i < count; ++i) {
    const began = performance.now();
    call(i);
    slowest = Math.max(slowest, performance.now() - began);
  }
  return slowest;
}

function self_test() {
  let checks = 0;
  const check = (fact, what) => { ++checks; if (!fact) errors.push("not so: " + what); };
  const key = (name, target = document.body) =>
    target.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
  const rows = () => document.querySelectorAll("#main .row").length;
  key("1");
  check(state.view === "events" && rows() > 0 && rows() < 400, "events are listed, the visible ones only");
  key("End", state.root.list.root);
  check(document.querySelector(".side h2") !== null, "an event opens");
  state.root.list.print(true);
  check(rows() === Math.min(2000, DATA.events.length), "printing has all rows");
  state.root.list.print(false);
  key("2");
  if (reach_at(state.moment)) {
    key("Enter", state.root.view.root);
    check(document.querySelector(".side h2") !== null, "a cell opens");
    const all = state.root.view.rows.length;
    state.from = "no such pod at all";
    state.draw();
    check(state.root.view.rows.length === 0, "a filter leaves rows out");
    state.from = "";
    state.draw();
    check(state.root.view.rows.length === all, "without a filter all rows are there");
    key("ArrowRight", state.root.view.root);
    check(state.root.view.column <= 1, "arrows move in the matrix");
  }
  if (DATA.nodes.length > 0) {
    state.compare(0, DATA.moments.length - 1);
    const changed = state.root.rows().filter(([sign]) => sign === "+").length;
    check(changed > 0 && rows() > 0, "the end differs from the beginning");
    state.compare(DATA.moments.length - 1, DATA.moments.length - 1);
    check(state.root.rows().length === 0, "a moment does not differ from itself");
  }
  key("4");
  state.root.first_pod();
  check(document.querySelectorAll("#main circle").length === pods_at(state.moment).length, "every pod is drawn");
  state.root.first_node();
  const first = pods_by_node(state.moment)[0];
  check(document.querySelectorAll("#main line").length ===
    links_at(state.moment).filter(link => first && link.from === first[0]).length, "every way from the first node is drawn");
  const slowest = [["a moment", slowest_of(DATA.moments.length, i => state.go(i))]];
  key("1");
  slowest.push(["a frame of events", slowest_of(50, i => { state.root.list.root.scrollTop = i * 997; state.root.list.draw(); })]);
  key("2");
  if (reach_at(state.moment)) slowest.push(["a frame of the matrix", slowest_of(50, i => {
    state.root.view.root.scrollTop = state.root.view.root.scrollLeft = i * 97;
    state.root.view.draw();
  })]);
  check(document.querySelectorAll("script").length === 2, "nothing of the input became a script");
  const result = errors.length === 0 ? "passed" : "failed";
  document.body.append(element("pre", {id: "selftest"}, "self-test " + result + ": " + checks + " checks; at most " +
    slowest.map(([what, took]) => took.toFixed(1) + " ms for " + what).join(", ") + "\n" + errors.join("\n")));
}

start();
if (location.search === "?selftest") self_test();
