// SPDX-License-Identifier: Apache-2.0
// Family `programming`: what Felix fed to the netfilter tools, replayed through the simulated
// kernel alone. Each command must be accepted or refused as the real one was, and after each step
// the tables and sets must be the recorded ones. The rules of comparison are those of the
// recordings' compare.py.
#include <fstream>
#include <sstream>

#include "conform.h"
#include "model/kernel/host_action.h"
#include "model/kernel/ipset_text.h"
#include "model/kernel/iptables_text.h"
#include "model/kernel/nft_text.h"
#include "model/kernel/simulated_kernel.h"

namespace felixsim::conform {
namespace {

namespace fs = std::filesystem;
using Difference = std::optional<std::string>;

std::optional<std::string> read_text(const fs::path& path) {
  std::ifstream in(path);
  if (!in) return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// The scene before Felix starts (README of the recordings).
std::string scene(size_t number, const std::string& ip) {
  return json{
      {"facts",
       {{"kernel", {{"lacks", {"ipip", "wireguard", "dummy", "ip_vs"}}}},
        {"interfaces",
         {{{"name", "lo"}, {"up", true}, {"addresses", {"127.0.0.1/8", "::1/128"}}},
          {{"name", "eth0"},
           {"mac", fmt::format("02:00:ac:10:00:{:02x}", number)},
           {"mtu", 1500},
           {"up", true},
           {"addresses", {ip, fmt::format("fd00:16::{:x}/64", number)}}}}},
        {"routes", {"default via 172.16.0.254 dev eth0"}},
        {"sysctls", {{"net.ipv4.ip_forward", "1"}, {"net.ipv6.conf.all.forwarding", "1"}}}}}}
      .dump();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

Difference different_lines(const std::string& where, const std::vector<std::string>& want,
                           const std::vector<std::string>& got) {
  for (size_t i = 0; i < std::max(want.size(), got.size()); ++i) {
    const std::string w = i < want.size() ? want[i] : "(nothing)";
    const std::string g = i < got.size() ? got[i] : "(nothing)";
    if (w != g)
      return fmt::format("{}: want {}, got {}", where, w.substr(0, 250), g.substr(0, 250));
  }
  return std::nullopt;
}

// Table name -> its lines; the order of the tables is free.
std::map<std::string, std::vector<std::string>> tables_of(const std::string& text) {
  std::map<std::string, std::vector<std::string>> tables;
  std::vector<std::string>* table = nullptr;
  for (const auto& line : lines_of(text))
    if (line.starts_with('*'))
      table = &tables[line];
    else if (table)
      table->push_back(line);
  return tables;
}

Difference compare_tables(const std::string& where, const std::string& want,
                          const std::string& got) {
  const auto w = tables_of(want), g = tables_of(got);
  for (const auto& [name, lines] : w)
    if (!g.contains(name)) return fmt::format("{}: table {} is missing", where, name);
  for (const auto& [name, lines] : g) {
    if (!w.contains(name)) return fmt::format("{}: table {} is not wanted", where, name);
    if (auto d = different_lines(where + " " + name, w.at(name), lines)) return d;
  }
  return std::nullopt;
}

std::vector<std::string> without_hash_size(const std::string& text) {
  auto lines = lines_of(text);
  std::erase(lines, "");  // a recording without sets is one empty line
  for (auto& line : lines)
    if (const size_t at = line.find(" hashsize "); at != std::string::npos)
      line.erase(at, line.find(' ', at + 10) - at);
  std::sort(lines.begin(), lines.end());
  return lines;
}

// Of a comment only its hash counts.
std::string hash_of(const std::string& comment) {
  const size_t end = comment.find(';');
  return comment.starts_with("cali:") && end != std::string::npos ? comment.substr(0, end + 1)
                                                                  : comment;
}

// Addresses that the elements of an interval set cover, as merged ranges.
std::vector<std::string> merged(const NftSet& set) {
  std::vector<std::string> elements;
  std::vector<std::pair<Ip, Ip>> ranges;
  for (const auto& [element, value] : set.elements) {
    elements.push_back(value.empty() ? element : element + " : " + value);
    const size_t dash = element.find('-');
    const auto net = Cidr::parse_cidr_or_ip(element.substr(0, dash));
    if (!net) return elements;
    Ip last = net->address;
    for (int bit = net->length; bit < last.max_prefix(); ++bit)
      last.bytes[static_cast<size_t>(bit / 8)] |= static_cast<uint8_t>(0x80 >> bit % 8);
    if (dash != std::string::npos) last = *Ip::parse(element.substr(dash + 1));
    ranges.emplace_back(net->address, last);
  }
  if (std::find(set.flags.begin(), set.flags.end(), "interval") == set.flags.end()) return elements;
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::pair<Ip, Ip>> joined;
  for (const auto& [low, high] : ranges) {
    Ip after = joined.empty() ? Ip{} : joined.back().second;
    for (int i = low.max_prefix() / 8 - 1; i >= 0 && ++after.bytes[static_cast<size_t>(i)] == 0;)
      --i;
    if (!joined.empty() && low <= after)
      joined.back().second = std::max(joined.back().second, high);
    else
      joined.emplace_back(low, high);
  }
  std::vector<std::string> out;
  for (const auto& [low, high] : joined) out.push_back(low.str() + "-" + high.str());
  return out;
}

Difference compare_nft(const std::string& where, const NftTables& want, const NftTables& got) {
  for (const auto& [key, table] : got)
    if (!want.contains(key)) return fmt::format("{}: table {} is not wanted", where, key.second);
  for (const auto& [key, w] : want) {
    if (!got.contains(key)) return fmt::format("{}: table {} is missing", where, key.second);
    const auto& g = got.at(key);
    for (const auto& [name, set] : w.sets) {
      if (!g.sets.contains(name)) return fmt::format("{}: set {} is missing", where, name);
      const auto& other = g.sets.at(name);
      if (set.type != other.type || set.flags != other.flags || set.is_map != other.is_map)
        return fmt::format("{}: set {}: type or flags differ", where, name);
      if (auto d = different_lines(where + " set " + name, merged(set), merged(other))) return d;
    }
    for (const auto& [name, set] : g.sets)
      if (!w.sets.contains(name)) return fmt::format("{}: set {} is not wanted", where, name);
    for (const auto& [name, chain] : w.chains) {
      if (!g.chains.contains(name)) return fmt::format("{}: chain {} is missing", where, name);
      const auto block = [](const NftChain& c) {
        std::vector<std::string> lines{c.hook};
        for (const auto& rule : c.rules) lines.push_back(rule.text + " #" + hash_of(rule.comment));
        return lines;
      };
      if (auto d =
              different_lines(where + " chain " + name, block(chain), block(g.chains.at(name))))
        return d;
    }
    for (const auto& [name, chain] : g.chains)
      if (!w.chains.contains(name)) return fmt::format("{}: chain {} is not wanted", where, name);
  }
  return std::nullopt;
}

const IptTables& tables_of(const KernelState& state, IpFamily family) {
  static const IptTables none;
  for (const auto backend : {IptBackend::nft, IptBackend::legacy}) {
    const auto found = state.iptables.find({family, backend});
    if (found != state.iptables.end() && !found->second.empty()) return found->second;
  }
  return none;
}

Difference compare_step(const fs::path& dir, const KernelState& state) {
  for (const auto& [file, family] : {std::pair{"iptables-save.txt", IpFamily::v4},
                                     std::pair{"ip6tables-save.txt", IpFamily::v6}})
    if (const auto want = read_text(dir / file))
      if (auto d = compare_tables(file, *want, print_iptables_save(tables_of(state, family))))
        return d;
  if (const auto want = read_text(dir / "ipset-save.txt"))
    if (auto d = different_lines("ipset-save.txt", without_hash_size(*want),
                                 without_hash_size(print_ipset_save(state.ipsets))))
      return d;
  NftTables arp, rest;
  for (const auto& [key, table] : state.nft) (key.first == "arp" ? arp : rest)[key] = table;
  for (const auto* file : {"nft.txt", "arp.txt"}) {
    const auto text = read_text(dir / file);
    if (!text) continue;
    auto want = parse_nft_ruleset(*text);
    if (!want) return fmt::format("{}: {}", file, want.error().message);
    NftTables wanted, got;
    for (const auto& [key, table] : *want) wanted[key] = table;
    const bool has_arp = std::any_of(wanted.begin(), wanted.end(),
                                     [](const auto& entry) { return entry.first.first == "arp"; });
    got = std::string(file) == "arp.txt" ? arp : rest;
    if (std::string(file) == "nft.txt" && has_arp) got.insert(arp.begin(), arp.end());
    if (auto d = compare_nft(file, wanted, got)) return d;
  }
  return std::nullopt;
}

struct Timed {
  double t = 0;
  bool is_action = false;
  json what;
};

// The host actions of a node and its transcript, by time.
std::vector<Timed> events_of(const json& step, const std::string& node, const fs::path& dir) {
  std::vector<Timed> events;
  for (const auto& action : step.value("actions", json::array()))
    if (action.value("node", "") == node)
      events.push_back({action.value("t", 0.0), true, action["action"]});
  if (fs::exists(dir / "programming.jsonl"))
    for_each_line(dir / "programming.jsonl", [&](int, const json& line) {
      events.push_back({line.value("t", 0.0), false, line});
    });
  std::stable_sort(events.begin(), events.end(),
                   [](const Timed& a, const Timed& b) { return a.t < b.t; });
  return events;
}

enum class Outcome { same, cut_off };

// Runs one step; a difference ends the case.
Difference run_step(SimulatedKernel& kernel, const std::vector<Timed>& events, Outcome& outcome) {
  for (const auto& event : events) {
    if (event.is_action) {
      if (auto done = apply_host_action(kernel, event.what.dump()); !done)
        return done.error().message;
      continue;
    }
    const auto& line = event.what;
    if (line["rc"].is_null()) {
      outcome = Outcome::cut_off;
      return std::nullopt;
    }
    const auto answer = kernel.apply(CommandOp{line["command"], line["input"]});
    if ((answer.rc == 0) != (line["rc"] == 0))
      return fmt::format("t={} {}: want rc {} ({}), got rc {} ({})", event.t,
                         line["command"].get<std::string>(), line["rc"].dump(),
                         line.value("stderr", "").substr(0, 200), answer.rc,
                         answer.text.substr(0, 200));
  }
  return std::nullopt;
}

Difference run_node(const fs::path& dir, const json& recording, const std::string& node,
                    size_t number, const std::string& ip) {
  SimulatedKernel kernel;
  if (auto ok = apply_host_action(kernel, scene(number, ip)); !ok) return ok.error().message;
  for (const auto& step : recording["steps"]) {
    const std::string name = fmt::format("step-{:02}", step["step"].get<int>());
    const fs::path at = dir / name / node;
    Outcome outcome = Outcome::same;
    auto difference = run_step(kernel, events_of(step, node, at), outcome);
    if (!difference && outcome == Outcome::same) difference = compare_step(at, kernel.state());
    if (difference) return fmt::format("{}/{}: {}", name, node, *difference);
    if (outcome == Outcome::cut_off) return std::nullopt;
  }
  return std::nullopt;
}

Difference run_case(const fs::path& dir) {
  std::ifstream in(dir / "recording.json");
  const json recording = json::parse(in);
  std::set<std::string> nodes;
  for (const auto& entry : fs::directory_iterator(dir / "step-00"))
    if (entry.is_directory()) nodes.insert(entry.path().filename());
  size_t number = 0;
  for (const auto& node : nodes) {
    ++number;
    if (auto d = run_node(dir, recording, node, number, fmt::format("172.16.0.{}/24", number)))
      return d;
  }
  return std::nullopt;
}

}  // namespace

void run_family(const Options& options, Report& report) {
  std::vector<fs::path> cases = recorded_cases_in(options.dir);
  if (fs::exists(options.dir / "recording.json")) cases.insert(cases.begin(), options.dir);
  for (const auto& dir : cases) report.add(dir.filename(), run_case(dir));
}

}  // namespace felixsim::conform
