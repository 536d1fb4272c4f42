// SPDX-License-Identifier: Apache-2.0
// See capture_text.h. Words are those of iproute2 6.1 (iproute.c, iprule.c), ipset 7.17 and
// nftables 1.0.6.
#include "sim/analysis/verify/capture_text.h"

#include <algorithm>
#include <regex>
#include <set>

#include "felixsim/ip.h"
#include "model/kernel/route_text.h"
#include "model/kernel/words.h"
#include "sim/analysis/verify/node_capture.h"

namespace felixsim {
namespace {

using Names = std::set<std::string_view>;

// Calls each(line, number) and joins what it returns.
template <class Each>
Result<std::string> map_lines(std::string_view text, Each each) {
  std::string out;
  for (int number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    Result<std::string> plain = each(line);
    if (!plain) {
      auto error = plain.error();
      error.message = fmt::format("line {}: {}", number, error.message);
      return tl::unexpected(std::move(error));
    }
    out += *plain;
    out += '\n';
  }
  return out;
}

Result<std::string> plain_create(std::string_view line) {
  static const Names flags{"counters", "comment", "skbinfo", "forceadd", "markmask"};
  static const Names valued{"timeout", "bucketsize", "initval", "netmask", "bitmask", "size"};
  std::string out = "create";
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
    if (valued.contains(word))
      (void)take_word(line);
    else if (!flags.contains(word))
      out += ' ' + std::string(word);
  }
  return out;
}

}  // namespace

Result<std::string> plain_ipset_save(std::string_view text) {
  if (text.starts_with("Name: "))
    return invalid("line 1: this is the text of `ipset list`", "capture `ipset save` instead");
  std::set<std::string, std::less<>> created;
  return map_lines(text, [&](std::string_view line) -> Result<std::string> {
    std::string_view rest = line;
    const auto verb = take_word(rest);
    if (verb.empty() || verb == "COMMIT" || verb.starts_with('#')) return std::string();
    std::string_view words = rest;
    const auto name = take_word(words);
    if (name.empty() || take_word(words).empty() || (verb != "create" && verb != "add"))
      return invalid(fmt::format("neither `create SET TYPE` nor `add SET MEMBER`: {}", line));
    if (verb == "create") {
      created.emplace(name);
      return is_calico_set(name) ? plain_create(rest) : std::string();
    }
    if (!created.contains(name))
      return invalid(fmt::format("a member of a set that is not there: {}", line));
    return is_calico_set(name) ? std::string(line) : std::string();
  });
}

namespace {

// Attributes of a route line that a Route holds, and the others by how many words follow them.
const Names route_kept{"via", "dev", "table", "proto", "scope", "src", "metric", "mtu", "pref"};
const Names route_valued{"tos",      "dsfield",       "advmss",     "hoplimit",
                         "window",   "rtt",           "rttvar",     "rto_min",
                         "initcwnd", "initrwnd",      "ssthresh",   "realms",
                         "realm",    "cwnd",          "reordering", "quickack",
                         "features", "congctl",       "expires",    "nhid",
                         "error",    "ttl-propagate", "from",       "weight",
                         "protocol", "age",           "users",      "used",
                         "iif",      "oif",           "as",         "fastopen_no_cookie",
                         "uid"};
const Names route_flags{
    "onlink",    "linkdown", "dead",       "offload",           "trap", "rt_offload", "rt_trap",
    "pervasive", "notify",   "unresolved", "rt_offload_failed", "cache"};
const Names route_types{"unicast", "local",       "broadcast", "multicast", "anycast",
                        "throw",   "unreachable", "prohibit",  "blackhole", "nat"};
const Names route_foreign{"encap", "nexthop", "inet6", "inet", "lock"};

bool is_net(std::string_view word) {
  return word == "default" || word == "all" || Cidr::parse_cidr_or_ip(word).has_value();
}

bool is_table(std::string_view word) {
  return word == "main" || word == "local" || word == "default" || word == "unspec" ||
         parse_number(word, 0x7fffffff).has_value();
}

// Of a route to everywhere, what follows tells: every IPv6 route has a preference.
IpFamily family_of(std::string_view net, std::string_view line) {
  if (const auto cidr = Cidr::parse_cidr_or_ip(net)) return cidr->address.family;
  return line.find(" pref ") == std::string_view::npos ? IpFamily::v4 : IpFamily::v6;
}

Result<std::string> plain_route(std::string_view line, IpFamily family) {
  std::string_view rest = line;
  auto word = take_word(rest);
  if (word.empty() || line.starts_with("cache")) return std::string();
  // The paths of a multipath route stand on lines of their own.
  if ((line.starts_with('\t') || line.starts_with(' ')) && word == "nexthop") return std::string();
  std::string out;
  bool foreign = false;
  if (route_types.contains(word)) {
    foreign = word == "multicast" || word == "anycast" || word == "nat";
    if (word != "unicast") out = std::string(word) + " ";
    word = take_word(rest);
  }
  if (!is_net(word)) return invalid(fmt::format("a route needs a destination: {}", line));
  if (family_of(word, line) != family) return std::string();
  out += word;
  size_t parts = 0;
  while (!(word = take_word(rest)).empty()) {
    ++parts;
    if (route_foreign.contains(word)) return std::string();
    if (word == "onlink") out += " onlink";
    if (route_flags.contains(word)) continue;
    auto value = take_word(rest);
    if (value == "lock") value = take_word(rest);  // `mtu lock 1400`
    if ((!route_kept.contains(word) && !route_valued.contains(word)) || value.empty())
      return invalid(fmt::format("'{}' of a route is not known, or has no value: {}", word, line));
    if (value == "inet6" || value == "inet") return std::string();  // `via inet6 fe80::1`
    // Names that the node's own rt_tables and rt_protos give are nothing that Felix uses.
    if (word == "table" && !is_table(value)) return std::string();
    if (word == "proto" && !protocol_number(value)) return std::string();
    if (route_kept.contains(word)) out += fmt::format(" {} {}", word, value);
  }
  // A destination alone is the head of a multipath route.
  const bool headed = parts == 0 || out.find(" dev ") == std::string::npos;
  const bool silent = out.starts_with("blackhole") || out.starts_with("unreachable") ||
                      out.starts_with("prohibit") || out.starts_with("throw");
  return foreign || (headed && !silent) ? std::string() : out;
}

}  // namespace

