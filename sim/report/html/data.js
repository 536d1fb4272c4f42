"use strict";
// The data of the page, and what can be asked of it. Text from the input reaches the page as text
// only (textContent), never as HTML.
const DATA = JSON.parse(document.getElementById("data").textContent);

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children.filter(child => child !== null && child !== undefined));
  return made;
}

// Seconds; those that evidently count from 1970 as a time of day, in UTC.
function time_text(seconds) {
  return seconds < 1e9 ? seconds.toFixed(3) + " s" : new Date(seconds * 1000).toISOString();
}

function moment_text(moment) {
  const time = moment.time === null ? "" : " at " + time_text(moment.time);
  return "seq:" + moment.at + time + " \u00b7 " + moment.label;
}

function expanded(ids) {
  const out = [];
  for (const id of ids) {
    if (typeof id === "number") out.push(id);
    else for (let i = 0; i < id[1]; ++i) out.push(id[0] + i);
  }
  return out;
}

// Numbers of the lines of a text at a moment.
function text_at(history, name, moment) {
  let lines = [];
  for (const [from, splices] of history.texts[name] || []) {
    if (from > moment) break;
    const next = [];
    let at = 0;
    for (const [start, removed, added] of splices) {
      for (; at < start; ++at) next.push(lines[at]);
      for (const id of expanded(added)) next.push(id);
      at = start + removed;
    }
    for (; at < lines.length; ++at) next.push(lines[at]);
    lines = next;
  }
  return lines;
}

// Of a node's part.
function lines_at(node, part, moment) { return text_at(DATA, node + "\n" + part, moment); }

let last_pods = {moment: -1, pods: []};
function pods_at(moment) {
  if (last_pods.moment !== moment)
    last_pods = {moment, pods: text_at(DATA.pods, "", moment).map(line => JSON.parse(DATA.pods.lines[line]))};
  return last_pods.pods;
}

function reach_at(moment) {
  const number = DATA.moments[moment].reach;
  return number === null ? null : DATA.reach[number];
}

function links_at(moment) {
  const number = DATA.moments[moment].links;
  return number === null ? [] : DATA.links[number];
}

// node-2 before node-10.
function natural(a, b) { return a.localeCompare(b, "en", {numeric: true}); }
DATA.nodes.sort(natural);

// The moment at or after an event.
function moment_of(sequence) {
  const found = DATA.moments.findIndex(moment => moment.at >= sequence);
  return found < 0 ? DATA.moments.length - 1 : found;
}

function class_name(one) {
  if (one.world) return "world " + (one.world.length > 2 ? one.world.length + " ranges" : one.world.join(" "));
  const more = one.endpoints.length - 1;
  return one.endpoints[0] + (more > 0 ? " +" + more : "");
}

function members(one) { return one.world ? one.world.map(range => "world " + range) : one.endpoints; }

// Per sender class: Map of receiver class to the number of a connection.
function rows_of(family) {
  if (family.rows) return family.rows;
  family.rows = family.senders.map(() => new Map());
  for (const row of family.may_send)
    for (const [connection, places] of Object.entries(row.to))
      for (const place of places) {
        const [first, last] = typeof place === "number" ? [place, place] : place;
        for (let to = first; to <= last; ++to) family.rows[row.from].set(to, Number(connection));
      }
  return family.rows;
}

function connection_text(connection) {
  if (!connection) return "none";
  return connection.unknown ? connection.allowed + "; unknown: " + connection.unknown : connection.allowed;
}

function connection_color(connection) {
  if (!connection || (connection.allowed === "none" && !connection.unknown)) return "none";
  if (connection.unknown) return "unknown";
  return connection.allowed.startsWith("all") ? "all" : "part";
}
