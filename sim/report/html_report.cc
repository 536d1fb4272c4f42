// SPDX-License-Identifier: Apache-2.0
#include "sim/report/html_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "felixsim/check.h"
#include "sim/analysis/node_links.h"
#include "sim/report/felix_state.h"
#include "sim/report/html_assets.h"
#include "sim/report/node_texts.h"
#include "sim/report/reach_json.h"

namespace felixsim {
namespace {

using nlohmann::json;

constexpr int schema = 1;

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json time_json(const std::optional<SimTime>& time) {
  return time ? json(static_cast<double>(*time) / 1e9) : json(nullptr);
}

json names_json(const std::vector<msg::PolicyId>& policies) {
  auto out = json::array();
  for (const auto& id : policies)
    out.push_back(id.ns.empty() ? id.kind.str() + " " + id.name.str()
                                : id.kind.str() + " " + id.ns.str() + "/" + id.name.str());
  return out;
}

// Name, host, addresses, and what policy applies in Felix's order; a line of JSON for each pod.
std::string pod_lines(const reach::Matrix& matrix) {
  std::string out;
  for (size_t i = 0; i < matrix.endpoints.size(); ++i) {
    const auto& endpoint = matrix.endpoints[i];
    auto nets = json::array();
    const auto& workload = endpoint.endpoint.workload();
    for (const auto& net : workload.ipv4_nets) nets.push_back(net.address.str());
    for (const auto& net : workload.ipv6_nets) nets.push_back(net.address.str());
    auto tiers = json::array();
    for (const auto& tier : matrix.tiers[i])
      tiers.push_back({{"name", tier->name.str()},
                       {"default", tier->default_action.str()},
                       {"ingress", names_json(tier->ingress)},
                       {"egress", names_json(tier->egress)}});
    auto profiles = json::array();
    for (const auto& profile : workload.profile_ids) profiles.push_back(profile.str());
    const json pod{{"name", reach::endpoint_text(matrix, i)},
                   {"host", endpoint.name.host.str()},
                   {"nets", std::move(nets)},
                   {"tiers", std::move(tiers)},
                   {"profiles", std::move(profiles)}};
    out += dumped(pod) + "\n";
  }
  return out;
}

// Adds `text` unless it is what came last; its number.
size_t keep(std::vector<std::string>& kept, std::string text) {
  if (kept.empty() || kept.back() != text) kept.push_back(std::move(text));
  return kept.size() - 1;
}

}  // namespace

void HtmlReport::add_event(const Event& event) {
  std::string kind, what, value, origin;
  int64_t revision = 0;
  if (const auto* change = std::get_if<DatastoreEvent>(&event.body)) {
    kind = change->value ? "put" : "delete";
    what = change->key;
    value = change->value.value_or("");
    revision = change->revision;
    origin = change->origin;
  } else if (const auto* host = std::get_if<HostEvent>(&event.body)) {
    kind = "host";
    what = host->node;
    value = host->action;
  } else if (const auto* process = std::get_if<ProcessEvent>(&event.body)) {
    static constexpr std::string_view kinds[] = {"starts", "stops", "is killed", "restarts"};
    kind = "felix";
    what = fmt::format("{} {}", process->node, kinds[static_cast<size_t>(process->kind)]);
    for (const auto& [name, setting] : process->environment) value += name + "=" + setting + "\n";
    if (process->felix_cfg) value += *process->felix_cfg;
  } else if (const auto* step = std::get_if<StepEvent>(&event.body)) {
    kind = "step";
    what = fmt::format("{} {}", step->number, step->name);
  }
  const bool fits = values_bytes_ + value.size() <= limits_.values_bytes;
  const bool cut = !fits || value.size() > limits_.value_bytes;
  if (cut) {
    ++values_left_out_;
    value.resize(fits ? limits_.value_bytes : 0);
    value += "…";
  }
  values_bytes_ += value.size();
  events_.push_back(json::array({event.sequence, time_json(event.time), revision, kind, what,
                                 std::move(value), std::move(origin)}));
}

void HtmlReport::add_moment(int64_t position, std::optional<SimTime> time,
                            const std::string& label) {
  moments_.push_back({{"at", position},
                      {"time", time_json(time)},
                      {"label", label},
                      {"reach", nullptr},
                      {"links", nullptr},
                      {"nodes", json::array()}});
}

void HtmlReport::add_nodes(const Cluster& cluster) {
  const size_t moment = moments_.size() - 1;
  for (const auto& [name, node] : cluster.nodes()) {
    moments_.back()["nodes"].push_back({{"name", name}, {"felix", felix_state_text(*node)}});
    const bool fits = texts_.bytes() < limits_.lines_bytes || nodes_.contains(name);
    if (!fits || without_texts_.contains(name)) {
      without_texts_.insert(name);
      continue;
    }
    nodes_.insert(name);
    for (const auto& [part, text] : node_texts(*node)) texts_.set(name + "\n" + part, moment, text);
  }
  add_links(cluster);
}

void HtmlReport::add_links(const Cluster& cluster) {
  if (cluster.nodes().size() > limits_.linked_nodes) return;
  auto out = json::array();
  for (const auto& link : node_links(cluster))
    out.push_back({{"from", link.from}, {"to", link.to}, {"way", link.way}, {"route", link.route}});
  moments_.back()["links"] = keep(links_, dumped(out));
}

void HtmlReport::add_reach(const reach::Matrix& matrix, bool last) {
  pods_.set("", moments_.size() - 1, pod_lines(matrix));
  std::string text = reach_json({matrix, {}, {}}, schema);
  const bool is_new = reach_.empty() || reach_.back() != text;
  if (is_new && !last && reach_bytes_ + text.size() > limits_.reach_bytes) {
    ++reach_left_out_;
    return;
  }
  if (is_new) reach_bytes_ += text.size();
  moments_.back()["reach"] = keep(reach_, std::move(text));
}

json HtmlReport::data() const {
  auto notes = notes_;
  if (values_left_out_ > 0)
    notes.push_back(fmt::format(
        "{} of {} events are shown without their whole value (felixsim log LOG events has them)",
        values_left_out_, events_.size()));
  if (!without_texts_.empty())
    notes.push_back(
        fmt::format("kernel state is left out for {} of {} nodes: {} (felixsim show has it)",
                    without_texts_.size(), without_texts_.size() + nodes_.size(),
                    fmt::join(without_texts_, ", ")));
  if (reach_left_out_ > 0)
    notes.push_back(
        fmt::format("the matrix is left out for {} of {} moments (felixsim reach --at has it)",
                    reach_left_out_, moments_.size()));
  if (traces_left_out_ > 0)
    notes.push_back(fmt::format(
        "{} pairs of classes have no packet sent at the last moment (felixsim trace sends it)",
        traces_left_out_));
  const auto parsed = [](const std::vector<std::string>& texts) {
    auto out = json::array();
    for (const auto& text : texts) out.push_back(json::parse(text, nullptr, false));
    return out;
  };
  std::vector<std::string> trace_texts(trace_texts_.size());
  for (const auto& [text, number] : trace_texts_) trace_texts[number] = text;
  json out{{"schema", schema},        {"title", title_},         {"notes", notes},
           {"events", events_},       {"moments", moments_},     {"parts", node_parts()},
           {"nodes", nodes_},         {"reach", parsed(reach_)}, {"pods", pods_.json()},
           {"links", parsed(links_)}, {"traces", traces_},       {"trace_texts", trace_texts}};
  out.update(texts_.json());
  return out;
}

std::string script_safe(const std::string& json) {
  std::string out;
  out.reserve(json.size() + json.size() / 50);
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

std::string html_escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\'')
      out += "&#39;";
    else
      out += c;
  }
  return out;
}

std::string HtmlReport::page() const {
  std::string out;
  std::string_view rest = html_assets::page;
  // Values are not looked through for marks again: they may have any text in them.
  const auto put = [&](std::string_view mark, const std::string& value) {
    const size_t at = rest.find(mark);
    FELIXSIM_CHECK(at != std::string_view::npos);
    out.append(rest.substr(0, at)).append(value);
    rest.remove_prefix(at + mark.size());
  };
  put("@TITLE@", html_escaped(title_));
  put("@STYLE@", std::string(html_assets::style));
  put("@DATA@", script_safe(dumped(data())));
  put("@SCRIPT@", std::string(html_assets::script));
  return out.append(rest);
}

}  // namespace felixsim