Result<std::string> plain_routes(std::string_view text, IpFamily family) {
  return map_lines(text, [family](std::string_view line) { return plain_route(line, family); });
}

Result<std::string> plain_rules(std::string_view text) {
  static const Names known{"not", "from", "to", "fwmark", "lookup", "table"};
  return map_lines(text, [](std::string_view line) -> Result<std::string> {
    std::string_view rest = line;
    const auto priority = take_word(rest);
    if (priority.empty()) return std::string();
    const auto number = priority.substr(0, priority.size() - 1);
    if (!priority.ends_with(':') || !parse_number(number, ~uint32_t{0}))
      return invalid(fmt::format("a routing rule begins with its priority: {}", line));
    std::string out(priority);
    bool looks_up = false;
    for (auto word = take_word(rest); !word.empty(); word = take_word(rest)) {
      if (word == "proto") {
        (void)take_word(rest);
        continue;
      }
      if (!known.contains(word)) return std::string();
      out += ' ' + std::string(word);
      if (word == "not") continue;
      const auto value = take_word(rest);
      if (word == "lookup" || word == "table") {
        looks_up = true;
        if (!is_table(value)) return std::string();
      }
      out += ' ' + std::string(value);
    }
    return looks_up ? out : std::string();
  });
}

namespace {

// How far a line of a ruleset opens or closes blocks; braces in strings do not count.
int depth_change(std::string_view line) {
  int change = 0;
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '{') ++change;
    if (c == '}') --change;
  }
  return change;
}

bool is_set_detail(std::string_view line) {
  static const Names words{"size",    "auto-merge", "timeout", "gc-interval",
                           "counter", "policy",     "comment", "expires"};
  std::string_view rest = line;
  return words.contains(take_word(rest));
}

class NftPlain {
 public:
  Result<std::string> take(std::string_view raw) {
    static const std::regex handle(" # handle [0-9]+$");
    static const std::regex counts("counter packets [0-9]+ bytes [0-9]+");
    const auto line = trim(raw);
    if (line.empty() || line.starts_with('#')) return std::string();
    std::string plain = std::regex_replace(std::string(line), handle, "");
    if (depth_ == 0)
      if (auto opened = open(plain); !opened) return forward(opened);
    in_set_ = depth_ == 1 ? plain.starts_with("set ") || plain.starts_with("map ") : in_set_;
    const bool detail = depth_ == 2 && in_set_ && is_set_detail(plain);
    depth_ += depth_change(plain);
    if (depth_ < 0) return invalid(fmt::format("a block is closed that is not open: {}", line));
    const bool shown = ours_ && !detail;
    return shown ? std::regex_replace(plain, counts, "counter") : std::string();
  }
  bool open_block() const { return depth_ > 0; }

 private:
  Status open(std::string_view line) {
    std::string_view rest = line;
    const auto word = take_word(rest);
    (void)take_word(rest);
    const std::string name(take_word(rest));
    if (word != "table" || name.empty() || take_word(rest) != "{")
      return invalid(fmt::format("`table FAMILY NAME {{` is expected: {}", line));
    ours_ = is_calico_nft_table(name);
    return {};
  }

  int depth_ = 0;
  bool ours_ = false, in_set_ = false;
};

}  // namespace

Result<std::string> plain_nft_ruleset(std::string_view text) {
  if (trim(text).starts_with('{'))
    return invalid("line 1: this is JSON", "capture `nft list ruleset` without -j");
  NftPlain reader;
  auto plain = map_lines(text, [&](std::string_view line) { return reader.take(line); });
  if (plain && reader.open_block())
    return invalid(fmt::format("line {}: the text ends within a table",
                               std::count(text.begin(), text.end(), '\n')));
  return plain;
}

}  // namespace felixsim
