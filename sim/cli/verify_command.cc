// SPDX-License-Identifier: Apache-2.0
// felixsim verify: a captured node against its prediction.

#include "model/config/derived.h"
#include "model/dataplane/wireguard_manager.h"
#include "sim/analysis/verify/captured_host.h"
#include "sim/analysis/verify/drift.h"
#include "sim/cli/captured_files.h"
#include "sim/cli/command.h"
#include "sim/cli/file.h"
#include "sim/cli/input.h"
#include "sim/cli/moment_text.h"
#include "sim/cli/verb.h"
#include "sim/report/drift_text.h"
#include "sim/report/felix_state.h"

namespace felixsim::cli {
namespace {

struct Options {
  std::string input, node, against, at, host, version = "v3.32";
  bool json = false;
};

VerifyOptions options_of(const NodeFlight& node) {
  VerifyOptions options;
  const Config* config = node.felix ? node.felix->config() : nullptr;
  if (!config) return options;
  constexpr int boot = 3;
  std::string insert_mode = config->text("ChainInsertMode");
  std::transform(insert_mode.begin(), insert_mode.end(), insert_mode.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  options.hooks_at_end = insert_mode == "append";
  options.interface_prefixes = interface_prefixes(*config);
  const auto protocol = static_cast<int>(config->integer("DeviceRouteProtocol"));
  if (protocol != boot) options.route_protocols.insert(protocol);
  const Symbol hostname(node.felix->hostname());
  options.wireguard_devices = {
      {config->text("WireguardInterfaceName"), stand_in_wireguard_key(hostname, IpFamily::v4)},
      {config->text("WireguardInterfaceNameV6"), stand_in_wireguard_key(hostname, IpFamily::v6)}};
  return options;
}

// The host as it was captured, where nobody gives another.
std::optional<HostFile> captured_host(const std::map<std::string, std::string>& files) {
  auto host = read_captured_host(files);
  if (!host) return std::nullopt;
  HostFile file{std::move(host->facts), std::move(host->environment), std::move(host->felix_cfg),
                std::move(host->interfaces), std::move(host->notes)};
  file.notes.insert(file.notes.begin(),
                    fmt::format("its {} interfaces and Felix's configuration are those of the "
                                "capture ({})",
                                file.interfaces->size(), fmt::join(host->used, ", ")));
  return file;
}

void print_notes(const DriftReport& report, bool running) {
  for (const auto& note : report.assumed) print_note("assumed: {}", note);
  if (!running) print_note("note: Felix on {}: {}", report.node, report.felix);
  if (!report.missing_parts.empty())
    print_note("note: not captured, not compared: {}", fmt::join(report.missing_parts, ", "));
  if (!report.unread.empty()) print_note("note: not read: {}", fmt::join(report.unread, ", "));
}

Result<int> verify(const Options& options) {
  auto request = flight_request(options.version, options.at, options.host);
  if (!request) return forward(request);
  request->nodes = {options.node};
  auto files = read_captured_files(options.against);
  if (!files) return forward(files);
  auto capture = read_node_capture(*files);
  if (!capture) return tl::unexpected(std::move(capture.error()).with_context(options.against));
  if (!request->host) request->host = captured_host(*files);
  request->iptables = calico_backend(*capture);
  auto input = Input::open(options.input);
  if (!input) return forward(input);
  auto flight = fly(*input, *request);
  if (!flight) return forward(flight);
  auto found = find_node(*flight->cluster, options.node);
  if (!found) return forward(found);
  const NodeFlight& node = **found;
  const DriftReport report{options.node,
                           options.against,
                           felix_state_text(node),
                           flight->notes,
                           capture->files,
                           capture->unread,
                           parts_not_captured(*capture, node.kernel.state()),
                           find_drifts(node.kernel.state(), *capture, options_of(node))};
  if (!options.json) print_notes(report, node.state == FelixState::running);
  auto printed = print_data(options.json ? drift_json(report, json_schema) : drift_text(report));
  if (!printed) return forward(printed);
  return report.drifts.empty() ? exit_yes : exit_no;
}

}  // namespace

void add_verify_command(CLI::App& app) {
  CLI::App& verb = add_verb(app, "verify", "a captured node against its prediction");
  auto options = std::make_shared<Options>();
  add_input_argument(verb, options->input);
  add_required(verb, "--node", options->node, "which node was captured");
  add_required(verb, "--against", options->against,
               "archive of capture-node.sh, or folder or file with what was captured");
  add_at_option(verb, options->at);
  add_host_option(verb, options->host);
  add_version_option(verb, options->version);
  add_json_flag(verb, options->json);
  set_footer(verb,
             "Files are known by their names: iptables-save ip6tables-save (also -nft- and\n"
             "  -legacy-), ipset-save, ip-route, ip6-route, ip-rule, ip6-rule,\n"
             "  nft-list-ruleset, ip-neigh, bridge-fdb, sysctl, wg-show; any may be absent.\n"
             "  ip-link, ip-addr, felix-environment, felix-cfg, kernel-abilities tell of the\n"
             "  host, unless INPUT or --host does.\n"
             "  replay/capture/capture-node.sh captures them all on a node.\n"
             "Example: felixsim verify flight.db --node node-a --against node-a.tar\n"
             "Exit code 1 if there is any drift.");
  on_run(verb, [options] { return verify(*options); });
}

}  // namespace felixsim::cli
