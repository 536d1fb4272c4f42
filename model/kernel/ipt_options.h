// SPDX-License-Identifier: Apache-2.0
// The long options of iptables and iptables-restore themselves, and getopt_long's rule for those
// that are cut short.
#pragma once

#include <span>
#include <string_view>

namespace felixsim {

struct IptLongOption {
  std::string_view name;  // with its dashes
  char letter;            // the short one that means the same
};
// Of a direct command and of the lines of a restore.
std::span<const IptLongOption> ipt_long_options();
// Of the program iptables-restore.
std::span<const IptLongOption> ipt_restore_options();

// What a word such as "--sour" or "--table=nat" stands for.
struct IptLongMatch {
  const IptLongOption* option = nullptr;  // null: none, or several that differ
  bool ambiguous = false;
};
IptLongMatch find_ipt_long_option(std::span<const IptLongOption> options, std::string_view word);
// The word before "=", and what stands behind it.
std::string_view ipt_option_name(std::string_view word);

}  // namespace felixsim
