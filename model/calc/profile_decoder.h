// SPDX-License-Identifier: Apache-2.0
// Kubernetes namespaces and service accounts, which reach Felix disguised as profiles. Mirrors
// felix/calc/profile_decoder.go.
#pragma once

#include "felixsim/keys.h"
#include "felixsim/resource.h"
#include "model/calc/event_sequencer.h"

namespace felixsim::calc {

// `profile` is null for a deletion; profiles of other names are ignored.
void decode_profile(EventSequencer& sequencer, Symbol name, const Profile* profile);

}  // namespace felixsim::calc
