// SPDX-License-Identifier: Apache-2.0
// Builds the tree from libyaml's events with a stack of its own: no recursion over the input.
// Typing of plain scalars follows the YAML 1.1 rules of the Go library behind calicoctl (go-yaml
// v2, resolve.go). Left out: timestamps (strings there, too), tags other than !!str.
#include "replay/scenario/yaml.h"

#include <yaml.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace felixsim::yaml {

std::string at(const std::string& file, Place place) {
  return place.line > 0 ? fmt::format("{}:{}:{}", file, place.line, place.column) : file;
}

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return member.value.get();
  return nullptr;
}

namespace {

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

// Integers as strconv.ParseInt(text, 0, 64) takes them once underscores are gone.
std::optional<int64_t> parse_integer(std::string text) {
  std::erase(text, '_');
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!digits.empty() && (digits[0] == '-' || digits[0] == '+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char mark = digits[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : 8;
    digits.remove_prefix(base != 8 || mark == 'o' || mark == 'O' ? 2 : 1);
  }
  uint64_t magnitude = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, base);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    return std::nullopt;
  constexpr uint64_t limit = uint64_t{1} << 63;
  if (negative)
    return magnitude > limit ? std::nullopt
                             : std::optional(static_cast<int64_t>(uint64_t{0} - magnitude));
  return magnitude >= limit ? std::nullopt : std::optional(static_cast<int64_t>(magnitude));
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$, finite.
std::optional<double> parse_float(const std::string& text) {
  std::string_view rest = text;
  const auto digits = [&rest] {
    size_t count = 0;
    while (count < rest.size() && rest[count] >= '0' && rest[count] <= '9') ++count;
    rest.remove_prefix(count);
    return count > 0;
  };
  if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) rest.remove_prefix(1);
  const std::string_view number = rest;
  const bool whole = digits();
  if (!rest.empty() && rest[0] == '.') {
    rest.remove_prefix(1);
    if (!digits() && !whole) return std::nullopt;
  } else if (!whole) {
    return std::nullopt;
  }
  if (!rest.empty() && (rest[0] == 'e' || rest[0] == 'E')) {
    rest.remove_prefix(1);
    if (!rest.empty() && (rest[0] == '+' || rest[0] == '-')) rest.remove_prefix(1);
    if (!digits()) return std::nullopt;
  }
  if (!rest.empty()) return std::nullopt;
  double value = 0;
  const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
  if (result.ec != std::errc{}) return std::nullopt;
  return text[0] == '-' ? -value : value;
}

