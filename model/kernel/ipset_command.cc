// SPDX-License-Identifier: Apache-2.0
// ipset: direct commands and `ipset restore`. Mirrors ipset 7.17 and net/netfilter/ipset of Linux.
// A restore is no transaction: what came before the line that fails stays. Left out: timeouts,
// ranges in types other than hash:ip, growing of hashes.
#include "model/kernel/ipset_text.h"
#include "model/kernel/kernel_core.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr size_t max_set_name = 31;          // IPSET_MAXNAMELEN - 1
constexpr uint64_t max_expansion = 1 << 20;  // addresses of one hash:ip range

KernelAnswer fails(std::string text) { return {1, std::move(text)}; }
KernelAnswer no_such_set() { return fails("The set with the given name does not exist"); }

std::string name_of(std::string_view word) { return std::string(word); }

// An address range or a prefix in a hash:ip set stands for its addresses.
std::optional<std::vector<std::string>> expand_ips(const IpSet& set, std::string_view member) {
  if (set.type != "hash:ip" || set.family == "inet6") return std::nullopt;
  uint32_t first = 0;
  uint64_t count = 0;
  if (const size_t dash = member.find('-'); dash != std::string_view::npos) {
    const auto low = Ip::parse(member.substr(0, dash)), high = Ip::parse(member.substr(dash + 1));
    if (!low || !high || !low->is_v4() || !high->is_v4() || *high < *low) return std::nullopt;
    first = low->to_u32();
    count = uint64_t{high->to_u32()} - first + 1;
  } else if (const auto net = Cidr::parse(member); net && net->address.is_v4()) {
    first = net->address.to_u32();
    count = uint64_t{1} << (32 - net->length);
  } else {
    return std::nullopt;
  }
  if (count > max_expansion) return std::nullopt;
  std::vector<std::string> members;
  for (uint64_t i = 0; i < count; ++i)
    members.push_back(Ip::v4(first + static_cast<uint32_t>(i)).str());
  return members;
}

class IpSetCommands {
 public:
  explicit IpSetCommands(KernelCore& core) : core_(core), sets_(core.state.ipsets) {}

  // One command; `exist` is the program-wide -exist.
  KernelAnswer run(CommandWords words, bool exist) {
    std::erase_if(words, [&](std::string_view word) {
      const bool is = word == "-exist" || word == "--exist" || word == "-!";
      exist = exist || is;
      return is;
    });
    if (words.empty()) return {};
    const auto verb = words[0];
    const auto argument = [&](size_t i) {
      return i < words.size() ? words[i] : std::string_view{};
    };
    if (verb == "add" || verb == "del" || verb == "-A" || verb == "-D")
      return queue_member(verb == "add" || verb == "-A", argument(1), argument(2), exist);
    if (auto wrong = flush_queue(); wrong.rc != 0) return wrong;
    if (verb == "create" || verb == "-N") return create(words, exist);
    if (verb == "flush" || verb == "-F") return flush(argument(1));
    if (verb == "destroy" || verb == "-X") return destroy(argument(1));
    if (verb == "swap" || verb == "-W") return swap(argument(1), argument(2));
    if (verb == "rename" || verb == "-E") return rename(argument(1), argument(2));
    if (verb == "test" || verb == "-T") return test(argument(1), argument(2));
    if (verb == "save" || verb == "-S") return save(argument(1));
    if (verb == "list" || verb == "-L") return list(words);
    if (verb == "COMMIT" || verb == "version") return {};
    queue_.clear();
    return {2, fmt::format("No command specified: unknown argument {}", verb)};
  }

  // Members are sent together while they are for one set, so an error shows when they are.
  KernelAnswer flush_queue() {
    const auto queue = std::exchange(queue_, {});
    KernelAnswer answer;
    for (const auto& member : queue) {
      answer = change_member(member);
      if (answer.rc == 0) continue;
      failed_line_ = member.line;
      break;
    }
    return answer;
  }
  int line = 0;
  int failed_line() const { return failed_line_ ? failed_line_ : line; }

 private:
  struct Member {
    bool add = true, exist = false;
    std::string set, member;
    int line = 0;
  };

  IpSet* find(std::string_view name) {
    const auto found = sets_.find(name_of(name));
    return found == sets_.end() ? nullptr : &found->second;
  }

  KernelAnswer syntax(std::string text) {
    queue_.clear();
    return fails(std::move(text));
  }

