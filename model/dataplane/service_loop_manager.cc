// SPDX-License-Identifier: Apache-2.0
#include "model/dataplane/service_loop_manager.h"

#include "model/rules/nat_chains.h"

namespace felixsim {

void ServiceLoopManager::complete() {
  if (!pending_) return;
  std::vector<std::string> cidrs;
  for (const auto* list : {&pending_->service_cluster_cidrs, &pending_->service_external_cidrs,
                           &pending_->service_load_balancer_cidrs}) {
    cidrs.insert(cidrs.end(), list->begin(), list->end());
  }
  filter_.update(rules::blocked_cidrs_chain(renderer_, std::move(cidrs)));
  pending_.reset();
}

}  // namespace felixsim
