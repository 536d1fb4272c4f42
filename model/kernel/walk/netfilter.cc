// SPDX-License-Identifier: Apache-2.0
// Hooks, chains and rules. Mirrors x_tables' and nf_tables' walk through chains (Linux
// net/ipv4/netfilter/ip_tables.c, net/netfilter/nf_tables_core.c).
#include "model/kernel/walk/walker.h"

namespace felixsim::walk {
namespace {

constexpr size_t max_depth = 64;  // chains within chains: deeper than any ruleset; a loop
// Chains that jump to each other many times over multiply: a few lines of rules can keep a kernel
// busy for years. No ruleset that is meant to work lets one packet meet so many.
constexpr size_t most_rules = 10'000'000, most_recorded_steps = 200'000;
constexpr int destination_nat = -100, source_nat = 100;

bool device_matches(const std::string& pattern, const std::string& name) {
  if (pattern.ends_with('+'))
    return name.compare(0, pattern.size() - 1, pattern, 0, pattern.size() - 1) == 0;
  return pattern == name;
}

bool in_ranges(const RuleOp& op, uint16_t number) {
  for (const auto& [low, high] : op.ports)
    if (low <= number && number <= high) return true;
  return false;
}

bool is_icmp(const Packet& packet) { return packet.protocol == 1 || packet.protocol == 58; }
bool has_ports(const Packet& packet) { return !is_icmp(packet); }

std::string_view state_word(const Skb& skb) {
  switch (skb.state) {
    case state_new:
      return "NEW";
    case state_established:
      return "ESTABLISHED";
    case state_related:
      return "RELATED";
    case state_untracked:
      return "UNTRACKED";
    default:
      return "INVALID";
  }
}

}  // namespace

std::string_view hook_name(Hook hook) {
  static constexpr std::string_view names[] = {"PREROUTING", "INPUT", "FORWARD", "OUTPUT",
                                               "POSTROUTING"};
  return names[static_cast<size_t>(hook)];
}

bool Walker::matches_address_type(const Context& context, const RuleOp& op) {
  const Packet& packet = context.skb->packet;
  const Ip& ip = op.flag & type_destination ? packet.destination : packet.source;
  const Route* route = context.kernel->fib(ip.family).find_in(255, ip);
  const bool limited = op.flag & (type_limit_in | type_limit_out);
  const std::string& device = op.flag & type_limit_out ? *context.out : *context.in;
  std::string_view type = "UNICAST";
  if (route && (!limited || route->device == device)) {
    if (route->type == Route::Type::local) type = "LOCAL";
    if (route->type == Route::Type::broadcast) type = "BROADCAST";
  }
  if (ip.is_v4() ? ip.bytes[0] >= 224 && ip.bytes[0] < 240 : ip.bytes[0] == 0xff)
    type = "MULTICAST";
  if (ip.is_v4() && ip.to_u32() == ~uint32_t{0}) type = "BROADCAST";
  for (std::string_view list = op.name; !list.empty();) {
    const size_t comma = list.find(',');
    if (list.substr(0, comma) == type) return true;
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  }
  return false;
}

// ipt_rpfilter.c, ip6t_rpfilter.c, nft_fib_ipv4.c: would an answer leave by the device that the
// packet came in by?
bool Walker::reverse_path(const Context& context, const RuleOp& op) {
  if (*context.in == "lo") return true;
  const Packet& packet = context.skb->packet;
  const Ip& source = packet.source;
  if (!source.is_v4() && source.bytes[0] == 0xfe && (source.bytes[1] & 0xc0) == 0x80) return true;
  const uint32_t mark = op.flag & path_mark ? context.skb->mark : 0;
  const Route* route = context.kernel->fib(source.family).find(source, packet.destination, mark);
  if (!route) return false;
  if (route->type == Route::Type::local && (op.flag & path_accept_local)) return true;
  if (route->type != Route::Type::unicast) return false;
  return (op.flag & path_loose) || Fib::leaves_by(*route, *context.in);
}

bool Walker::matches(const Context& context, const RuleOp& op, TableInfo& table) {
  const Skb& skb = *context.skb;
  const Packet& packet = skb.packet;
  switch (op.op) {
    case Op::source:
      return op.net.contains(packet.source);
    case Op::destination:
      return op.net.contains(packet.destination);
    case Op::in_device:
      return device_matches(op.name, *context.in);
    case Op::out_device:
      return device_matches(op.name, *context.out);
    case Op::protocol:
      return op.ports.empty() ? op.a == packet.protocol : in_ranges(op, packet.protocol);
    case Op::source_port:
      return has_ports(packet) && in_ranges(op, packet.source_port);
    case Op::destination_port:
      return has_ports(packet) && in_ranges(op, packet.destination_port);
    case Op::any_port:
      return in_ranges(op, packet.source_port) || in_ranges(op, packet.destination_port);
    case Op::mark:
      return (skb.mark & op.b) == op.a;
    case Op::ip_set: {
      auto* set = context.kernel->ip_set(op.name);
      return set && set->matches(packet, op.fields);
    }
    case Op::nft_set:
      return context.kernel->nft_set(table, op.name)->matches(packet, op.fields);
    case Op::address_type:
      return matches_address_type(context, op);
    case Op::icmp_type:
      if (!op.ports.empty()) return is_icmp(packet) && in_ranges(op, packet.icmp_type);
      return is_icmp(packet) && packet.icmp_type == op.a &&
             (op.b > 255 || packet.icmp_code == op.b);
    case Op::icmp_code:
      if (!op.ports.empty()) return is_icmp(packet) && in_ranges(op, packet.icmp_code);
      return is_icmp(packet) && packet.icmp_code == op.a;
    case Op::reverse_path:
      return reverse_path(context, op);
    case Op::tcp_flags:
      return packet.protocol == 6 && (packet.tcp_flags & op.b) == op.a;
    case Op::dscp:
      return packet.dscp == op.a;
    case Op::never:
      return false;
    default:
      return matches_state(skb, op);
  }
}

void Walker::change(const Context& context, const RuleOp& op) {
  Skb& skb = *context.skb;
  Connection* connection =
      skb.connection < 0 ? nullptr : &connections_[static_cast<size_t>(skb.connection)];
  switch (op.op) {
    case Op::set_mark:
      skb.mark = (skb.mark & ~op.b) ^ op.a;
      break;
    case Op::set_connection_mark:
      if (connection) connection->mark = (connection->mark & ~op.b) ^ op.a;
      break;
    case Op::save_mark:
      if (connection) connection->mark = (connection->mark & ~op.b) ^ (skb.mark & op.a);
      break;
    case Op::restore_mark:
      if (connection) skb.mark = (skb.mark & ~op.a) ^ (connection->mark & op.b);
      break;
    case Op::set_dscp:
      skb.packet.dscp = static_cast<uint8_t>(op.a);
      break;
    default:  // no_track
      if (skb.state == 0) skb.state = state_untracked;
      break;
  }
}

void Walker::record_rule(const Context& context, const Chain& chain, size_t number, bool ends) {
  if (!steps_) return;
  Step step;
  step.kind = StepKind::rule;
  step.node = world_.nodes()[static_cast<size_t>(context.node)].name;
  step.hook = context.hook;
  step.table = chain.table->label;
  step.chain = chain.name;
  step.rule = static_cast<int>(number) + 1;
  if (chain.ipt) step.text = chain.ipt->rules[number];
  if (chain.nft) {
    step.text = chain.nft->rules[number].text;
    step.comment = chain.nft->rules[number].comment;
  }
  step.ends = ends;
  if (ends) decided_ = static_cast<int>(steps_->size());
  steps_->push_back(std::move(step));
}

Walker::Next Walker::verdict(const Context& context, const RuleOp& op, Chain& chain, int& target,
                             End& end) {
  switch (op.op) {
    case Op::accept:
      end = End::accept;
      return Next::stop;
    case Op::drop:
      end = End::drop;
      return Next::stop;
    case Op::reject:
      reject_with_ = op.name;
      end = End::reject;
      return Next::stop;
    case Op::return_:
      return Next::leave;
    case Op::jump:
    case Op::goto_:
      target = static_cast<int>(op.a);
      return op.op == Op::jump ? Next::jump : Next::go;
    case Op::verdict_map: {
      const auto set = chain.table->nft->sets.find(op.name);
      if (set == chain.table->nft->sets.end()) return Next::next_rule;
      const auto& device = op.flag ? *context.out : *context.in;
      const auto found = set->second.elements.find("\"" + device + "\"");
      if (found == set->second.elements.end()) return Next::next_rule;
      RuleOp mapped = compile_nft_rule(found->second, chain.table->nft->family).ops.at(0);
      if (mapped.op == Op::jump || mapped.op == Op::goto_)
        mapped.a = static_cast<uint32_t>(context.kernel->chain_named(*chain.table, mapped.name));
      return verdict(context, mapped, chain, target, end);
    }
    default:
      if (!translate(context, op)) return Next::next_rule;
      end = End::translated;
      return Next::stop;
  }
}

Walker::Next Walker::run_rule(const Context& context, Chain& chain, size_t number, int& target,
                              End& end) {
  for (const auto& op : chain.rules[number].ops) {
    if (op.op < Op::set_mark) {
      if (matches(context, op, *chain.table) == op.invert) return Next::next_rule;
      continue;
    }
    if (op.op < Op::accept) {
      change(context, op);
      continue;
    }
    const Next step = verdict(context, op, chain, target, end);
    if (step != Next::next_rule)
      record_rule(context, chain, number, step == Next::stop && end != End::translated);
    return step;
  }
  record_rule(context, chain, number, false);
  return Next::next_rule;
}

Walker::End Walker::give_up(const Context& context) {
  if (!steps_ || (!steps_->empty() && steps_->back().kind == StepKind::drop)) return End::drop;
  note(StepKind::drop, context.node, "the packet meets too many rules to follow; taken as dropped");
  steps_->back().ends = true;
  decided_ = static_cast<int>(steps_->size()) - 1;
  return End::drop;
}

Walker::End Walker::run_base(const Context& context, const BaseChain& base) {
  struct Frame {
    Chain* chain;
    size_t next;
  };
  std::array<Frame, max_depth> stack;
  size_t depth = 0;
  Frame at{&context.kernel->chain(base.chain), 0};
  while (true) {
    if (at.next >= at.chain->rules.size()) {
      if (depth == 0) return base.drops ? End::drop : End::policy;
      at = stack[--depth];
      continue;
    }
    if (++rules_met_ > most_rules || (steps_ && steps_->size() > most_recorded_steps))
      return give_up(context);
    int target = -1;
    End end = End::policy;
    switch (run_rule(context, *at.chain, at.next++, target, end)) {
      case Next::next_rule:
        break;
      case Next::stop:
        return end;
      case Next::leave:
        at.next = at.chain->rules.size();
        break;
      case Next::jump:
        if (target < 0 || depth == max_depth) return End::drop;
        stack[depth++] = at;
        at = {&context.kernel->chain(target), 0};
        break;
      case Next::go:
        if (target < 0) return End::drop;
        at = {&context.kernel->chain(target), 0};
        break;
    }
  }
}

HookResult Walker::run_hook(int node, Hook hook, Skb& skb, const std::string& in,
                            const std::string& out) {
  auto& compiled = kernel(node);
  Context context{node, &compiled, &skb, hook, &in, &out};
  const auto& bases = compiled.hook(skb.packet.source.family, hook);
  const bool tracks = hook == Hook::prerouting || hook == Hook::output;
  const int nat_at = tracks ? destination_nat : source_nat;
  bool tracked = !tracks, translated = hook == Hook::forward;
  const auto until = [&](int priority) {
    if (!tracked && priority > conntrack_priority) {
      tracked = true;
      const bool fresh = skb.state == 0;
      connection_in(node, skb);
      if (recording() && fresh)
        note(StepKind::conntrack, node, fmt::format("the connection is {}", state_word(skb)));
    }
    if (!translated && priority > nat_at) {
      translated = true;
      run_nat(context, bases);
    }
  };
  for (const auto& base : bases) {
    if (base.nat) continue;
    until(base.priority);
    const End end = run_base(context, base);
    if (end != End::drop && end != End::reject) continue;
    if (recording() && (decided_ < 0 || !steps_->back().ends)) {
      const auto& chain = compiled.chain(base.chain);
      steps_->push_back({StepKind::policy, world_.nodes()[static_cast<size_t>(node)].name, hook,
                         chain.table->label, chain.name, 0, "policy DROP", "", true});
      decided_ = static_cast<int>(steps_->size()) - 1;
    }
    HookResult result;
    result.kind = end == End::drop ? HookResult::Kind::dropped : HookResult::Kind::rejected;
    if (end == End::reject) result.reject = reject_with_;
    return result;
  }
  until(1 << 30);
  if (hook == Hook::postrouting || hook == Hook::input) confirm(skb);
  return {};
}

}  // namespace felixsim::walk
