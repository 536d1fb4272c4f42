// SPDX-License-Identifier: Apache-2.0
// The inside of the iptables rule parser: a rule as its parts, and the table of extensions (matches
// and targets). iptables_text.h is the outside.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/kernel/iptables_text.h"
#include "model/kernel/words.h"

namespace felixsim {

struct IptExtension;

// Hooks as bits.
constexpr uint8_t ipt_prerouting = 1, ipt_input = 2, ipt_forward = 4, ipt_output = 8,
                  ipt_postrouting = 16;

// One option of a loaded match or target, as written.
struct IptOption {
  uint8_t id = 0;
  bool invert = false;
  std::string_view value, second;  // `second` for options of two arguments
  uint8_t hooks = all_ipt_hooks;
};

struct IptLoaded {
  const IptExtension* extension = nullptr;
  std::vector<IptOption> options;

  const IptOption* find(uint8_t id) const;
};

// What extensions may ask of the rule that they are in, and what they note about it.
struct IptRuleContext {
  IptDialect dialect;
  int protocol = 0;  // 0: any
  bool protocol_inverted = false;
  ParsedIptRule* out = nullptr;

  bool v4() const { return dialect.family == IpFamily::v4; }
  bool is_protocol(int number) const { return protocol == number && !protocol_inverted; }
};

struct IptOptionSpec {
  std::string_view name;  // with its dashes
  uint8_t id;
  uint8_t arguments = 1;
  bool invertible = true;
  uint8_t hooks = all_ipt_hooks;  // from which a rule with it may be reached
};

struct IptExtension {
  std::string_view name;    // as written after -m or -j
  std::string_view prints;  // as saved; "icmpv6" prints "icmp6"
  bool is_target = false;
  std::span<const IptOptionSpec> options;
  // Checks the options and appends " --option value ..." in canonical words. The error is what the
  // tool says.
  Status (*print)(const IptLoaded& loaded, IptRuleContext& context, std::string& out) = nullptr;
  uint8_t tables = 0x1f;  // bits of ipt_table_bit(): the kernel has it in these tables only
  int protocol = 0;       // loaded by `-p` of this number when one of its options turns up
  std::string_view kernel_feature{};  // what the kernel must not lack
  uint8_t hooks = all_ipt_hooks;      // from which the kernel lets it be reached
};

// Helpers of the extensions' printers.
void append_ipt_option(std::string& out, bool invert, std::string_view name);
void append_ipt_option(std::string& out, bool invert, std::string_view name,
                       std::string_view value);

// Null if there is none of that name for this family.
const IptExtension* find_ipt_match(std::string_view name, IpFamily family);
const IptExtension* find_ipt_target(std::string_view name);
const IptExtension* find_ipt_protocol_match(int protocol);

// Those that administrators and kube-proxy write, beside the ones of ipt_matches.cc and
// ipt_targets.cc.
std::span<const IptExtension> other_ipt_matches();
std::span<const IptExtension> other_ipt_targets();

// Of a built-in chain.
uint8_t ipt_hook_bit(std::string_view chain);

// filter 1, nat 2, mangle 4, raw 8, security 16; 0 for others.
uint8_t ipt_table_bit(std::string_view table);

// Protocol numbers and names of Debian 12's /etc/protocols that iptables prints by name.
std::optional<int> ipt_protocol_number(std::string_view text);
void append_ipt_protocol(std::string& out, int number);

// Parses many rules with one set of buffers.
class IptRuleParser {
 public:
  // `words` from `first` on are the rule part of a command.
  Status parse(const std::vector<std::string_view>& words, size_t first, IptDialect dialect,
               ParsedIptRule& out);

 private:
  struct Net {
    bool invert = false;
    std::string_view text;
  };
  struct Base {
    Net source, destination;
    Net in, out;
    Net protocol;
    bool fragment = false, fragment_inverted = false;
    bool has_source = false, has_destination = false;
  };
  Status take_word(const std::vector<std::string_view>& words, size_t& i, bool& invert,
                   IptRuleContext& context);
  // One option of an extension that is loaded or that the protocol implies.
  struct Found {
    IptLoaded* loaded = nullptr;
    const IptOptionSpec* spec = nullptr;
    bool ambiguous = false;  // it may be several
  };
  Found find_loaded(std::string_view name);
  Status take_extension_option(const std::vector<std::string_view>& words, size_t& i, bool invert,
                               IptRuleContext& context);
  // The letter of the tool's own option that a word is or is short for; 0: none.
  char own_letter(std::string_view word);
  Status take_target(std::string_view name, bool is_goto, IptRuleContext& context);
  Status print(IptRuleContext& context);
  IptLoaded& load(const IptExtension* extension);

  Base base_;
  std::vector<IptLoaded> loaded_;  // matches in order; only the first `count_` are in use
  size_t count_ = 0;
  IptLoaded target_;
};

}  // namespace felixsim
