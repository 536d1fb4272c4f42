// SPDX-License-Identifier: Apache-2.0
// A rule in the words of iptables-save into operations. The words are canonical (ipt_rule.h). What
// is not modelled matches never and changes nothing: physdev, socket, ipvs, owner, mac, iprange,
// pkttype, length, ttl, helper, tos, TPROXY, CT zones, NETMAP, NFQUEUE. Rate limits, connlimit and
// statistic count as not exceeded: the first packet of a quiet node.
#include "model/kernel/ipt_rule.h"
#include "model/kernel/ipt_values.h"
#include "model/kernel/walk/rule_ops.h"
#include "model/kernel/words.h"

namespace felixsim::walk {
namespace {

std::vector<std::string_view> split_commas(std::string_view list) {
  std::vector<std::string_view> out;
  while (true) {
    const size_t comma = list.find(',');
    out.push_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return out;
    list = list.substr(comma + 1);
  }
}

std::vector<std::pair<uint16_t, uint16_t>> port_list(std::string_view list, char range) {
  std::vector<std::pair<uint16_t, uint16_t>> ports;
  for (const auto one : split_commas(list)) {
    const size_t colon = one.find(range);
    const auto low = parse_port_number(one.substr(0, colon)).value_or(0);
    const auto high = colon == std::string_view::npos
                          ? low
                          : parse_port_number(one.substr(colon + 1)).value_or(65535);
    ports.emplace_back(low, high);
  }
  return ports;
}

class IptReader {
 public:
  IptReader(const std::string& text, IpFamily family) : family_(family) {
    split_restore_line(text, split_);
  }

  Rule read() {
    while (at_ < split_.words.size()) {
      const auto word = next();
      if (word == "!") {
        invert_ = true;
        continue;
      }
      if (word == "-j" || word == "-g")
        target(next(), word == "-g");
      else if (word == "-m")
        match_ = next();
      else
        option(word);
      invert_ = false;
    }
    return std::move(rule_);
  }

 private:
  std::string_view next() {
    return at_ < split_.words.size() ? split_.words[at_++] : std::string_view{};
  }
  bool peek_is(std::string_view word) const {
    return at_ < split_.words.size() && split_.words[at_] == word;
  }
  RuleOp& add(Op op) {
    rule_.ops.emplace_back();
    rule_.ops.back().op = op;
    rule_.ops.back().invert = invert_;
    return rule_.ops.back();
  }

  void option(std::string_view word) {
    if (word == "-s" || word == "-d") {
      add(word == "-s" ? Op::source : Op::destination).net =
          Cidr::parse_cidr_or_ip(next()).value_or(Cidr{});
    } else if (word == "-i" || word == "-o") {
      add(word == "-i" ? Op::in_device : Op::out_device).name = next();
    } else if (word == "-p") {
      add(Op::protocol).a = static_cast<uint32_t>(ipt_protocol_number(next()).value_or(0));
    } else if (word == "-f") {
      add(Op::never);  // no packet here is a fragment
    } else if (word == "--comment") {
      next();
    } else if (match_ == "mark" || match_ == "connmark") {
      const auto mark = parse_mark(next()).value_or(MarkValue{});
      auto& op = add(match_ == "mark" ? Op::mark : Op::connection_mark);
      op.a = mark.value;
      op.b = mark.mask;
    } else if (match_ == "conntrack" || match_ == "state") {
      connection(word);
    } else if (match_ == "set") {
      set_match(word);
    } else if (match_ == "addrtype") {
      address_type(word);
    } else if (match_ == "rpfilter") {
      reverse_path(word);
    } else {
      other_match(word);
    }
  }

