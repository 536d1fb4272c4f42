// SPDX-License-Identifier: Apache-2.0
#include "sim/analysis/reach/headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "felixsim/check.h"

namespace felixsim::reach {
namespace {

constexpr int icmp_v4 = 1, icmp_v6 = 58;

struct ProtocolName {
  int number;
  std::string_view name;
};
constexpr ProtocolName protocol_names[] = {
    {1, "icmp"}, {4, "ipip"}, {6, "tcp"},     {17, "udp"},   {33, "dccp"},    {47, "gre"},
    {50, "esp"}, {51, "ah"},  {58, "icmpv6"}, {132, "sctp"}, {136, "udplite"}};

std::string protocol_text(int protocol) {
  for (const auto& known : protocol_names)
    if (known.number == protocol) return std::string(known.name);
  return fmt::format("protocol-{}", protocol);
}

// Where ranges begin and end, as the first number of each piece.
class Cuts {
 public:
  explicit Cuts(int last) : last_(last) { starts_.insert(0); }
  void add(const msg::PortRange& range) {
    if (range.first > 0) starts_.insert(range.first);
    if (range.last < last_) starts_.insert(range.last + 1);
  }
  std::vector<msg::PortRange> pieces() const {
    std::vector<msg::PortRange> out;
    for (auto it = starts_.begin(); it != starts_.end(); ++it) {
      const auto next = std::next(it);
      out.push_back({*it, next == starts_.end() ? last_ : *next - 1});
    }
    return out;
  }

 private:
  int last_;
  std::set<int> starts_;
};

bool inside(const msg::PortRange& piece, const std::vector<msg::PortRange>& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return piece.first >= range.first && piece.last <= range.last;
  });
}

struct ProtocolCuts {
  Cuts source{65535}, destination{65535}, type{255}, code{255};
};

void add_ports(Cuts& cuts, const std::vector<msg::PortRange>& a,
               const std::vector<msg::PortRange>& b) {
  for (const auto& range : a) cuts.add(range);
  for (const auto& range : b) cuts.add(range);
}

void add_icmp(ProtocolCuts& cuts, const std::optional<msg::IcmpMatch>& icmp) {
  if (!icmp) return;
  cuts.type.add({icmp->type, icmp->type});
  if (icmp->code) cuts.code.add({*icmp->code, *icmp->code});
}

bool icmp_holds(const msg::IcmpMatch& icmp, const HeaderAtom& atom) {
  return atom.icmp_type.first == icmp.type && atom.icmp_type.last == icmp.type &&
         (!icmp.code || (atom.icmp_code.first == *icmp.code && atom.icmp_code.last == *icmp.code));
}

// Ranges that touch become one.
std::vector<msg::PortRange> merged(std::vector<msg::PortRange> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<msg::PortRange> out;
  for (const auto& range : ranges) {
    if (!out.empty() && range.first <= out.back().last + 1)
      out.back().last = std::max(out.back().last, range.last);
    else
      out.push_back(range);
  }
  return out;
}

bool is_full(const std::vector<msg::PortRange>& ranges, int last) {
  return ranges.size() == 1 && ranges[0] == msg::PortRange{0, last};
}

std::string ranges_text(const std::vector<msg::PortRange>& ranges) {
  std::string out;
  for (const auto& range : ranges) {
    if (!out.empty()) out += ',';
    out += range.first == range.last ? std::to_string(range.first)
                                     : fmt::format("{}-{}", range.first, range.last);
  }
  return out;
}

// For one protocol: groups of the first dimension that have the same second one.
using Grouped = std::map<std::vector<msg::PortRange>, std::vector<msg::PortRange>>;

