// SPDX-License-Identifier: Apache-2.0
// The patterns of libcalico-go/lib/validator, without a regular expression engine: they are asked
// for every endpoint of the cluster.
#pragma once

#include <string_view>

namespace felixsim {

bool is_v1_name(std::string_view text);            // ^[a-zA-Z0-9_.-]{1,128}$
bool is_interface(std::string_view text);          // "*" or ^[a-zA-Z0-9_.-]{1,15}$
bool is_subdomain(std::string_view text);          // DNS-1123 labels joined by dots, at most 253
bool is_service_port_name(std::string_view text);  // IANA service name
bool is_qualified_name(std::string_view text);     // label key: [DNS-1123 subdomain/]name
bool is_label_value(std::string_view text);

}  // namespace felixsim
