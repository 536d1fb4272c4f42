// SPDX-License-Identifier: Apache-2.0
// Which Felix is modelled: v3.32.1, or the classic dialect of v3.28.5 (before the drop mark bit).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace felixsim {

enum class FelixVersion : uint8_t { v3_28, v3_32 };

// "v3.32" or "v3.28"; nothing for other text.
inline std::optional<FelixVersion> parse_felix_version(std::string_view text) {
  if (text == "v3.32") return FelixVersion::v3_32;
  if (text == "v3.28") return FelixVersion::v3_28;
  return std::nullopt;
}

}  // namespace felixsim
