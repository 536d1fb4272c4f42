// SPDX-License-Identifier: Apache-2.0
// See ipt_options.h. Mirrors iptables 1.8.9 xshared.c (xt_opts) and iptables-restore.c (options).
#include "model/kernel/ipt_options.h"

namespace felixsim {
namespace {

constexpr IptLongOption direct[] = {
    {"--append", 'A'},       {"--delete", 'D'},       {"--check", 'C'},
    {"--insert", 'I'},       {"--replace", 'R'},      {"--list", 'L'},
    {"--list-rules", 'S'},   {"--flush", 'F'},        {"--zero", 'Z'},
    {"--new-chain", 'N'},    {"--delete-chain", 'X'}, {"--rename-chain", 'E'},
    {"--policy", 'P'},       {"--source", 's'},       {"--destination", 'd'},
    {"--src", 's'},          {"--dst", 'd'},          {"--protocol", 'p'},
    {"--in-interface", 'i'}, {"--jump", 'j'},         {"--table", 't'},
    {"--match", 'm'},        {"--numeric", 'n'},      {"--out-interface", 'o'},
    {"--verbose", 'v'},      {"--wait", 'w'},         {"--wait-interval", 'W'},
    {"--exact", 'x'},        {"--fragments", 'f'},    {"--version", 'V'},
    {"--help", 'h'},         {"--line-numbers", '0'}, {"--modprobe", 'M'},
    {"--set-counters", 'c'}, {"--goto", 'g'},         {"--ipv4", '4'},
    {"--ipv6", '6'}};
constexpr IptLongOption restore[] = {
    {"--counters", 'c'}, {"--verbose", 'v'}, {"--version", 'V'},       {"--test", 't'},
    {"--help", 'h'},     {"--noflush", 'n'}, {"--modprobe", 'M'},      {"--table", 'T'},
    {"--wait", 'w'},     {"--ipv4", '4'},    {"--wait-interval", 'W'}, {"--ipv6", '6'}};

}  // namespace

std::span<const IptLongOption> ipt_long_options() { return direct; }
std::span<const IptLongOption> ipt_restore_options() { return restore; }

std::string_view ipt_option_name(std::string_view word) { return word.substr(0, word.find('=')); }

IptLongMatch find_ipt_long_option(std::span<const IptLongOption> options, std::string_view word) {
  IptLongMatch match;
  const auto name = ipt_option_name(word);
  if (!name.starts_with("--") || name.size() < 3) return match;
  for (const auto& option : options) {
    if (option.name == name) return {&option, false};
    if (!option.name.starts_with(name)) continue;
    match.ambiguous |= match.option && match.option->letter != option.letter;
    if (!match.option) match.option = &option;
  }
  if (match.ambiguous) match.option = nullptr;
  return match;
}

}  // namespace felixsim
