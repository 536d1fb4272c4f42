// SPDX-License-Identifier: Apache-2.0
// Captured text made plain: what tools of other versions, other options and other programs put into
// it is taken out, so that the readers of the simulated kernel take the rest. Lines keep their
// numbers: what is left out becomes an empty line. Errors begin with "line N: ".
#pragma once

#include <string>
#include <string_view>

#include "felixsim/ip.h"
#include "felixsim/result.h"

namespace felixsim {

// Calico's sets only; without timeouts, counters, comments and the like.
Result<std::string> plain_ipset_save(std::string_view text);

// Those of the family (`ip route show table all` shows both); without multipath routes, the
// kernel's own and what else no Route holds; without the attributes that iproute2 knows and a Route
// does not.
Result<std::string> plain_routes(std::string_view text, IpFamily family);

// Without rules that select by what no RoutingRule holds (iif, ports, ...) or do not look up.
Result<std::string> plain_rules(std::string_view text);

// Calico's tables only, as `nft -s list ruleset` prints them: no handles, counts, sizes.
Result<std::string> plain_nft_ruleset(std::string_view text);

}  // namespace felixsim