  void connection(std::string_view word) {
    static constexpr std::pair<std::string_view, uint32_t> states[] = {
        {"INVALID", state_invalid},
        {"NEW", state_new},
        {"RELATED", state_related},
        {"ESTABLISHED", state_established},
        {"UNTRACKED", state_untracked},
        {"SNAT", state_snat},
        {"DNAT", state_dnat}};
    static constexpr std::pair<std::string_view, uint32_t> statuses[] = {
        {"SEEN_REPLY", status_seen_reply},
        {"ASSURED", status_assured},
        {"CONFIRMED", status_confirmed}};
    if (word == "--ctdir") {
      auto& op = add(Op::reply_direction);
      op.invert = next() == "ORIGINAL";
      return;
    }
    auto& op = add(word == "--ctstatus" ? Op::status : Op::state);
    const auto list = next();
    for (const auto name : split_commas(list)) {
      for (const auto& [known, bit] : states)
        if (op.op == Op::state && known == name) op.a |= bit;
      for (const auto& [known, bit] : statuses)
        if (op.op == Op::status && known == name) op.a |= bit;
    }
  }

  void set_match(std::string_view word) {
    if (word != "--match-set") return;
    auto& op = add(Op::ip_set);
    op.name = next();
    for (const auto side : split_commas(next()))
      op.fields.push_back(side == "src" ? SetField::source : SetField::destination);
  }

  void address_type(std::string_view word) {
    if (word == "--src-type" || word == "--dst-type") {
      auto& op = add(Op::address_type);
      op.flag = word == "--dst-type" ? type_destination : 0;
      op.name = next();
    } else {
      for (size_t i = rule_.ops.size(); i-- > 0 && rule_.ops[i].op == Op::address_type;)
        rule_.ops[i].flag = static_cast<uint8_t>(
            rule_.ops[i].flag | (word == "--limit-iface-in" ? type_limit_in : type_limit_out));
    }
  }

  void reverse_path(std::string_view word) {
    if (rule_.ops.empty() || rule_.ops.back().op != Op::reverse_path) add(Op::reverse_path);
    auto& op = rule_.ops.back();
    if (word == "--invert") op.invert = true;
    if (word == "--loose") op.flag |= path_loose;
    if (word == "--validmark") op.flag |= path_mark;
    if (word == "--accept-local") op.flag |= path_accept_local;
  }

  void other_match(std::string_view word) {
    if (word == "--sport" || word == "--sports") {
      add(Op::source_port).ports = port_list(next(), ':');
    } else if (word == "--dport" || word == "--dports") {
      add(Op::destination_port).ports = port_list(next(), ':');
    } else if (word == "--ports") {
      add(Op::any_port).ports = port_list(next(), ':');
    } else if (word == "--icmp-type" || word == "--icmpv6-type") {
      icmp(next());
    } else if (word == "--tcp-flags") {
      auto& op = add(Op::tcp_flags);
      op.b = flags_of(next());
      op.a = flags_of(next());
    } else if (word == "--dscp") {
      add(Op::dscp).a = static_cast<uint32_t>(parse_number(next(), 63).value_or(0));
    } else if (match_ == "connlimit") {
      const bool above = word == "--connlimit-above";
      if (above) add(Op::never);
      if (above || word == "--connlimit-upto" || word == "--connlimit-mask") next();
    } else if (match_ == "limit" || match_ == "statistic") {
      next();
    } else if (match_ == "recent") {
      recent(word);
    } else {
      add(Op::never).name = match_;  // physdev, socket, ipvs
      if (word.ends_with("physdev-in") || word.ends_with("physdev-out")) next();
    }
  }

  // The list is empty: nobody has been seen; to note an address matches always.
  void recent(std::string_view word) {
    if (word == "--rcheck" || word == "--update" || word == "--remove")
      add(Op::never).name = match_;
    else if (word != "--set" && word != "--reap" && word != "--rttl" && word != "--rsource" &&
             word != "--rdest")
      next();
    else if (word == "--set" && invert_)
      add(Op::never).invert = false;
  }

  static uint32_t flags_of(std::string_view list) {
    static constexpr std::string_view names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG"};
    uint32_t bits = 0;
    for (const auto name : split_commas(list))
      for (size_t i = 0; i < std::size(names); ++i)
        if (names[i] == name) bits |= 1u << i;
    return bits;
  }