Grouped group(const std::vector<HeaderAtom>& atoms, bool icmp) {
  std::map<msg::PortRange, std::vector<msg::PortRange>> rows;
  for (const auto& atom : atoms)
    rows[icmp ? atom.icmp_code : atom.source_port].push_back(icmp ? atom.icmp_type
                                                                  : atom.destination_port);
  Grouped grouped;
  for (const auto& [row, columns] : rows) grouped[merged(columns)].push_back(row);
  for (auto& [columns, list] : grouped) list = merged(list);
  return grouped;
}

void append_protocol(std::string& out, int protocol, const std::vector<HeaderAtom>& atoms) {
  const bool icmp = protocol == icmp_v4 || protocol == icmp_v6;
  const std::string name = protocol_text(protocol);
  const auto add = [&](const std::string& what) { out += (out.empty() ? "" : " ") + what; };
  if (!icmp && !has_ports(protocol)) return add(name);
  const int last = icmp ? 255 : 65535;
  for (const auto& [columns, rows] : group(atoms, icmp)) {
    std::string text = name;
    if (!is_full(columns, last)) text += (icmp ? "/type:" : "/") + ranges_text(columns);
    if (!is_full(rows, last))
      text += fmt::format("({}:{})", icmp ? "code" : "from-port", ranges_text(rows));
    add(text);
  }
}

}  // namespace

int protocol_number(const felixsim::Protocol& protocol) {
  if (protocol.name.empty()) return protocol.number;
  std::string name = protocol.name.str();
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  for (const auto& known : protocol_names)
    if (known.name == name) return known.number;
  return -1;
}

bool has_ports(int protocol) {
  return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 33 || protocol == 136;
}

size_t HeaderSpace::add(const HeaderMatch& match) {
  const auto [it, fresh] = numbers_.emplace(match, matches_.size());
  if (fresh) matches_.push_back(match);
  return it->second;
}

std::optional<size_t> HeaderSpace::find(const HeaderMatch& match) const {
  const auto it = numbers_.find(match);
  return it == numbers_.end() ? std::nullopt : std::optional(it->second);
}

std::vector<HeaderAtom> HeaderSpace::atoms() const {
  const int icmp = family_ == IpFamily::v4 ? icmp_v4 : icmp_v6;
  std::map<int, ProtocolCuts> cuts;
  for (const int protocol : {6, 17, 132, icmp}) cuts[protocol];
  for (const auto& match : matches_) {
    if (match.protocol >= 0) cuts[match.protocol];
    if (match.not_protocol >= 0) cuts[match.not_protocol];
  }
  for (const auto& match : matches_)
    for (auto& [protocol, cut] : cuts) {
      if (match.protocol >= 0 && match.protocol != protocol) continue;
      add_ports(cut.source, match.source_ports, match.not_source_ports);
      add_ports(cut.destination, match.destination_ports, match.not_destination_ports);
      add_icmp(cut, match.icmp);
      add_icmp(cut, match.not_icmp);
    }
  std::vector<HeaderAtom> out;
  for (const auto& [protocol, cut] : cuts) {
    HeaderAtom atom;
    atom.protocol = protocol;
    if (has_ports(protocol)) {
      for (const auto& source : cut.source.pieces())
        for (const auto& destination : cut.destination.pieces()) {
          atom.source_port = source;
          atom.destination_port = destination;
          out.push_back(atom);
        }
    } else if (protocol == icmp) {
      for (const auto& type : cut.type.pieces())
        for (const auto& code : cut.code.pieces()) {
          atom.icmp_type = type;
          atom.icmp_code = code;
          out.push_back(atom);
        }
    } else {
      out.push_back(atom);
    }
  }
  out.emplace_back();
  return out;
}