  KernelAnswer queue_member(bool add, std::string_view name, std::string_view text, bool exist) {
    if (!queue_.empty() && (queue_.back().set != name || queue_.back().add != add))
      if (auto wrong = flush_queue(); wrong.rc != 0) return wrong;
    const auto* set = find(name);
    if (!set) return no_such_set();
    if (text.empty())
      return syntax("Missing mandatory argument to " + std::string(add ? "add" : "del"));
    if (auto ips = expand_ips(*set, text)) {
      for (auto& ip : *ips) queue_.push_back({add, exist, set->name, std::move(ip), line});
      return {};
    }
    auto member = canonical_ipset_member(*set, text);
    if (!member) return syntax(member.error().message);
    queue_.push_back({add, exist, set->name, std::move(*member), line});
    return {};
  }

  KernelAnswer change_member(const Member& change) {
    IpSet& set = *find(change.set);
    if (!change.add) {
      if (set.members.erase(change.member) == 0 && !change.exist)
        return fails("Element cannot be deleted from the set: it's not added");
      return {};
    }
    if (set.type == "hash:ip" && (change.member == "0.0.0.0" || change.member == "::"))
      return fails("Null-valued element, cannot be stored in a hash type of set");
    if (out_of_range(set, change.member)) return fails("Element is out of the range of the set");
    if (set.members.contains(change.member))
      return change.exist ? KernelAnswer{}
                          : fails("Element cannot be added to the set: it's already added");
    if (set.type.starts_with("hash:") &&
        static_cast<int64_t>(set.members.size()) >= set.max_elements)
      return fails("Hash is full, cannot add more elements");
    set.members.insert(change.member);
    return {};
  }

  static bool out_of_range(const IpSet& set, std::string_view member) {
    if (set.type != "bitmap:port") return false;
    const size_t dash = set.range.find('-');
    const auto low = parse_number(std::string_view(set.range).substr(0, dash), 65535);
    const auto high = parse_number(std::string_view(set.range).substr(dash + 1), 65535);
    const auto port = parse_number(member, 65535);
    return !low || !high || !port || *port < *low || *port > *high;
  }

  KernelAnswer create(const CommandWords& words, bool exist) {
    static constexpr std::string_view types[] = {"hash:ip",       "hash:net",     "hash:ip,port",
                                                 "hash:net,port", "hash:net,net", "bitmap:port"};
    if (words.size() < 3) return syntax("Missing mandatory argument to command create");
    IpSet set;
    set.name = words[1];
    set.type = words[2];
    if (set.name.size() > max_set_name)
      return syntax(
          fmt::format("Syntax error: setname '{}' is longer than 31 characters", set.name));
    if (std::find(std::begin(types), std::end(types), set.type) == std::end(types))
      return syntax(fmt::format("Syntax error: typename '{}' is unknown", set.type));
    if (set.type != "bitmap:port") set.family = "inet";
    for (size_t i = 3; i < words.size(); i += 2) {
      const auto value = i + 1 < words.size() ? words[i + 1] : std::string_view{};
      const auto number = parse_number(value, ~uint32_t{0});
      if (words[i] == "family" && (value == "inet" || value == "inet6"))
        set.family = value;
      else if (words[i] == "range" && value.find('-') != std::string_view::npos)
        set.range = value;
      else if (words[i] == "maxelem" && number)
        set.max_elements = static_cast<int64_t>(*number);
      else if (words[i] == "hashsize" && number)
        set.hash_size = static_cast<int64_t>(*number);
      else
        return syntax(fmt::format("Syntax error: cannot parse {} {}", words[i], value));
    }
    if (set.type == "bitmap:port" && set.range.empty())
      return syntax("Mandatory option `range' is missing");
    const auto* present = find(set.name);
    if (present && exist && present->type == set.type && present->family == set.family &&
        present->max_elements == set.max_elements)
      return {};
    if (present) return fails("Set cannot be created: set with the same name already exists");
    const std::string name = set.name;
    sets_[name] = std::move(set);
    return {};
  }

  bool in_use(const std::string& name) const {
    const auto found = core_.set_references.find(name);
    return found != core_.set_references.end() && found->second > 0;
  }

  KernelAnswer flush(std::string_view name) {
    if (name.empty())
      for (auto& [other, set] : sets_) set.members.clear();
    else if (auto* set = find(name))
      set->members.clear();
    else
      return no_such_set();
    return {};
  }

  KernelAnswer destroy(std::string_view name) {
    const auto busy = [] {
      return fails("Set cannot be destroyed: it is in use by a kernel component");
    };
    if (name.empty()) {
      for (const auto& [other, set] : sets_)
        if (in_use(other)) return busy();
      sets_.clear();
      return {};
    }
    if (!find(name)) return no_such_set();
    if (in_use(name_of(name))) return busy();
    sets_.erase(name_of(name));
    return {};
  }