  void icmp(std::string_view value) {
    if (value == "any") return;
    const size_t slash = value.find('/');
    auto& op = add(Op::icmp_type);
    op.a = static_cast<uint32_t>(parse_number(value.substr(0, slash), 255).value_or(255));
    op.b = slash == std::string_view::npos
               ? 256
               : static_cast<uint32_t>(parse_number(value.substr(slash + 1), 255).value_or(0));
  }

  void target(std::string_view name, bool is_goto) {
    invert_ = false;
    if (is_goto) {
      add(Op::goto_).name = name;
    } else if (name == "ACCEPT" || name == "DROP" || name == "RETURN") {
      add(name == "ACCEPT" ? Op::accept : name == "DROP" ? Op::drop : Op::return_);
    } else if (name == "MARK" || name == "CONNMARK") {
      mark_target(name == "MARK");
    } else if (name == "REJECT") {
      next();
      add(Op::reject).name = next();
    } else if (name == "DNAT" || name == "SNAT") {
      next();
      nat_range(add(name == "DNAT" ? Op::dnat : Op::snat), next());
      at_ = split_.words.size();
    } else if (name == "MASQUERADE" || name == "REDIRECT") {
      auto& op = add(name == "MASQUERADE" ? Op::masquerade : Op::redirect);
      if (peek_is("--to-ports")) {
        next();
        op.ports = port_list(next(), '-');
      }
      at_ = split_.words.size();
    } else if (name == "NOTRACK" || (name == "CT" && peek_is("--notrack"))) {
      add(Op::no_track);
      at_ = split_.words.size();
    } else if (name == "DSCP") {
      next();
      add(Op::set_dscp).a = static_cast<uint32_t>(parse_number(next(), 63).value_or(0));
    } else if (find_ipt_target(name) != nullptr) {
      at_ = split_.words.size();  // LOG, NFLOG, TRACE, TCPMSS, CT zones: no effect here
    } else {
      add(Op::jump).name = name;
    }
  }

  void mark_target(bool packet) {
    const auto word = next();
    if (word == "--set-xmark") {
      const auto mark = parse_mark(next()).value_or(MarkValue{});
      auto& op = add(packet ? Op::set_mark : Op::set_connection_mark);
      op.a = mark.value;
      op.b = mark.mask;
      return;
    }
    next();
    const auto nf = parse_number(next(), ~uint32_t{0}).value_or(~uint32_t{0});
    next();
    const auto ct = parse_number(next(), ~uint32_t{0}).value_or(~uint32_t{0});
    auto& op = add(word == "--save-mark" ? Op::save_mark : Op::restore_mark);
    op.a = static_cast<uint32_t>(nf);
    op.b = static_cast<uint32_t>(ct);
  }

  // "address", "low-high", "address:ports", ":ports", "[address]:ports".
  void nat_range(RuleOp& op, std::string_view value) const {
    std::string_view addresses = value, ports;
    if (family_ == IpFamily::v6 && value.starts_with('[')) {
      const size_t close = value.find(']');
      addresses = value.substr(1, close - 1);
      if (close + 2 < value.size()) ports = value.substr(close + 2);
    } else if (family_ == IpFamily::v4 && value.find(':') != std::string_view::npos) {
      addresses = value.substr(0, value.find(':'));
      ports = value.substr(value.find(':') + 1);
    }
    if (!ports.empty()) op.ports = port_list(ports, '-');
    const size_t dash = addresses.find('-');
    const auto low = Ip::parse(addresses.substr(0, dash));
    if (!low) return;
    op.has_address = true;
    op.low = *low;
  }

  Words split_;
  IpFamily family_;
  size_t at_ = 0;
  bool invert_ = false;
  std::string_view match_;
  Rule rule_;
};

}  // namespace

Rule compile_ipt_rule(const std::string& text, IpFamily family) {
  return IptReader(text, family).read();
}

}  // namespace felixsim::walk
