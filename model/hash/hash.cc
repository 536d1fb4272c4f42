// SPDX-License-Identifier: Apache-2.0
#include "model/hash/hash.h"

#include <openssl/evp.h>

#include "felixsim/check.h"

namespace felixsim {
namespace {

// Writes at most EVP_MAX_MD_SIZE bytes to `out`; returns how many.
unsigned digest_to(uint8_t* out, const EVP_MD* algorithm,
                   std::initializer_list<std::string_view> parts) {
  // One context for the thread: creating one costs more than hashing a rule.
  thread_local const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(
      EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  FELIXSIM_CHECK(context && EVP_DigestInit_ex(context.get(), algorithm, nullptr) == 1);
  for (const auto part : parts)
    FELIXSIM_CHECK(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  unsigned length = 0;
  FELIXSIM_CHECK(EVP_DigestFinal_ex(context.get(), out, &length) == 1);
  return length;
}

Bytes digest(const EVP_MD* algorithm, std::initializer_list<std::string_view> parts) {
  Bytes out(EVP_MAX_MD_SIZE);
  out.resize(digest_to(out.data(), algorithm, parts));
  return out;
}

// Fetched once: an implicit fetch at every digest takes a lock and a look-up in OpenSSL 3.
const EVP_MD* algorithm(const char* name) { return EVP_MD_fetch(nullptr, name, nullptr); }

}  // namespace

Bytes sha1(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const md = algorithm("SHA1");
  return digest(md, parts);
}
Bytes sha224(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const md = algorithm("SHA224");
  return digest(md, parts);
}
Digest224 sha224_digest(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const md = algorithm("SHA224");
  Digest224 out;
  FELIXSIM_CHECK(digest_to(out.data(), md, parts) == out.size());
  return out;
}
Bytes sha256(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const md = algorithm("SHA256");
  return digest(md, parts);
}
Bytes sha3_224(std::initializer_list<std::string_view> parts) {
  static const EVP_MD* const md = algorithm("SHA3-224");
  return digest(md, parts);
}

std::string_view as_text(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void base64url(std::span<const uint8_t> bytes, char* out) {
  static constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  uint32_t pending = 0;
  int bits = 0;
  for (const uint8_t byte : bytes) {
    pending = pending << 8 | byte;
    for (bits += 8; bits >= 6; bits -= 6) *out++ = alphabet[pending >> (bits - 6) & 63];
  }
  if (bits > 0) *out++ = alphabet[pending << (6 - bits) & 63];
}
std::string base64url(std::span<const uint8_t> bytes) {
  std::string out((bytes.size() * 4 + 2) / 3, '\0');
  base64url(bytes, out.data());
  return out;
}

std::string hex(std::span<const uint8_t> bytes) {
  std::string out;
  for (const uint8_t byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

std::string make_unique_id(std::string_view prefix, std::string_view content) {
  return fmt::format("{}:{}", prefix, base64url(sha224({prefix, ":", content})));
}

std::string length_limited_id(std::string_view fixed_prefix, std::string_view suffix,
                              size_t max_length) {
  const std::string text(suffix.empty() ? "_" : suffix);
  const size_t length = fixed_prefix.size() + text.size();
  // A name that starts with the separator could be mistaken for a shortened one of full length.
  if (length < max_length || (length == max_length && text[0] != '_'))
    return std::string(fixed_prefix) + text;
  const std::string shortened = fmt::format("{}_{}", fixed_prefix, base64url(sha256({text})));
  return shortened.substr(0, max_length);
}

}  // namespace felixsim
