// SPDX-License-Identifier: Apache-2.0
// The real binary where the world around it is hostile: odd files, links, outputs that refuse. No
// crash, nothing skipped in silence, exit code 2 and a message.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "run_binary.h"

using cli_test::felixsim;
using cli_test::shell;

namespace {

namespace fs = std::filesystem;

const std::string recording = "tests/vectors/recording/single-node-profiles";
const std::string policy = R"(apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: shop}
spec: {podSelector: {}}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
)";

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("felixsim-hostile-" + std::to_string(getpid()));
  Scratch() { fs::create_directories(path / "in"); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path / name, std::ios::binary) << content;
    return (path / name).string();
  }
};

std::string nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

}  // namespace

TEST_CASE("what lies in a folder and cannot be read is named, never left out") {
  const Scratch scratch;
  scratch.write("in/a.yaml", policy);
  REQUIRE(felixsim("reach " + scratch / "in").code == 0);
  struct Case {
    std::string name, command, fact;
  };
  for (const auto& c :
       {Case{"a link that leads nowhere", "ln -s nowhere b.yaml", "b.yaml: No such file"},
        Case{"a link to itself", "ln -s b.yaml b.yaml", "b.yaml: Too many levels"},
        Case{"a link to a folder", "ln -s .. up", "up: a link to a folder"},
        Case{"a pipe", "mkfifo b.yaml", "b.yaml: a pipe or device"}})
    DYNAMIC_SECTION(c.name) {
      REQUIRE(shell("cd " + scratch / "in" + " && " + c.command).code == 0);
      for (const std::string verb : {"reach ", "explain ", "run "}) {
        const auto outcome = felixsim(verb + scratch / "in" + (verb == "explain " ? " pairs" : ""));
        INFO(verb << outcome.text);
        CHECK(outcome.code == 2);
        if (verb != "run ") CHECK(outcome.text.find(c.fact) != std::string::npos);
      }
    }
}

TEST_CASE("links of Kubernetes' own mounts are followed to files, once") {
  const Scratch scratch;
  REQUIRE(shell("cd " + scratch / "in" +
                " && mkdir ..2026 && ln -s ..2026 ..data && ln -s ..data/a.yaml a.yaml")
              .code == 0);
  scratch.write("in/..2026/a.yaml", policy);
  const auto outcome = felixsim("reach " + scratch / "in");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
}

TEST_CASE("a pipe or device as INPUT is refused, as it is read more than once") {
  for (const std::string verb : {"show --node n ", "reach ", "messages --node '*' "}) {
    const auto outcome = felixsim(verb + "/dev/zero");
    INFO(outcome.text);
    CHECK(outcome.code == 2);
    CHECK(outcome.text.find("write it to a file first") != std::string::npos);
  }
}

TEST_CASE("an output that takes nothing is an error, and an stderr that takes nothing is none") {
  const std::string show = "show " + recording + " --node node-a";
  for (const std::string output : {">/dev/full", ">&-"})
    for (const std::string& verb : {show, "messages " + recording + " --node '*'",
                                    "report " + recording + " -o -", std::string("--help")})
      DYNAMIC_SECTION(verb << output) {
        const auto outcome = shell(fmt::format("({} {} {})", FELIXSIM_BINARY, verb, output));
        INFO(outcome.text);
        CHECK(outcome.code == 2);
        CHECK(outcome.text.find("cannot write to standard output") != std::string::npos);
      }
  for (const std::string errors : {"2>/dev/full", "2>&-"}) {
    CHECK(shell(fmt::format("({} {} {})", FELIXSIM_BINARY, show, errors)).code == 0);
    CHECK(shell(fmt::format("({} show nowhere --node n {})", FELIXSIM_BINARY, errors)).code == 2);
  }
}

TEST_CASE("a reader that has enough ends the program without a word, as it ends other tools") {
  for (const std::string& verb :
       {"show " + recording + " --node node-a", "messages " + recording + " --node '*'"})
    DYNAMIC_SECTION(verb) {
      const auto outcome = shell(
          fmt::format("(({} {}; echo code $? >&2) | (exec <&-; sleep 1))", FELIXSIM_BINARY, verb));
      CHECK(outcome.text == "code 141\n");
    }
}

TEST_CASE("a written page replaces a file through its link, and no device") {
  const Scratch scratch;
  scratch.write("page.html", "old");
  REQUIRE(shell("cd " + scratch / "" + " && ln -s page.html link.html && mkfifo pipe").code == 0);
  CHECK(felixsim("report " + recording + " -o " + scratch / "link.html").code == 0);
  CHECK(fs::is_symlink(scratch / "link.html"));
  CHECK(fs::file_size(scratch / "page.html") > 1000);
  const auto piped = shell(fmt::format("({} report {} -o {} & wc -c <{}; wait)", FELIXSIM_BINARY,
                                       recording, scratch / "pipe", scratch / "pipe"));
  INFO(piped.text);
  CHECK(fs::is_fifo(scratch / "pipe"));
  if (!fs::is_character_file("/dev/full")) return;
  CHECK(felixsim("report " + recording + " -o /dev/full").code == 2);
  CHECK(fs::is_character_file("/dev/full"));
}

