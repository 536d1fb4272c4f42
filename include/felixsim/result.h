// SPDX-License-Identifier: Apache-2.0
// Errors as values. Every fallible function below the command line returns a Result; library
// exceptions stop in the .cc that calls the library. An Error names the place, the fact and the
// fix, so that it can be printed as it is.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace felixsim {

enum class ErrorCode {
  invalid_input,  // the user's text, capture or log is wrong: exit 2
  not_found,      // a named thing (node, step, revision, file) does not exist
  unsupported,    // understood, but felixsim does not do it; says so rather than guess
  io,             // the operating system refused
  corrupt,        // an event log whose bytes are not what was written
};

struct Error {
  ErrorCode code = ErrorCode::invalid_input;
  std::string
      message;  // place and fact: "scenarios/x.yaml:14:13: IPPool 'p': unknown ipipMode 'Alway'"
  std::string
      help{};  // the fix: "use one of Always, CrossSubnet, Never"; empty when there is none to give

  // The same error seen from one level up; context comes first, as in "open event log x: ...".
  Error with_context(const std::string& context) && {
    message = context + ": " + message;
    return std::move(*this);
  }
};

template <class T>
using Result = tl::expected<T, Error>;

using Status = Result<void>;

inline tl::unexpected<Error> fail(ErrorCode code, std::string message, std::string help = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(help)});
}

inline tl::unexpected<Error> invalid(std::string message, std::string help = {}) {
  return fail(ErrorCode::invalid_input, std::move(message), std::move(help));
}

// Passes an error on unchanged: `if (!x) return forward(x);`
template <class T>
tl::unexpected<Error> forward(Result<T>& failed) {
  return tl::unexpected<Error>(std::move(failed).error());
}

}  // namespace felixsim