void resolve_plain(Node& node) {
  const std::string& text = node.text;
  if (one_of(text, {"", "~", "null", "Null", "NULL"})) {
    node.kind = Node::Kind::null;
  } else if (one_of(text,
                    {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) {
    node.kind = Node::Kind::boolean;
    node.truth = true;
  } else if (one_of(text,
                    {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    node.kind = Node::Kind::boolean;
  } else if (parse_integer(text) || parse_float(text)) {
    node.kind = Node::Kind::number;
  } else {
    node.kind = Node::Kind::string;
  }
}

class Builder {
 public:
  Builder(const std::string& file, const Limits& limits) : file_(file), limits_(limits) {}

  Result<std::vector<NodePtr>> build(std::string_view text) {
    if (text.size() > limits_.bytes)
      return invalid(fmt::format("{}: more than {} bytes", file_, limits_.bytes), "split the file");
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) return fail(ErrorCode::io, "out of memory");
    // libyaml refuses a null pointer even for no bytes.
    const char* bytes = text.empty() ? "" : text.data();
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(bytes),
                                 text.size());
    Status status;
    for (bool done = false; !done && status;) {
      yaml_event_t event;
      if (yaml_parser_parse(&parser, &event) == 0) {
        status = syntax_error(parser);
        break;
      }
      done = event.type == YAML_STREAM_END_EVENT;
      status = take(event);
      yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    if (!status) return forward(status);
    return std::move(documents_);
  }

 private:
  // A list or map that is being filled.
  struct Open {
    std::shared_ptr<Node> node;
    std::string anchor;
    std::optional<Member> member;       // map: the key that waits for its value
    std::vector<NodePtr> merged;        // map: what `<<` names
    std::map<std::string, Place> seen;  // map: keys written out
  };

  static Place place_of(const yaml_mark_t& mark) {
    return {static_cast<int>(mark.line) + 1, static_cast<int>(mark.column) + 1};
  }

  tl::unexpected<Error> error(Place place, std::string fact, std::string fix = {}) const {
    return invalid(at(file_, place) + ": " + std::move(fact), std::move(fix));
  }

  Status syntax_error(const yaml_parser_t& parser) const {
    const bool known = parser.problem_mark.line != 0 || parser.problem_mark.column != 0;
    const Place place = place_of(known ? parser.problem_mark : parser.mark);
    const std::string_view problem = parser.problem ? parser.problem : "unreadable";
    std::string help = parser.context ? fmt::format("it happened {}", parser.context) : "";
    if (problem == "found character that cannot start any token")
      help = "indent with blanks, not tabs; quote what begins with @, ` or %";
    return error(place, fmt::format("YAML: {}", problem), std::move(help));
  }

  static std::string text_of(const yaml_char_t* text) {
    return text == nullptr ? std::string() : reinterpret_cast<const char*>(text);
  }

  Status take(const yaml_event_t& event) {
    const Place place = place_of(event.start_mark);
    switch (event.type) {
      case YAML_DOCUMENT_START_EVENT:
        anchors_.clear();
        return {};
      case YAML_SCALAR_EVENT:
        return take_scalar(event, place);
      case YAML_ALIAS_EVENT:
        return take_alias(text_of(event.data.alias.anchor), place);
      case YAML_SEQUENCE_START_EVENT:
        return open(Node::Kind::list, text_of(event.data.sequence_start.anchor), place);
      case YAML_MAPPING_START_EVENT:
        return open(Node::Kind::map, text_of(event.data.mapping_start.anchor), place);
      case YAML_SEQUENCE_END_EVENT:
      case YAML_MAPPING_END_EVENT:
        return close();
      default:
        return {};
    }
  }

  Status take_scalar(const yaml_event_t& event, Place place) {
    const auto& scalar = event.data.scalar;
    auto node = std::make_shared<Node>();
    node->place = place;
    node->text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
    const std::string tag = text_of(scalar.tag);
    const bool plain = scalar.style == YAML_PLAIN_SCALAR_STYLE && tag.empty();
    if (!tag.empty() && tag != "!" && tag != "tag:yaml.org,2002:str")
      return error(place, fmt::format("unknown tag '{}'", tag), "leave the tag out");
    if (plain)
      resolve_plain(*node);
    else
      node->kind = Node::Kind::string;
    const bool merge = plain && node->text == "<<";
    const std::string anchor = text_of(scalar.anchor);
    if (!anchor.empty()) anchors_[anchor] = node;
    return add(node, merge);
  }

  Status take_alias(const std::string& name, Place place) {
    const auto found = anchors_.find(name);
    if (found == anchors_.end())
      return error(place, fmt::format("unknown alias '*{}'", name),
                   fmt::format("write &{} before it, where the value is", name));
    if (!found->second)
      return error(place, fmt::format("alias '*{}' is inside of what it names", name),
                   "name a value that has ended");
    return add(found->second, false);
  }

  Status open(Node::Kind kind, const std::string& anchor, Place place) {
    if (static_cast<int>(stack_.size()) >= limits_.depth)
      return error(place, fmt::format("nested deeper than {} levels", limits_.depth),
                   "flatten the file");
    if (!stack_.empty() && stack_.back().node->kind == Node::Kind::map && !stack_.back().member)
      return error(place, "a key that is no text", "use text as key");
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->place = place;
    if (!anchor.empty()) anchors_[anchor] = nullptr;
    stack_.push_back({std::move(node), anchor, std::nullopt, {}, {}});
    return {};
  }

  Status close() {
    Open top = std::move(stack_.back());
    stack_.pop_back();
    Node& node = *top.node;
    for (const NodePtr& base : top.merged)
      for (const Member& member : base->members)
        if (top.seen.emplace(member.key, member.key_place).second) {
          node.members.push_back(member);
          count(node, *member.value);
        }
    if (auto ok = within_limits(node, node.place); !ok) return ok;
    if (!top.anchor.empty()) anchors_[top.anchor] = top.node;
    return add(top.node, false);
  }

  // `node` is complete: it becomes a document, an item, a key or a value.
  Status add(const NodePtr& node, bool merge_key) {
    if (stack_.empty()) {
      documents_.push_back(node);
      return {};
    }
    Open& top = stack_.back();
    if (top.node->kind == Node::Kind::list) {
      top.node->items.push_back(node);
    } else if (!top.member) {
      return add_key(top, *node, merge_key);
    } else if (top.member->key == "<<" && !top.member->value) {
      top.member.reset();
      return add_merge(top, node);
    } else {
      top.member->value = node;
      top.node->members.push_back(std::move(*top.member));
      top.member.reset();
    }
    count(*top.node, *node);
    return within_limits(*top.node, node->place);
  }

  static void count(Node& parent, const Node& child) {
    parent.weight += child.weight;
    parent.height = std::max(parent.height, child.height + 1);
  }

  Status within_limits(const Node& node, Place place) const {
    if (node.weight > limits_.weight)
      return error(place, fmt::format("more than {} values, aliases counted", limits_.weight),
                   "split the file");
    if (node.height > limits_.depth)
      return error(place, fmt::format("nested deeper than {} levels", limits_.depth),
                   "flatten the file");
    return {};
  }

  Status add_key(Open& top, const Node& key, bool merge_key) const {
    if (!key.is_scalar()) return error(key.place, "a key that is no text", "use text as key");
    std::string name = scalar_text(key);
    if (!merge_key) {
      const auto [before, fresh] = top.seen.emplace(name, key.place);
      if (!fresh)
        return error(key.place, fmt::format("duplicate key '{}'", name),
                     fmt::format("the first one is in line {}", before->second.line));
    }
    // A quoted "<<" is a key like any other: only a merge key has no value yet.
    top.member = Member{std::move(name), key.place, merge_key ? nullptr : placeholder_};
    return {};
  }

  Status add_merge(Open& top, const NodePtr& value) const {
    const auto maps = value->kind == Node::Kind::list ? value->items : std::vector<NodePtr>{value};
    for (const NodePtr& map : maps) {
      if (map->kind != Node::Kind::map)
        return error(value->place, "merge key '<<' of something that is no map",
                     "use `<<: *name` where &name is a map");
      top.merged.push_back(map);
    }
    return {};
  }

  const std::string& file_;
  const Limits& limits_;
  std::vector<Open> stack_;
  std::map<std::string, NodePtr> anchors_;  // null while the value is not complete
  std::vector<NodePtr> documents_;
  NodePtr placeholder_ = std::make_shared<Node>();
};

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20)
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        else
          out += c;
    }
  }
  out += '"';
}

