// SPDX-License-Identifier: Apache-2.0
// URLs of etcd as felix/config/param_types.go EndpointListParam takes them. Mirrors Go 1.26
// net/url.Parse for URLs whose path is empty or "/", which are all that Felix accepts.
#include "model/config/go_text.h"

namespace felixsim::go {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// getScheme: letters, then letters, digits, + - . up to a colon. False for a leading colon.
bool take_scheme(std::string_view& text, std::string& scheme) {
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_letter(c)) continue;
    if (is_digit(c) || c == '+' || c == '-' || c == '.') {
      if (i == 0) return true;
      continue;
    }
    if (c == ':') {
      if (i == 0) return false;
      scheme = lower(text.substr(0, i));
      text.remove_prefix(i + 1);
    }
    return true;
  }
  return true;
}

bool port_ok(std::string_view port) {
  if (port.empty()) return true;
  if (port[0] != ':') return false;
  for (const char c : port.substr(1))
    if (!is_digit(c)) return false;
  return true;
}

// Characters that a host keeps as they are; other ASCII is refused, beyond ASCII is escaped.
bool host_char_ok(char c) {
  return is_letter(c) || is_digit(c) ||
         std::string_view("-_.~!$&'()*+,;=:[]<>\"").find(c) != std::string_view::npos;
}

void append_escaped(std::string& out, char c) {
  constexpr char digits[] = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// A host outside of the zone of an IPv6 address. Escapes may only stand for bytes beyond ASCII.
bool copy_host(std::string_view host, std::string& out) {
  for (size_t i = 0; i < host.size(); ++i) {
    const char c = host[i];
    if (c == '%') {
      if (i + 2 >= host.size() || !is_hex(host[i + 1]) || !is_hex(host[i + 2])) return false;
      const bool percent = host.substr(i, 3) == "%25";
      if (host[i + 1] < '8' && !percent) return false;
      append_escaped(out, static_cast<char>(*parse_uint(host.substr(i + 1, 2), 16, 8)));
      i += 2;
    } else if (static_cast<unsigned char>(c) >= 0x80) {
      append_escaped(out, c);
    } else if (host_char_ok(c)) {
      out += c;
    } else {
      return false;
    }
  }
  return true;
}

// parseHost: [IPv6 or IPv6%25zone]:port, or host:port.
bool copy_authority(std::string_view host, std::string& out) {
  if (host.empty() || host[0] != '[') {
    const size_t colon = host.rfind(':');
    if (colon != std::string_view::npos && !port_ok(host.substr(colon))) return false;
    return host.find('[') == std::string_view::npos && copy_host(host, out);
  }
  const size_t end = host.rfind(']');
  if (end == std::string_view::npos || !port_ok(host.substr(end + 1))) return false;
  const size_t zone = host.substr(0, end).find("%25");
  if (zone == std::string_view::npos) return copy_host(host, out);
  std::string name;
  if (!copy_host(host.substr(0, zone), out)) return false;
  if (!copy_host(host.substr(zone + 3, end - zone - 3), name)) return false;
  out += "%25" + name;
  return copy_host(host.substr(end), out);
}

}  // namespace

std::optional<std::string> canonical_endpoint(std::string_view text) {
  std::string scheme;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  const size_t hash = text.find('#');
  if (hash != std::string_view::npos) {
    if (hash + 1 != text.size()) return std::nullopt;
    text = text.substr(0, hash);
  }
  if (!take_scheme(text, scheme)) return std::nullopt;
  const bool empty_query = !text.empty() && text.find('?') == text.size() - 1;
  if (empty_query) text.remove_suffix(1);
  if (text.find('?') != std::string_view::npos) return std::nullopt;

  const std::string tail = empty_query ? "/?" : "/";
  if (text.substr(0, 2) != "//") {
    if (!text.empty() && text != "/") return std::nullopt;
    // A scheme with an empty path keeps its empty authority ("http:" is "http:///"), one with the
    // path "/" does not ("http:/").
    if (scheme.empty()) return tail;
    return scheme + ":" + (text.empty() ? "//" : "") + tail;
  }
  std::string_view authority = text.substr(2);
  const size_t slash = authority.find('/');
  if (slash != std::string_view::npos) {
    if (authority.substr(slash) != "/") return std::nullopt;
    authority = authority.substr(0, slash);
  }
  if (authority.find('@') != std::string_view::npos) return std::nullopt;
  std::string out = scheme.empty() ? "//" : scheme + "://";
  if (!copy_authority(authority, out)) return std::nullopt;
  return out + tail;
}

}  // namespace felixsim::go