bool HeaderSpace::holds(const HeaderMatch& match, const HeaderAtom& atom) const {
  if (match.protocol >= 0 && match.protocol != atom.protocol) return false;
  if (match.not_protocol >= 0 && match.not_protocol == atom.protocol) return false;
  const bool wants_ports = !match.source_ports.empty() || !match.destination_ports.empty() ||
                           !match.not_source_ports.empty() || !match.not_destination_ports.empty();
  if (wants_ports && !has_ports(atom.protocol)) return false;
  if (!match.source_ports.empty() && !inside(atom.source_port, match.source_ports)) return false;
  if (!match.destination_ports.empty() && !inside(atom.destination_port, match.destination_ports))
    return false;
  if (inside(atom.source_port, match.not_source_ports)) return false;
  if (inside(atom.destination_port, match.not_destination_ports)) return false;
  const int icmp = family_ == IpFamily::v4 ? icmp_v4 : icmp_v6;
  if ((match.icmp || match.not_icmp) && atom.protocol != icmp) return false;
  if (match.icmp && !icmp_holds(*match.icmp, atom)) return false;
  return !match.not_icmp || !icmp_holds(*match.not_icmp, atom);
}

std::vector<size_t> HeaderSpace::build() {
  if (!classes_.empty() && built_ == matches_.size()) return {};
  const size_t before = classes_.size();
  std::vector<bool> kept(before);  // whose number is taken again
  std::map<std::vector<bool>, size_t> known;
  std::vector<size_t> cut_off_of;
  size_t next = before;
  classes_.clear();
  const std::vector<HeaderAtom> all = atoms();
  for (const HeaderAtom& atom : all) {
    std::vector<bool> signature(matches_.size());
    for (size_t m = 0; m < matches_.size(); ++m) signature[m] = holds(matches_[m], atom);
    const auto [it, fresh] = known.emplace(std::move(signature), next);
    if (fresh && before > 0) {
      const size_t parent = signatures_.at(
          {it->first.begin(), it->first.begin() + static_cast<std::ptrdiff_t>(built_)});
      if (kept[parent])
        cut_off_of.push_back(parent);
      else
        it->second = parent;
      kept[parent] = true;
    }
    if (it->second == next) ++next;
    if (classes_.size() < next) classes_.resize(next);
    classes_[it->second].push_back(atom);
    class_of_others_ = it->second;  // the last atom
  }
  bits_.assign(matches_.size(), Bits(classes_.size()));
  for (const auto& [signature, number] : known)
    for (size_t m = 0; m < matches_.size(); ++m)
      if (signature[m]) bits_[m].set(number);
  signatures_ = std::move(known);
  built_ = matches_.size();
  return cut_off_of;
}

size_t HeaderSpace::class_of(const Header& header) const {
  const auto in = [](int value, const msg::PortRange& range) {
    return value >= range.first && value <= range.last;
  };
  size_t other = 0;
  for (size_t c = 0; c < classes_.size(); ++c)
    for (const HeaderAtom& atom : classes_[c]) {
      if (atom.protocol == -1) other = c;
      if (atom.protocol != header.protocol) continue;
      if (has_ports(atom.protocol) && (!in(header.source_port, atom.source_port) ||
                                       !in(header.destination_port, atom.destination_port)))
        continue;
      if (!in(header.icmp_type, atom.icmp_type) || !in(header.icmp_code, atom.icmp_code)) continue;
      return c;
    }
  return other;
}

std::string HeaderSpace::text(const Bits& classes) const {
  FELIXSIM_CHECK(classes.size() == classes_.size());
  if (classes.none()) return "none";
  if (classes.all()) return "all";
  // Protocols that no rule names have no names here either.
  return classes.test(class_of_others_) ? "all but " + listed(~classes) : listed(classes);
}

std::string HeaderSpace::listed(const Bits& classes) const {
  std::map<int, std::vector<HeaderAtom>> by_protocol;
  for (size_t c = 0; c < classes_.size(); ++c)
    if (classes.test(c))
      for (const auto& atom : classes_[c]) by_protocol[atom.protocol].push_back(atom);
  std::string out;
  for (const auto& [protocol, atoms] : by_protocol) append_protocol(out, protocol, atoms);
  return out;
}

}  // namespace felixsim::reach
