// SPDX-License-Identifier: Apache-2.0
// sysctl. Mirrors procps-ng 4.0.2 sysctl.c: "-w name=value", "name", "-a"; it goes on behind what
// cannot be done, and exits with 1 then. A setting that a kernel has not is refused as there; one
// of which that is not known here is kept, and the answer says so. Left out: files, patterns.
#include <algorithm>

#include "model/kernel/kernel_core.h"
#include "model/kernel/sysctl_names.h"
#include "model/kernel/sysctl_text.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

struct SysctlOptions {
  bool write = false, ignore_unknown = false, quiet = false, values_only = false, all = false;
};

// False: an option that is not known.
bool take_option(std::string_view word, SysctlOptions& options) {
  if (word == "--write") return options.write = true;
  if (word == "--ignore") return options.ignore_unknown = true;
  if (word == "--quiet") return options.quiet = true;
  if (word == "--values") return options.values_only = true;
  if (word == "--all") return options.all = true;
  if (word.starts_with("--")) return false;
  for (const char c : word.substr(1)) {
    if (c == 'w') options.write = true;
    if (c == 'e') options.ignore_unknown = true;
    if (c == 'q') options.quiet = true;
    if (c == 'n') options.values_only = true;
    if (c == 'a' || c == 'A' || c == 'X') options.all = true;
    if (std::string_view("weqnaAXox").find(c) == std::string_view::npos) return false;
  }
  return true;
}

// Dots between the parts: a slash in an interface's name stands for a dot and the other way round.
std::string dotted(std::string_view text) {
  std::string name(trim(text));
  const size_t separator = name.find_first_of("./");
  if (separator != std::string::npos && name[separator] == '/')
    for (char& c : name) c = c == '/' ? '.' : c == '.' ? '/' : c;
  return name;
}

// The name by which the state has it: all dots.
std::string key_of(std::string name) {
  std::replace(name.begin(), name.end(), '/', '.');
  return name;
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return parse_number(text, 0xffffffff).has_value();
}

class Sysctl {
 public:
  Sysctl(KernelCore& core, const SysctlOptions& options) : core_(core), options_(options) {
    for (const auto& [name, link] : core.state.links) interfaces_.insert(name);
  }

  KernelAnswer answer() && { return {rc_, errors_.empty() ? out_ : errors_ + out_}; }

  void take(std::string_view word) {
    const size_t equals = word.find('=');
    if (equals != std::string_view::npos)
      set(dotted(word.substr(0, equals)), std::string(trim(word.substr(equals + 1))));
    else if (options_.write)
      fail("command line(0): invalid syntax, continuing...");
    else
      show(dotted(word));
  }

 private:
  void fail(const std::string& what) {
    errors_ += "sysctl: " + what + "\n";
    rc_ = 1;
  }

  // Whether the setting may be there; says so where not.
  bool look(const std::string& name) {
    knowledge_ = know_sysctl(name, interfaces_);
    if (!is_of_interface(name) && core_.state.sysctls.contains(name))
      knowledge_ = SysctlKnowledge::exists;
    if (knowledge_ != SysctlKnowledge::missing) return true;
    std::string path = name;
    for (char& c : path) c = c == '.' ? '/' : c == '/' ? '.' : c;
    if (!options_.ignore_unknown)
      fail(fmt::format("cannot stat /proc/sys/{}: No such file or directory", path));
    return false;
  }

  void print(const std::string& name, const std::string& value) {
    if (options_.values_only)
      out_ += value + "\n";
    else
      out_ += fmt::format("{} = {}\n", name, value);
  }

  void set(const std::string& name, const std::string& value) {
    if (name.empty()) return fail("Path is not under /proc/sys/: /proc/sys/");
    if (!look(name)) return;
    const bool numeric = is_of_interface(name) || name == "net.ipv4.ip_forward";
    const bool bad = numeric && !name.ends_with(".stable_secret") && !is_number(value);
    if (bad || apply_sysctl(core_, {key_of(name), value}).rc != 0)
      return fail(fmt::format("setting key \"{}\": Invalid argument", name));
    if (knowledge_ == SysctlKnowledge::not_known)
      errors_ += fmt::format(
          "felixsim: not known whether this kernel has {}; it is kept and does nothing\n", name);
    if (!options_.quiet) print(name, value);
  }

  void show(const std::string& name) {
    if (!look(name)) return;
    const auto found = core_.state.sysctls.find(key_of(name));
    if (found != core_.state.sysctls.end()) return print(name, found->second);
    fail(fmt::format("felixsim does not know the value of {}", name));
  }

  KernelCore& core_;
  SysctlOptions options_;
  std::set<std::string> interfaces_;
  SysctlKnowledge knowledge_ = SysctlKnowledge::exists;
  std::string out_, errors_;
  int rc_ = 0;
};

}  // namespace

KernelAnswer run_sysctl(KernelCore& core, const CommandWords& words) {
  SysctlOptions options;
  CommandWords settings;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!words[i].starts_with('-') || words[i].size() < 2)
      settings.push_back(words[i]);
    else if (!take_option(words[i], options))
      return {1, fmt::format("sysctl: option {} is not known or not modelled", words[i])};
  }
  if (options.all) return {0, print_sysctls(core.state.sysctls)};
  if (settings.empty()) return {1, "sysctl: no variables specified"};
  Sysctl sysctl(core, options);
  for (const auto word : settings) sysctl.take(word);
  return std::move(sysctl).answer();
}

}  // namespace felixsim
