// SPDX-License-Identifier: Apache-2.0
// The value stored under a key, parsed. Mirrors the parseValue methods of
// libcalico-go/lib/backend/model and the leniency of Go's JSON: names match in any case, unknown
// names are ignored, null leaves a field as it was, the last of several equal names wins, a wrong
// type is an error. Bare text for configuration, the ready flag and host addresses.
// Left out: fields of v3 resources that Felix does not read are not type-checked.
#pragma once

#include <memory>
#include <string_view>

#include "felixsim/resource.h"
#include "felixsim/result.h"
#include "model/datastore/key_text.h"

namespace felixsim {

// Keeps its buffers from one value to the next. Not for several threads at once.
class ValueParser {
 public:
  ValueParser();
  ~ValueParser();
  ValueParser(ValueParser&&) noexcept;
  ValueParser& operator=(ValueParser&&) noexcept;

  // Never null on success. An error says what is wrong, not where: the caller knows the key.
  Result<ValuePtr> parse(const Key& key, std::string_view text);

 private:
  struct Buffers;
  std::unique_ptr<Buffers> buffers_;
};

// The same with buffers of the calling thread.
Result<ValuePtr> parse_value(const Key& key, std::string_view text);
// Takes the tier of a legacy policy key into account.
Result<ValuePtr> parse_value(const ParsedKey& key, std::string_view text);

}  // namespace felixsim
