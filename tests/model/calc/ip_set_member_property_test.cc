// SPDX-License-Identifier: Apache-2.0
// Generated endpoints, network sets, profiles and IP sets: members against brute force.
#include <rapidcheck.h>

#include "index_support.h"
#include "model/calc/ip_set_member_index.h"
#include "model/selector/ip_set_ids.h"

using namespace felixsim;
using namespace felixsim::test;

namespace {

const std::vector<std::string> names{"a", "b", "c", "d"};
// Few, so that things often have the same ones.
const std::vector<std::string> profiles{"p", "q"};
const std::vector<std::string> selectors{"all()",    "has(x)",
                                         "x == '1'", "x in {'1', '2'}",
                                         "!has(y)",  "x == '1' && y == '1'",
                                         "x != '1'", "x == '2' || y == '2'"};
const std::vector<std::string> nets{"10.0.0.0/8",  "10.0.0.0/16", "10.0.1.0/24", "10.0.1.1/32",
                                    "10.0.1.2/32", "10.1.0.0/16", "0.0.0.0/0",   "fd00::1/128"};
const std::vector<std::string> hosts{"10.0.1.1", "10.0.1.2", "10.0.1.3", "10.1.0.1"};

template <class T>
const T& pick(const std::vector<T>& from) {
  return from[*rc::gen::inRange<size_t>(0, from.size())];
}
template <class T>
std::vector<T> pick_some(const std::vector<T>& from, int limit) {
  std::vector<T> out;
  for (int i = *rc::gen::inRange(0, limit + 1); i > 0; --i) out.push_back(pick(from));
  return out;
}

LabelPairs generate_labels() {
  LabelPairs pairs;
  for (const std::string name : {"x", "y"})
    if (*rc::gen::inRange(0, 3) == 0) pairs.emplace_back(name, *rc::gen::element("1", "2"));
  return pairs;
}

// Everything, kept plainly.
struct Plain {
  struct Thing {
    LabelPairs labels;
    std::vector<std::string> profiles;
    std::vector<Cidr> nets;
  };
  std::map<std::string, Thing> things;
  std::map<std::string, LabelPairs> profiles;
  std::map<std::string, SelectorPtr> sets;

  LabelMap effective(const Thing& thing) const {
    std::map<std::string, std::string> all(thing.labels.begin(), thing.labels.end());
    for (const auto& profile : thing.profiles)
      if (const auto found = profiles.find(profile); found != profiles.end())
        all.insert(found->second.begin(), found->second.end());
    return *test::labels({all.begin(), all.end()});
  }
  std::set<Cidr> members(const std::string& set) const {
    std::set<Cidr> out;
    for (const auto& [name, thing] : things) {
      if (!sets.at(set)->matches(effective(thing))) continue;
      for (const auto& net : thing.nets)
        if (net.length > 0) {
          out.insert(net);
        } else {
          out.insert(*Cidr::parse("0.0.0.0/1"));
          out.insert(*Cidr::parse("128.0.0.0/1"));
        }
    }
    return out;
  }
};

struct World {
  bool suppress;
  std::map<std::string, std::set<Cidr>> told;
  calc::IpSetMemberIndex index{{[this](Symbol set, const msg::IpSetMember& member) {
                                  RC_ASSERT(told[set.str()].insert(member.cidr).second || suppress);
                                },
                                [this](Symbol set, const msg::IpSetMember& member) {
                                  RC_ASSERT(told[set.str()].erase(member.cidr) == 1u || suppress);
                                }},
                               suppress,
                               [](std::string) {}};
  Plain plain;

  explicit World(bool with_suppression) : suppress(with_suppression) {}

  void step() {
    const std::string& name = pick(names);
    switch (*rc::gen::inRange(0, 8)) {
      case 0:
      case 1: {
        const Plain::Thing thing{generate_labels(), pick_some(names, 2),
                                 cidrs(pick_some(hosts, 2))};
        std::vector<std::string> texts;
        for (const auto& net : thing.nets) texts.push_back(net.str());
        index.on_update(workload({name, thing.labels, texts, thing.profiles}));
        plain.things["wep " + name] = thing;
        return;
      }
      case 2:
      case 3: {
        const Plain::Thing thing{generate_labels(), pick_some(profiles, 2),
                                 cidrs(pick_some(nets, 3))};
        std::vector<std::string> texts;
        for (const auto& net : thing.nets) texts.push_back(net.str());
        index.on_update(network_set(name, thing.labels, texts, thing.profiles));
        plain.things["set " + name] = thing;
        return;
      }
      case 4: {
        const bool is_workload = *rc::gen::arbitrary<bool>();
        index.on_update(
            {is_workload ? workload_key(name) : Key(NetworkSetKey{Symbol(name)}), nullptr});
        plain.things.erase((is_workload ? "wep " : "set ") + name);
        return;
      }
      case 5: {
        const auto pairs = generate_labels();
        const auto& parent = pick(profiles);
        index.on_update(profile(parent, pairs));
        plain.profiles[parent] = pairs;
        return;
      }
      default:
        toggle_set(name);
    }
  }

  void toggle_set(const std::string& name) {
    if (plain.sets.erase(name)) {
      index.remove_ip_set(Symbol(name));
      told.erase(name);
      return;
    }
    plain.sets[name] = *parse_selector(pick(selectors));
    index.add_ip_set(Symbol(name), plain.sets[name], named_port_protocol_none, {});
  }
};

// Every one of `these` is one of, or inside one of, `those`.
bool covered(const std::set<Cidr>& these, const std::set<Cidr>& those) {
  return std::all_of(these.begin(), these.end(), [&](const Cidr& one) {
    return std::any_of(those.begin(), those.end(), [&](const Cidr& o) { return o.contains(one); });
  });
}

}  // namespace

TEST_CASE("told members are what trying everything finds") {
  CHECK(rc::check([] {
    World world(false);
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
      world.step();
      for (const auto& [name, selector] : world.plain.sets)
        RC_ASSERT(world.told[name] == world.plain.members(name));
    }
  }));
}

TEST_CASE("with overlaps suppressed the told members cover the same addresses") {
  CHECK(rc::check([] {
    World world(true);
    for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
      world.step();
      for (const auto& [name, selector] : world.plain.sets) {
        const auto members = world.plain.members(name);
        RC_ASSERT(covered(members, world.told[name]));
        for (const auto& cidr : world.told[name]) RC_ASSERT(members.contains(cidr));
      }
    }
  }));
}