  // The names change places; a rule goes on to refer to a name.
  KernelAnswer swap(std::string_view a, std::string_view b) {
    auto *first = find(a), *second = find(b);
    if (!first) return no_such_set();
    if (!second) return fails("Sets cannot be swapped: the second set does not exist");
    if (first->type != second->type || first->family != second->family)
      return fails("The sets cannot be swapped: their type does not match");
    std::swap(*first, *second);
    std::swap(first->name, second->name);
    return {};
  }

  KernelAnswer rename(std::string_view from, std::string_view to) {
    auto* set = find(from);
    if (!set) return no_such_set();
    if (find(to)) return fails("Set cannot be renamed: a set with the new name already exists");
    if (in_use(name_of(from)))
      return fails("Set cannot be renamed: it is in use by another system");
    IpSet renamed = std::move(*set);
    sets_.erase(name_of(from));
    renamed.name = to;
    sets_[name_of(to)] = std::move(renamed);
    return {};
  }

  KernelAnswer test(std::string_view name, std::string_view text) {
    auto* set = find(name);
    if (!set) return no_such_set();
    auto member = canonical_ipset_member(*set, text);
    if (!member) return syntax(member.error().message);
    if (set->members.contains(*member)) return {0, fmt::format("{} is in set {}.", text, name)};
    return fails(fmt::format("{} is NOT in set {}.", text, name));
  }

  KernelAnswer save(std::string_view name) {
    if (name.empty()) return {0, print_ipset_save(sets_)};
    const auto* set = find(name);
    if (!set) return no_such_set();
    return {0, print_ipset_save({{set->name, *set}})};
  }

  KernelAnswer list(const CommandWords& words) {
    const bool names_only = std::find(words.begin(), words.end(), "-n") != words.end() ||
                            std::find(words.begin(), words.end(), "-name") != words.end();
    std::string only, out;
    for (size_t i = 1; i < words.size(); ++i)
      if (words[i][0] != '-') only = words[i];
    if (!only.empty() && !find(only)) return no_such_set();
    for (const auto& [name, set] : sets_) {
      if (!only.empty() && name != only) continue;
      if (names_only) {
        out += name + "\n";
        continue;
      }
      const auto found = core_.set_references.find(name);
      const std::string create = print_ipset_create(set);
      out += fmt::format(
          "Name: {}\nType: {}\nHeader:{}\nReferences: {}\nNumber of entries: {}\nMembers:\n", name,
          set.type, create.substr(sizeof("create ") + name.size() + set.type.size()),
          found == core_.set_references.end() ? 0 : found->second, set.members.size());
      for (const auto& member : set.members) out += member + "\n";
      if (only.empty()) out += "\n";
    }
    return {0, out};
  }

  KernelCore& core_;
  std::map<std::string, IpSet>& sets_;
  std::vector<Member> queue_;
  int failed_line_ = 0;
};

}  // namespace

KernelAnswer run_ipset(KernelCore& core, const CommandWords& words, std::string_view input) {
  IpSetCommands commands(core);
  bool exist = false, restore = false;
  CommandWords rest;
  for (size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "-exist" || words[i] == "-!")
      exist = true;
    else if (rest.empty() && (words[i] == "restore" || words[i] == "-R"))
      restore = true;
    else
      rest.push_back(words[i]);
  }
  const auto prefix = [](const KernelAnswer& answer, const std::string& where) -> KernelAnswer {
    return {answer.rc, fmt::format("ipset v7.17: {}{}", where, answer.text)};
  };
  if (!restore) {
    if (rest.empty()) return {2, "ipset v7.17: No command specified"};
    const auto answer = commands.run(rest, exist);
    if (answer.rc != 0) return prefix(answer, "");
    const auto sent = commands.flush_queue();
    return sent.rc == 0 ? answer : prefix(sent, "");
  }
  Words line_words;
  while (!input.empty()) {
    const auto line = take_line(input);
    ++commands.line;
    if (line.empty() || line[0] == '#') continue;
    if (!split_shell_words(line, line_words)) return {1, "ipset v7.17: unbalanced quotes"};
    const auto answer = commands.run(line_words.words, exist);
    if (answer.rc != 0)
      return prefix(answer, fmt::format("Error in line {}: ", commands.failed_line()));
  }
  const auto answer = commands.flush_queue();
  if (answer.rc != 0)
    return prefix(answer, fmt::format("Error in line {}: ", commands.failed_line()));
  return {};
}

}  // namespace felixsim