TEST_CASE("a page that cannot be written leaves the old one, and no temporary") {
  const Scratch scratch;
  const std::string page = scratch.write("page.html", "old");
  const auto outcome =
      shell(fmt::format("(ulimit -f 8; {} report {} -o {})", FELIXSIM_BINARY, recording, page));
  INFO(outcome.text);
  CHECK(outcome.code == 2);
  CHECK(outcome.text.find("cannot write") != std::string::npos);
  CHECK(fs::file_size(page) == 3);
  CHECK_FALSE(fs::exists(page + ".part"));
}

TEST_CASE("messages do not reach the terminal's control") {
  const auto outcome = felixsim("show \"$(printf 'x\\033[31m')\" --node n");
  CHECK(outcome.code == 2);
  CHECK(outcome.text.find('\033') == std::string::npos);
  CHECK(outcome.text.find("\\x1b[31m") != std::string::npos);
}

TEST_CASE("JSON that is nested without end is refused with its place") {
  const Scratch scratch;
  fs::copy(recording, scratch / "rec", fs::copy_options::recursive);
  const std::string deep = nested(200'000);
  scratch.write("rec/recording.json",
                R"({"steps":[{"t_read":1,"actions":[{"t":1,"node":"node-a","action":{"x":)" + deep +
                    "}}]}]}");
  const std::string host = scratch.write("host.json", R"({"facts":{"x":)" + deep + "}}");
  const std::string action = scratch.write(
      "deep.jsonl", R"({"type":"host","node":"node-a","action":"{\"facts\":{\"sysctls\":{\"a\":)" +
                        deep + "}}}\"}\n");
  for (const std::string& line :
       {"show " + scratch / "rec" + " --node node-a",
        "show " + recording + "/events.jsonl --node node-a --host " + host,
        "show " + action + " --node node-a"}) {
    const auto outcome = felixsim(line);
    INFO(outcome.text.substr(0, 300));
    CHECK(outcome.code == 2);
    CHECK(outcome.text.rfind("error: ", 0) == 0);
  }
}

TEST_CASE("names that are no UTF-8 come out as JSON") {
  const Scratch scratch;
  const auto outcome = felixsim("import --json --from jsonl --log \"" + scratch / "" +
                                "$(printf 'l\\377').db\" " + recording + "/events.jsonl");
  INFO(outcome.text);
  CHECK(outcome.code == 0);
}

TEST_CASE("chains that multiply do not keep a packet on its way for years") {
  const Scratch scratch;
  std::string rules = "*filter\\n";
  for (int chain = 0; chain < 14; ++chain) rules += fmt::format(":c{} - [0:0]\\n", chain);
  for (int chain = 0; chain < 13; ++chain)
    for (int jump = 0; jump < 9; ++jump) rules += fmt::format("-A c{} -j c{}\\n", chain, chain + 1);
  rules += "-A OUTPUT -j c0\\nCOMMIT\\n";
  for (const std::string backend : {"legacy", "nft"}) {
    const std::string input = scratch.write(
        backend + ".jsonl",
        R"({"type":"host","node":"n","action":{"facts":{"interfaces":[{"name":"eth0","kind":"device",)"
        R"("up":true,"addresses":["172.16.0.1/24"]}]}}})"
        "\n"
        R"({"type":"host","node":"n","action":{"exec":"printf ')" +
            rules + "' | iptables-" + backend + "-restore\"}}\n");
    const auto outcome = felixsim("trace " + input + " --from n --to 172.16.0.9 --port 80 --brief");
    INFO(outcome.text);
    CHECK(outcome.code == 1);
    CHECK(outcome.text.find("too many rules") != std::string::npos);
  }
}

TEST_CASE("an import that meets a limit of size keeps what it had, says how much, and can go on") {
  const Scratch scratch;
  std::string lines;
  for (int i = 1; i <= 3000; ++i)
    lines += fmt::format(R"({{"type":"put","rev":{},"key":"/calico/k{}","value":"{:0>900}"}})", i,
                         i, i) +
             "\n";
  const std::string input = scratch.write("many.jsonl", lines), log = scratch / "f.db";
  const std::string import =
      fmt::format("{} import --from jsonl {} --log {}", FELIXSIM_BINARY, input, log);
  const auto limited = shell(fmt::format("(ulimit -f 2000; {})", import));
  INFO(limited.text);
  CHECK(limited.code == 2);
  CHECK(limited.text.find("error: ") == 0);
  CHECK(limited.text.find("of it") != std::string::npos);
  const auto verdict = felixsim("log " + log + " verify");
  INFO(verdict.text);
  CHECK(verdict.code == 0);
  CHECK(shell(import).code == 0);
  CHECK(felixsim("log " + log + " verify").code == 0);
}