void append_json(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      out += "null";
      return;
    case Node::Kind::boolean:
    case Node::Kind::number:
      out += scalar_text(node);
      return;
    case Node::Kind::string:
      append_json_string(out, node.text);
      return;
    case Node::Kind::list: {
      const char* separator = "[";
      for (const NodePtr& item : node.items) {
        out += separator;
        append_json(out, *item);
        separator = ",";
      }
      out += node.items.empty() ? "[]" : "]";
      return;
    }
    case Node::Kind::map: {
      const char* separator = "{";
      for (const Member& member : node.members) {
        out += separator;
        append_json_string(out, member.key);
        out += ':';
        append_json(out, *member.value);
        separator = ",";
      }
      out += node.members.empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

std::string scalar_text(const Node& node) {
  if (node.kind == Node::Kind::boolean) return node.truth ? "true" : "false";
  if (node.kind != Node::Kind::number) return node.text;
  if (const auto integer = parse_integer(node.text)) return std::to_string(*integer);
  return fmt::format("{}", parse_float(node.text).value_or(0));
}

std::optional<int64_t> integer_of(const Node& node) {
  if (node.kind != Node::Kind::number) return std::nullopt;
  return parse_integer(node.text);
}

Result<std::vector<NodePtr>> parse(std::string_view text, const std::string& file,
                                   const Limits& limits) {
  return Builder(file, limits).build(text);
}

std::string to_json(const Node& node) {
  std::string out;
  append_json(out, node);
  return out;
}

}  // namespace felixsim::yaml
