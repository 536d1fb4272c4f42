// SPDX-License-Identifier: Apache-2.0
// ipset: direct commands and `ipset restore`. Mirrors ipset 7.17 and net/netfilter/ipset of Linux.
// A restore is no transaction: what came before the line that fails stays. Left out: expiry,
// growing of hashes, list:set.
#include "model/kernel/ipset_member.h"
#include "model/kernel/ipset_text.h"
#include "model/kernel/kernel_core.h"
#include "model/kernel/words.h"

namespace felixsim {
namespace {

constexpr size_t max_set_name = 31;  // IPSET_MAXNAMELEN - 1
KernelAnswer fails(std::string text) { return {1, std::move(text)}; }
KernelAnswer no_such_set() { return fails("The set with the given name does not exist"); }

std::string name_of(std::string_view word) { return std::string(word); }

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
    const bool renames = verb == "swap" || verb == "-W" || verb == "rename" || verb == "-E";
    for (size_t i = 1; i < std::min<size_t>(words.size(), renames ? 3 : 2); ++i)
      if (words[i].size() > max_set_name)
        return syntax(
            fmt::format("Syntax error: setname '{}' is longer than 31 characters", words[i]));
    if (verb == "add" || verb == "del" || verb == "-A" || verb == "-D")
      return queue_member(verb == "add" || verb == "-A", words, exist);
    if (verb == "create" || verb == "-N") return create(words, exist);
    static constexpr std::string_view verbs[] = {"flush",  "-F", "destroy", "-X",     "swap", "-W",
                                                 "rename", "-E", "test",    "-T",     "save", "-S",
                                                 "list",   "-L", "COMMIT",  "version"};
    if (std::find(std::begin(verbs), std::end(verbs), verb) == std::end(verbs)) {
      queue_.clear();
      return {2, fmt::format("No command specified: unknown argument {}", verb)};
    }
    if (auto wrong = flush_queue(); wrong.rc != 0) return wrong;
    if (verb == "flush" || verb == "-F") return flush(argument(1));
    if (verb == "destroy" || verb == "-X") return destroy(argument(1), exist);
    if (verb == "swap" || verb == "-W") return swap(argument(1), argument(2));
    if (verb == "rename" || verb == "-E") return rename(argument(1), argument(2));
    if (verb == "test" || verb == "-T") return test(argument(1), argument(2));
    if (verb == "save" || verb == "-S") return save(argument(1));
    if (verb == "list" || verb == "-L") return list(words);
    return {};  // COMMIT, version
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
    std::string_view refusal;  // what the kernel says; empty: nothing against it
    std::string set, member, options;
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

  // The words are read before what is pending is sent, and nothing of it is if they are wrong.
  KernelAnswer queue_member(bool add, const CommandWords& words, bool exist) {
    if (words.size() < 3)
      return syntax("Missing mandatory argument to " + std::string(add ? "add" : "del"));
    const auto* set = find(words[1]);
    if (!set) return syntax(no_such_set().text);
    auto members = ipset_members(*set, words[2]);
    const bool bad_cidr = !members && members.error().message == invalid_cidr;
    if (!members && !bad_cidr) return syntax(members.error().message);
    auto options = ipset_member_options(*set, std::span(words).subspan(3));
    if (!options) return syntax(options.error().message);
    if (!queue_.empty() && (queue_.back().set != set->name || queue_.back().add != add))
      if (auto wrong = flush_queue(); wrong.rc != 0) return wrong;
    if (bad_cidr) {
      queue_.push_back({add, exist, invalid_cidr, set->name, {}, {}, line});
      return {};
    }
    const bool outside = std::any_of(members->begin(), members->end(), [&](const auto& member) {
      return out_of_range(*set, member);
    });
    const std::string_view refusal = outside ? "Element is out of the range of the set" : "";
    for (auto& member : *members)
      queue_.push_back({add, exist, refusal, set->name, std::move(member), *options, line});
    return {};
  }

  KernelAnswer change_member(const Member& change) {
    IpSet& set = *find(change.set);
    if (!change.refusal.empty()) return fails(std::string(change.refusal));
    if (!change.add) {
      if (set.members.erase(change.member) == 0 && !change.exist)
        return fails("Element cannot be deleted from the set: it's not added");
      set.member_options.erase(change.member);
      return {};
    }
    const bool no_address = change.member == "0.0.0.0" || change.member == "::" ||
                            change.member.starts_with("0.0.0.0,") ||
                            change.member.starts_with("::,");
    if ((set.type == "hash:ip" || set.type == "hash:ip,port") && no_address)
      return fails("Null-valued element, cannot be stored in a hash type of set");
    const bool there = set.members.contains(change.member);
    if (there && !change.exist)
      return fails("Element cannot be added to the set: it's already added");
    if (!there && !is_bitmap(set) && static_cast<int64_t>(set.members.size()) >= set.max_elements)
      return fails("Hash is full, cannot add more elements");
    set.members.insert(change.member);
    if (change.options.empty())
      set.member_options.erase(change.member);
    else
      set.member_options[change.member] = change.options;
    return {};
  }

  static bool fits_bitmap(std::string_view range) {
    const size_t dash = range.find('-');
    const auto low = Ip::parse(range.substr(0, dash)), high = Ip::parse(range.substr(dash + 1));
    return low && high && high->to_u32() - low->to_u32() < 65536;
  }

  static bool out_of_range(const IpSet& set, std::string_view member) {
    if (!is_bitmap(set)) return false;
    const size_t dash = set.range.find('-');
    const auto low = std::string_view(set.range).substr(0, dash),
               high = std::string_view(set.range).substr(dash + 1);
    if (set.type == "bitmap:ip") {
      const auto ip = Ip::parse(member), first = Ip::parse(low), last = Ip::parse(high);
      return !ip || !first || !last || *ip < *first || *last < *ip;
    }
    const auto port = parse_number(member, 65535);
    return !port || *port < parse_number(low, 65535).value_or(0) ||
           *port > parse_number(high, 65535).value_or(0);
  }

  KernelAnswer create(const CommandWords& words, bool exist) {
    if (words.size() < 3) return syntax("Missing mandatory argument to command create");
    IpSet set;
    set.name = words[1];
    set.type = words[2];
    if (auto ok = read_ipset_options(set, std::span(words).subspan(3)); !ok)
      return syntax(ok.error().message);
    if (auto wrong = flush_queue(); wrong.rc != 0) return wrong;
    if (set.type == "bitmap:ip" && !fits_bitmap(set.range))
      return fails("The range of the set exceeds the size limit of 65536 elements");
    const auto* present = find(set.name);
    if (present && exist && present->type == set.type && present->family == set.family &&
        present->max_elements == set.max_elements && present->range == set.range &&
        present->options == set.options)
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

  static void empty(IpSet& set) {
    set.members.clear();
    set.member_options.clear();
  }

  KernelAnswer flush(std::string_view name) {
    if (name.empty())
      for (auto& [other, set] : sets_) empty(set);
    else if (auto* set = find(name))
      empty(*set);
    else
      return no_such_set();
    return {};
  }

  KernelAnswer destroy(std::string_view name, bool exist) {
    const auto busy = [] {
      return fails("Set cannot be destroyed: it is in use by a kernel component");
    };
    if (name.empty()) {
      for (const auto& [other, set] : sets_)
        if (in_use(other)) return busy();
      sets_.clear();
      return {};
    }
    if (!find(name)) return exist ? KernelAnswer{} : no_such_set();
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
      for (const auto& member : set.members) {
        const auto options = set.member_options.find(member);
        out += member + (options == set.member_options.end() ? "" : " " + options->second) + "\n";
      }
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
