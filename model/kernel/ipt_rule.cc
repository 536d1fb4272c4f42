// SPDX-License-Identifier: Apache-2.0
// The rule parser: words into parts, parts into the words of iptables-save. Mirrors iptables 1.8.9
// xshared.c (do_parse, save_ipv4_addr) and nft-shared.c. Left out: option abbreviations, host names
// instead of addresses, address lists, masks with holes, the extensions that nobody beside Felix on
// a node writes.
#include "model/kernel/ipt_rule.h"

#include "model/kernel/ipt_options.h"

#include <cstring>

namespace felixsim {
namespace {

constexpr size_t max_interface_name = 15;  // IFNAMSIZ - 1
constexpr size_t max_target_name = 28;     // XT_EXTENSION_MAXNAMELEN - 1

struct ProtocolName {
  int number;
  std::string_view name;
};
// The first name of a number is the one that is printed.
constexpr ProtocolName protocols[] = {
    {1, "icmp"},        {2, "igmp"},         {4, "ipencap"},
    {6, "tcp"},         {17, "udp"},         {33, "dccp"},
    {41, "ipv6"},       {43, "ipv6-route"},  {44, "ipv6-frag"},
    {46, "rsvp"},       {47, "gre"},         {50, "esp"},
    {51, "ah"},         {58, "ipv6-icmp"},   {58, "icmpv6"},
    {59, "ipv6-nonxt"}, {60, "ipv6-opts"},   {88, "eigrp"},
    {89, "ospf"},       {94, "ipip"},        {97, "etherip"},
    {98, "encap"},      {103, "pim"},        {108, "ipcomp"},
    {112, "vrrp"},      {115, "l2tp"},       {124, "isis"},
    {132, "sctp"},      {133, "fc"},         {135, "mobility-header"},
    {136, "udplite"},   {137, "mpls-in-ip"}, {139, "hip"},
    {140, "shim6"}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}

// The length of a dotted netmask without holes.
std::optional<int> mask_length(std::string_view text) {
  const auto mask = Ip::parse(text);
  if (!mask || !mask->is_v4()) return std::nullopt;
  const uint32_t bits = mask->to_u32();
  int length = 0;
  while (length < 32 && (bits >> (31 - length) & 1)) ++length;
  if (length < 32 && bits << length != 0) return std::nullopt;
  return length;
}

// "10.1" is 10.1.0.0.
std::string padded(std::string_view text) {
  const size_t slash = std::min(text.find('/'), text.size());
  std::string address(text.substr(0, slash));
  if (address.empty() || address.find_first_not_of("0123456789.") != std::string::npos)
    return std::string(text);
  for (auto dots = std::count(address.begin(), address.end(), '.'); dots < 3; ++dots)
    address += ".0";
  return address.append(text.substr(slash));
}

Result<Cidr> parse_net(std::string_view words, IpFamily family) {
  const std::string text = family == IpFamily::v4 ? padded(words) : std::string(words);
  auto net = Cidr::parse_cidr_or_ip(text);
  const size_t slash = text.find('/');
  if (!net && slash != std::string_view::npos) {
    const auto ip = Ip::parse(text.substr(0, slash));
    const auto length = mask_length(text.substr(slash + 1));
    if (ip && ip->is_v4() && length) net = Cidr::of(*ip, *length);
    if (ip && !net)
      return invalid(fmt::format("invalid mask `{}' specified", text.substr(slash + 1)));
  }
  if (!net || net->address.family != family)
    return invalid(fmt::format("host/network `{}' not found", words));
  return *net;
}

void append_flag(std::string& out, bool invert, std::string_view flag, std::string_view value) {
  if (invert) out += "! ";
  out += flag;
  out += ' ';
  out += value;
  out += ' ';
}

Status append_net(std::string& out, bool invert, std::string_view flag, std::string_view text,
                  IptRuleContext& context) {
  auto net = parse_net(text, context.dialect.family);
  if (!net) return forward(net);
  if (net->length == 0 && !invert) return {};
  if (net->length == 0) context.out->matches_nothing = true;
  append_flag(out, invert, flag, net->str());
  return {};
}

Status append_interface(std::string& out, bool invert, std::string_view flag,
                        std::string_view name) {
  if (name.size() > max_interface_name)
    return invalid(fmt::format("interface name `{}' must be shorter than IFNAMSIZ (15)", name));
  if (name == "+" && !invert) return {};
  append_flag(out, invert, flag, name);
  return {};
}

}  // namespace

const IptOption* IptLoaded::find(uint8_t id) const {
  for (const auto& option : options)
    if (option.id == id) return &option;
  return nullptr;
}

uint8_t ipt_table_bit(std::string_view table) {
  if (table == "filter") return 1;
  if (table == "nat") return 2;
  if (table == "mangle") return 4;
  if (table == "raw") return 8;
  if (table == "security") return 16;
  return 0;
}

uint8_t ipt_hook_bit(std::string_view chain) {
  if (chain == "PREROUTING") return ipt_prerouting;
  if (chain == "INPUT") return ipt_input;
  if (chain == "FORWARD") return ipt_forward;
  if (chain == "OUTPUT") return ipt_output;
  return chain == "POSTROUTING" ? ipt_postrouting : 0;
}

std::optional<int> ipt_protocol_number(std::string_view text) {
  if (const auto number = parse_number(text, 255)) return static_cast<int>(*number);
  const std::string name = lower(text);
  if (name == "all") return 0;
  for (const auto& protocol : protocols)
    if (protocol.name == name) return protocol.number;
  return std::nullopt;
}

void append_ipt_protocol(std::string& out, int number) {
  for (const auto& protocol : protocols)
    if (protocol.number == number) {
      out += protocol.name;
      return;
    }
  out += std::to_string(number);
}

IptLoaded& IptRuleParser::load(const IptExtension* extension) {
  if (count_ == loaded_.size()) loaded_.emplace_back();
  IptLoaded& loaded = loaded_[count_++];
  loaded.extension = extension;
  loaded.options.clear();
  return loaded;
}

Status IptRuleParser::take_target(std::string_view name, bool is_goto, IptRuleContext& context) {
  if (!context.out->target.empty()) return invalid("multiple -j flags not allowed");
  if (name.size() > max_target_name)
    return invalid(fmt::format("Invalid target name `{}' (28 chars max)", name));
  if (name.empty() || name[0] == '-' || name[0] == '!')
    return invalid(fmt::format("Invalid target name `{}'", name));
  context.out->target = name;
  context.out->is_goto = is_goto;
  const bool other_family = (name == "TTL" && !context.v4()) || (name == "HL" && context.v4());
  target_.extension = is_goto || other_family ? nullptr : find_ipt_target(name);
  target_.options.clear();
  context.out->target_is_chain = target_.extension == nullptr;
  return {};
}

namespace {

// Among the options of one extension: one that has the name, or that it is short for.
void look_in(IptLoaded& loaded, std::string_view name, bool exact, IptLoaded*& owner,
             const IptOptionSpec*& found, bool& ambiguous) {
  for (const auto& option : loaded.extension->options) {
    if (exact ? option.name != name : !option.name.starts_with(name)) continue;
    ambiguous |= found && (owner != &loaded || found->id != option.id);
    if (found) continue;
    owner = &loaded;
    found = &option;
  }
}

Status add_option(IptLoaded& loaded, const IptOptionSpec& spec, bool invert,
                  const std::vector<std::string_view>& words, size_t& i) {
  if (invert && !spec.invertible)
    return invalid(fmt::format("unexpected ! flag before {}", spec.name));
  if (loaded.find(spec.id))
    return invalid(
        fmt::format("{}: option \"{}\" can only be used once.", loaded.extension->name, spec.name));
  IptOption option{spec.id, invert, {}, {}, spec.hooks};
  const size_t equals = words[i].find('=');
  const bool joined = equals != std::string_view::npos && spec.arguments > 0;
  if (i + spec.arguments - (joined ? 1 : 0) >= words.size())
    return invalid(fmt::format("option \"{}\" requires an argument", spec.name));
  if (joined)
    option.value = words[i].substr(equals + 1);
  else if (spec.arguments > 0)
    option.value = words[++i];
  if (spec.arguments > 1) option.second = words[++i];
  loaded.options.push_back(option);
  return {};
}

}  // namespace

// The extension that was loaded last comes first; a name in full before one that is cut short.
IptRuleParser::Found IptRuleParser::find_loaded(std::string_view name) {
  for (const bool exact : {true, false}) {
    if (!exact && (!name.starts_with("--") || name.size() < 3)) break;
    Found found;
    if (target_.extension) look_in(target_, name, exact, found.loaded, found.spec, found.ambiguous);
    for (size_t m = count_; m-- > 0 && (!exact || !found.spec);)
      look_in(loaded_[m], name, exact, found.loaded, found.spec, found.ambiguous);
    if (exact) found.ambiguous = false;
    if (!found.spec) continue;
    const auto own = find_ipt_long_option(ipt_long_options(), name);
    found.ambiguous |= !exact && (own.option || own.ambiguous);
    return found;
  }
  return {};
}

// Where none of the loaded extensions has it, the match of the protocol is tried.
Status IptRuleParser::take_extension_option(const std::vector<std::string_view>& words, size_t& i,
                                            bool invert, IptRuleContext& context) {
  const std::string_view name = ipt_option_name(words[i]);
  auto found = find_loaded(name);
  if (!found.spec) {
    const IptExtension* implied = find_ipt_protocol_match(context.protocol);
    if (implied && !context.protocol_inverted) {
      load(implied);
      found = find_loaded(name);
      if (!found.spec || found.loaded->extension != implied) --count_;
    }
  }
  if (found.spec && !found.ambiguous)
    return add_option(*found.loaded, *found.spec, invert, words, i);
  if (words[i].empty() || words[i][0] != '-')
    return invalid(fmt::format("Bad argument `{}'", words[i]));
  return invalid(fmt::format("unknown option \"{}\"", words[i]));
}

// An option of the tool in full comes before those of extensions, one that is cut short only if no
// extension has one that begins so.
char IptRuleParser::own_letter(std::string_view word) {
  if (word.size() == 2 && word[0] == '-') return word[1];
  const auto match = find_ipt_long_option(ipt_long_options(), word);
  if (!match.option) return 0;
  const auto name = ipt_option_name(word);
  return match.option->name == name || !find_loaded(name).spec ? match.option->letter : 0;
}

Status IptRuleParser::take_word(const std::vector<std::string_view>& words, size_t& i, bool& invert,
                                IptRuleContext& context) {
  const std::string_view word = words[i];
  const bool inverted = std::exchange(invert, false);
  const char letter = own_letter(word);
  const auto take = [&](Net& net) -> Status {
    if (!net.text.empty()) return invalid(fmt::format("multiple {} flags not allowed", word));
    // What is joined to the option the tool takes with it, and does not understand.
    const bool joined = word.find('=') != std::string_view::npos;
    if (!joined && i + 1 >= words.size())
      return invalid(fmt::format("option \"{}\" requires an argument", word));
    net = {inverted, joined ? word : words[++i]};
    return {};
  };
  if (word == "!") {
    if (inverted) return invalid("Multiple `!' flags not allowed");
    invert = true;
    return {};
  }
  if (letter == 'm') {
    if (i + 1 >= words.size()) return invalid("option \"-m\" requires an argument");
    const auto* match = find_ipt_match(words[++i], context.dialect.family);
    if (!match)
      return invalid(fmt::format("Couldn't load match `{}':No such file or directory", words[i]));
    load(match);
    return {};
  }
  const bool is_goto = letter == 'g';
  if (is_goto || letter == 'j') {
    if (i + 1 >= words.size()) return invalid("option \"-j\" requires an argument");
    return take_target(words[++i], is_goto, context);
  }
  if (letter == 's') return take(base_.source);
  if (letter == 'd') return take(base_.destination);
  if (letter == 'i') return take(base_.in);
  if (letter == 'o') return take(base_.out);
  if (letter == 'p') {
    if (auto taken = take(base_.protocol); !taken) return taken;
    const auto number = ipt_protocol_number(base_.protocol.text);
    if (!number)
      return invalid(fmt::format("unknown protocol \"{}\" specified", base_.protocol.text));
    context.protocol = *number;
    context.protocol_inverted = base_.protocol.invert;
    if (*number == 0 && inverted) return invalid("rule would never match protocol");
    return {};
  }
  if (letter == 'f' && context.v4()) {
    base_.fragment = true;
    base_.fragment_inverted = inverted;
    return {};
  }
  if (letter == (context.v4() ? '4' : '6') || word == "--") return {};
  if (letter == 'c') {  // counters, which are not kept
    if (i + 2 >= words.size() || !parse_number(words[i + 1], ~uint64_t{0}) ||
        !parse_number(words[i + 2], ~uint64_t{0}))
      return invalid("-c packet counter not numeric");
    i += 2;
    return {};
  }
  return take_extension_option(words, i, inverted, context);
}

Status IptRuleParser::print(IptRuleContext& context) {
  std::string& out = context.out->text;
  Status ok;
  if (!base_.source.text.empty())
    ok = append_net(out, base_.source.invert, "-s", base_.source.text, context);
  if (ok && !base_.destination.text.empty())
    ok = append_net(out, base_.destination.invert, "-d", base_.destination.text, context);
  if (ok && !base_.in.text.empty())
    ok = append_interface(out, base_.in.invert, "-i", base_.in.text);
  if (ok && !base_.out.text.empty())
    ok = append_interface(out, base_.out.invert, "-o", base_.out.text);
  if (!ok) return ok;
  context.out->has_in = !base_.in.text.empty();
  context.out->has_out = !base_.out.text.empty();
  if (context.protocol != 0) {
    if (context.protocol_inverted) out += "! ";
    out += "-p ";
    append_ipt_protocol(out, context.protocol);
    out += ' ';
  }
  if (base_.fragment) out += base_.fragment_inverted ? "! -f " : "-f ";
  if (!out.empty()) out.pop_back();
  const auto append = [&](const IptLoaded& loaded, std::string_view flag) -> Status {
    const auto& extension = *loaded.extension;
    if (!out.empty()) out += ' ';
    out += flag;
    out += extension.prints;
    context.out->tables &= extension.tables;
    context.out->hooks &= extension.hooks;
    for (const auto& option : loaded.options) context.out->hooks &= option.hooks;
    if (!extension.kernel_feature.empty()) context.out->kernel_feature = extension.kernel_feature;
    return extension.print(loaded, context, out);
  };
  for (size_t m = 0; m < count_; ++m)
    if (auto done = append(loaded_[m], "-m "); !done) return done;
  if (target_.extension) return append(target_, "-j ");
  if (!context.out->target.empty()) {
    if (!out.empty()) out += ' ';
    out += context.out->is_goto ? "-g " : "-j ";
    out += context.out->target;
  }
  return {};
}

Status IptRuleParser::parse(const std::vector<std::string_view>& words, size_t first,
                            IptDialect dialect, ParsedIptRule& out) {
  base_ = {};
  count_ = 0;
  target_ = {};
  out = {};
  size_t length = 0;
  for (size_t i = first; i < words.size(); ++i) length += words[i].size() + 3;
  out.text.reserve(length);
  IptRuleContext context{dialect, 0, false, &out};
  bool invert = false;
  for (size_t i = first; i < words.size(); ++i)
    if (auto taken = take_word(words, i, invert, context); !taken) return taken;
  if (invert) return invalid("nothing appropriate following !");
  return print(context);
}

Result<ParsedIptRule> parse_ipt_rule(std::string_view words, IptDialect dialect) {
  Words split;
  if (!split_restore_line(words, split)) return invalid("unbalanced quotes in a rule");
  ParsedIptRule rule;
  if (auto parsed = IptRuleParser{}.parse(split.words, 0, dialect, rule); !parsed)
    return forward(parsed);
  return rule;
}

}  // namespace felixsim
