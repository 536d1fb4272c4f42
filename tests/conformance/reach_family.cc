// SPDX-License-Identifier: Apache-2.0
// Folders of manifests with the number and the digest of the pairs that TCP/80 reaches:
// CASE/k8s/*.yaml and CASE/meta.json.
#include <algorithm>
#include <fstream>

#include "model/hash/hash.h"
#include "sim/analysis/reach/matrix.h"
#include "sim/cli/reach_input.h"
#include "sim/report/reach_pairs.h"
#include "tests/conformance/conform.h"

namespace felixsim::conform {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> check_pairs(const fs::path& folder, const json& want) {
  const auto cluster = cli::read_reach_cluster((folder / "k8s").string(), {});
  if (!cluster) return "refused: " + cluster.error().message;
  if (!cluster->unusable.empty()) return "incomplete: " + cluster->unusable.front();
  reach::Header header;
  header.destination_port = 80;
  const std::string pairs = reach_pairs(reach::compute_matrix(*cluster->state), header);
  const auto count = std::count(pairs.begin(), pairs.end(), '\n');
  if (auto difference = first_difference(want.at("truth_tcp80_allowed_pairs"), count, "pairs"))
    return difference;
  return first_difference(want.at("truth_sha256"), hex(sha256({pairs})), "digest");
}

}  // namespace

void run_family(const Options& options, Report& report) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(options.dir))
    if (fs::exists(entry.path() / "meta.json")) folders.push_back(entry.path());
  std::sort(folders.begin(), folders.end());
  for (const auto& folder : folders) {
    std::ifstream file(folder / "meta.json");
    const json meta = json::parse(file, nullptr, false);
    report.add(folder.filename().string(), check_pairs(folder, meta));
  }
}

}  // namespace felixsim::conform
