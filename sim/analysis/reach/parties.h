// SPDX-License-Identifier: Apache-2.0
// The matrix by name: pods and ranges of the world, row by row, both IP versions in one answer.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "felixsim/result.h"
#include "sim/analysis/reach/classes.h"

namespace felixsim::reach {

inline constexpr size_t no_class = ~size_t{0};

struct Party {
  std::string name;  // "ns/pod", or "world 192.0.2.0/24"
  bool world = false;
  struct Place {
    size_t sender = no_class, receiver = no_class;
  };
  Place v4, v6;  // where it is in the classes of each IP version
};

// The IP versions that have endpoints; IPv4 where there are none at all.
std::vector<const FamilyMatrix*> families_of(const Matrix& matrix);

// "ns/pod", with endpoint and host behind it where there are several of this name.
std::string endpoint_text(const Matrix& matrix, size_t endpoint);

// "there is no pod 'web'"; the help says which was perhaps meant, then what may be written.
tl::unexpected<Error> no_such_pod(const Matrix& matrix, const std::string& name,
                                  const std::string& forms);

// Of an endpoint with several addresses of one IP version the first counts.
class Parties {
 public:
  // `whole_world`: pieces of the world that are alike are one party.
  Parties(const Matrix& matrix, const Focus& focus, bool whole_world = true);

  const std::vector<Party>& list() const { return parties_; }  // pods by name, then the world

  // What `from` may send to each party, as a number of a text. 0 is nothing.
  void row(size_t from, std::vector<uint32_t>& out);
  // "tcp/80 udp/53", "tcp/80; unknown: udp/53", "IPv4: all; IPv6: none".
  const std::string& text(uint32_t number) const { return texts_[number]; }

 private:
  void add_endpoints(const Matrix& matrix, const FamilyMatrix& family, Classes& classes);
  void add_world(const FamilyMatrix& family, Classes& classes, bool whole);
  uint32_t number_of(std::optional<uint32_t> v4, std::optional<uint32_t> v6);

  std::vector<Party> parties_;
  std::optional<Classes> v4_, v6_;
  std::vector<std::string> texts_{"none"};
  std::map<std::pair<std::optional<uint32_t>, std::optional<uint32_t>>, uint32_t> numbers_;
  std::map<std::string, uint32_t> text_numbers_{{"none", 0}};
  std::vector<uint32_t> row_v4_, row_v6_;
};

// Endpoints that no policy isolates, by direction; names in order.
std::vector<std::string> not_isolated(const Matrix& matrix, bool ingress);

}  // namespace felixsim::reach
