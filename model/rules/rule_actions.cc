// SPDX-License-Identifier: Apache-2.0
// The actions of RuleBuilder. Mirrors felix/iptables/actions.go and felix/nftables/actions.go.
#include "model/rules/rule_words.h"

namespace felixsim::rules {
namespace {

constexpr int64_t nflog_size_bytes = 80;

// Go's net.JoinHostPort.
std::string join_host_port(std::string_view host, std::string_view port) {
  const bool v6 = host.find(':') != std::string_view::npos;
  std::string text(v6 ? "[" : "");
  text.append(host).append(v6 ? "]:" : ":").append(port);
  return text;
}

}  // namespace

// Verdicts.

Rule RuleBuilder::accept() { return nft() ? act("accept") : act("--jump ACCEPT"); }
Rule RuleBuilder::drop() { return nft() ? act("drop") : act("--jump DROP"); }

Rule RuleBuilder::return_() {
  rule_.returns = true;
  return nft() ? act("return") : act("--jump RETURN");
}

Rule RuleBuilder::verdict(Verdict which) {
  switch (which) {
    case Verdict::accept:
      return accept();
    case Verdict::drop:
      return drop();
    case Verdict::reject:
      return nft() ? act("reject") : act("--jump REJECT");
    case Verdict::return_:
      return return_();
  }
  return {};
}

Rule RuleBuilder::jump(std::string_view chain) {
  Rule rule = act(nft() ? "jump " : "--jump ", chain);
  rule.target_at = offset(rule.text.size() - chain.size());
  return rule;
}

Rule RuleBuilder::go_to(std::string_view chain) {
  Rule rule = act(nft() ? "goto " : "--goto ", chain);
  rule.target_at = offset(rule.text.size() - chain.size());
  return rule;
}

// Marks.

Rule RuleBuilder::set_mark(uint32_t bits) {
  return nft() ? act("meta mark set mark or ", Number::hex(bits))
               : act("--jump MARK --set-mark ", Number::hex(bits), "/", Number::hex(bits));
}

Rule RuleBuilder::set_masked_mark(uint32_t mark, uint32_t mask) {
  return nft() ? act("meta mark set mark & ", Number::hex(~mask), " ^ ", Number::hex(mark))
               : act("--jump MARK --set-mark ", Number::hex(mark), "/", Number::hex(mask));
}

Rule RuleBuilder::clear_mark(uint32_t bits) {
  return nft() ? act("meta mark set mark & ", Number::hex(~bits))
               : act("--jump MARK --set-mark 0/", Number::hex(bits));
}

// Logging.

Rule RuleBuilder::log(std::string_view prefix) {
  return nft() ? act("log prefix \"", prefix, ": \" level info")
               : act("--jump LOG --log-prefix \"", prefix, ": \" --log-level 5");
}

Rule RuleBuilder::nflog(uint16_t group, std::string_view prefix) {
  const auto size = Number::dec(nflog_size_bytes);
  if (nft())
    return act("log prefix \"", prefix, "\" snaplen ", size, " group ", Number::dec(group));
  return act("--jump NFLOG --nflog-group ", Number::dec(group), " --nflog-prefix ", prefix,
             features_.nflog_size ? " --nflog-size " : " --nflog-range ", size);
}

// NAT.

Rule RuleBuilder::snat(std::string_view address) {
  if (nft()) return act("snat to ", address, features_.snat_fully_random ? " fully-random" : "");
  return act("--jump SNAT --to-source ", address,
             features_.snat_fully_random ? " --random-fully" : "");
}

Rule RuleBuilder::dnat(std::string_view address, uint16_t port) {
  const std::string to =
      port == 0 ? std::string(address) : join_host_port(address, Number::dec(port).view());
  return nft() ? act("dnat to ", to) : act("--jump DNAT --to-destination ", to);
}

Rule RuleBuilder::masquerade(std::string_view ports) {
  const std::string_view random = !features_.masq_fully_random ? ""
                                  : nft()                      ? " fully-random"
                                                               : " --random-fully";
  if (nft()) return act(ports.empty() ? "masquerade" : "masquerade to :", ports, random);
  return act(ports.empty() ? "--jump MASQUERADE" : "--jump MASQUERADE --to-ports ", ports, random);
}

// The rest.

Rule RuleBuilder::no_track() { return nft() ? act("notrack") : act("--jump NOTRACK"); }

Rule RuleBuilder::dscp(uint8_t value) {
  if (nft()) return act(family_ == IpFamily::v4 ? "ip" : "ip6", " dscp set ", Number::dec(value));
  return act("--jump DSCP --set-dscp ", Number::dec(value));
}

Rule RuleBuilder::limit_packet_rate(int64_t rate, int64_t burst, uint32_t mark) {
  if (nft())
    return act("limit rate over ", Number::dec(rate), "/second burst ", Number::dec(burst),
               " packets drop");
  return act("-m limit --limit ", Number::dec(rate), "/sec --limit-burst ", Number::dec(burst),
             " --jump MARK --set-mark ", Number::hex(mark), "/", Number::hex(mark));
}

Rule RuleBuilder::limit_connections(int64_t count) {
  if (nft()) return act("ct count over ", Number::dec(count), " reject with tcp reset");
  return act("-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -m connlimit --connlimit-above ",
             Number::dec(count), " --connlimit-mask 0 -j REJECT --reject-with tcp-reset");
}

Rule RuleBuilder::none() { return std::move(rule_); }

}  // namespace felixsim::rules
