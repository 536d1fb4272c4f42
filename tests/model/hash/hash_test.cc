// SPDX-License-Identifier: Apache-2.0
#include "model/hash/hash.h"

using namespace felixsim;

TEST_CASE("digests are those of the standards' examples") {
  CHECK(hex(sha1({"abc"})) == "a9993e364706816aba3e25717850c26c9cd0d89d");
  CHECK(hex(sha224({"a", "bc"})) == "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  CHECK(hex(sha256({"abc"})) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(hex(sha3_224({"abc"})) == "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf");
}

TEST_CASE("base64url has no padding and no plus or slash") {
  const Bytes bytes{0xfb, 0xff, 0xfe, 0x01};
  CHECK(base64url(bytes) == "-__-AQ");
  CHECK(base64url({}).empty());
}

TEST_CASE("a name that fits is kept, one that does not is hashed, and the two cannot collide") {
  CHECK(length_limited_id("cali-", "abc", 8) == "cali-abc");
  CHECK(length_limited_id("cali-", "", 28) == "cali-_");
  CHECK(length_limited_id("cali-", "_bc", 8) != "cali-_bc");
  CHECK(length_limited_id("cali-", "abcd", 8).size() == 8);
}
