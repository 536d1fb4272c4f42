// SPDX-License-Identifier: Apache-2.0
// The rules of the house that a compiler does not check: direction of dependency, size, banned
// words, orphans, links. A failure names file, line and rule.
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace {

namespace fs = std::filesystem;

struct SourceFile {
  std::string path;  // relative to the project
  std::vector<std::string> lines;
};

std::vector<std::string> read_lines(const fs::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Files under the project's folders with one of these extensions, sorted by path.
std::vector<SourceFile> project_files(const std::set<std::string>& extensions) {
  std::vector<SourceFile> files;
  for (const std::string top :
       {"include", "model", "replay", "sim", "tests", "bench", "docs", "scenarios"}) {
    if (!fs::exists(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top))
      if (entry.is_regular_file() && extensions.contains(entry.path().extension().string()))
        files.push_back({entry.path().generic_string(), read_lines(entry.path())});
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

const std::vector<SourceFile>& sources() {
  static const auto files = project_files({".h", ".cc"});
  return files;
}

std::string folder_of(const std::string& path) {
  for (const std::string top : {"include", "tests", "bench"})
    if (path.rfind(top + "/", 0) == 0) return top;
  const size_t second = path.find('/', path.find('/') + 1);
  return path.substr(0, second);
}

// What a folder may include; everybody may include include/ and itself.
const std::map<std::string, std::set<std::string>>& allowed_includes() {
  static const std::map<std::string, std::set<std::string>> table{
      {"include", {}},
      {"model/vocabulary", {}},
      {"model/hash", {}},
      {"model/selector", {"model/hash"}},
      {"model/config", {"model/hash"}},
      {"model/datastore", {"model/hash", "model/selector", "model/config"}},
      {"model/calc", {"model/hash", "model/selector", "model/config", "model/datastore"}},
      {"model/rules", {"model/hash", "model/config"}},
      {"model/dataplane", {"model/hash", "model/config", "model/rules"}},
      {"model/kernel", {"model/hash"}},
      {"model/node",
       {"model/hash", "model/config", "model/datastore", "model/calc", "model/rules",
        "model/dataplane"}},
      {"replay/log", {"model/hash"}},
      {"replay/scenario", {"model/kernel", "model/hash", "model/datastore"}},
      {"replay/capture", {"model/hash", "model/datastore", "replay/scenario"}},
      {"sim/engine", {"model/*"}},
      {"sim/analysis", {"model/*", "sim/engine"}},
      {"sim/report", {"model/*", "sim/engine", "sim/analysis"}},
      {"sim/cli", {"model/*", "replay/*", "sim/engine", "sim/analysis", "sim/report"}},
      {"tests", {"*"}},
      {"bench", {"*"}},
  };
  return table;
}

bool may_include(const std::string& from, const std::string& to) {
  if (to == "include" || to == from) return true;
  const auto& allowed = allowed_includes().at(from);
  return allowed.contains("*") || allowed.contains(to) ||
         allowed.contains(to.substr(0, to.find('/')) + "/*");
}

std::string place(const SourceFile& file, size_t line) {
  return fmt::format("{}:{}", file.path, line + 1);
}

}  // namespace

TEST_CASE("every include follows the direction of dependency") {
  const std::regex quoted(R"re(^#include "((?:felixsim|model|replay|sim|tests|bench)/[^"]+)")re");
  for (const auto& file : sources()) {
    const std::string from = folder_of(file.path);
    INFO(file.path);
    REQUIRE(allowed_includes().contains(from));
    for (size_t i = 0; i < file.lines.size(); ++i) {
      std::smatch match;
      if (!std::regex_search(file.lines[i], match, quoted)) continue;
      const std::string header = match[1];
      const std::string to = header.rfind("felixsim/", 0) == 0 ? "include" : folder_of(header);
      INFO(place(file, i) << " includes " << header);
      CHECK(may_include(from, to));
    }
  }
}

TEST_CASE("a file opens with its licence and stays under 600 lines") {
  for (const auto& file : sources()) {
    INFO(file.path);
    REQUIRE_FALSE(file.lines.empty());
    CHECK(file.lines[0] == "// SPDX-License-Identifier: Apache-2.0");
    CHECK(file.lines.size() <= 600);
  }
}

TEST_CASE("a function fits a screen: at most 70 lines") {
  const std::regex opens(R"(^[A-Za-z].*\{$)");
  const std::regex not_a_function(
      R"re(^(namespace|struct|class|enum|union|extern|constexpr|const|static const|TEST_CASE)\b|= \{$)re");
  for (const auto& file : sources()) {
    std::optional<size_t> start;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      if (!start && std::regex_search(line, opens) && !std::regex_search(line, not_a_function))
        start = i;
      if (start && line.rfind("}", 0) == 0) {
        INFO(place(file, *start));
        CHECK(i - *start + 1 <= 70);
        start.reset();
      }
    }
  }
}

TEST_CASE("no clock, chance, environment or exception in model and sim below the command line") {
  const std::regex banned(
      R"(system_clock|steady_clock|random_device|\brand\(|getenv|(^|[^"\w])throw\b|std::mt19937)");
  for (const auto& file : sources()) {
    const std::string folder = folder_of(file.path);
    if (folder.rfind("model/", 0) != 0 && folder.rfind("sim/", 0) != 0) continue;
    if (folder == "sim/cli") continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const std::string code = file.lines[i].substr(0, file.lines[i].find("//"));
      INFO(place(file, i) << ": " << file.lines[i]);
      CHECK_FALSE(std::regex_search(code, banned));
    }
  }
}

TEST_CASE("nothing is left for later in the code") {
  const std::regex later(R"(\b(TODO|FIXME|XXX|HACK)\b)");
  for (const auto& file : sources()) {
    if (file.path == "tests/tidy/tidy_test.cc") continue;
    for (size_t i = 0; i < file.lines.size(); ++i) {
      INFO(place(file, i));
      CHECK_FALSE(std::regex_search(file.lines[i], later));
    }
  }
}

// How a list names a source: by its file name, or, where the kind of program is in the function's
// name (felixsim_bench(log), felixsim_fuzz(jsonl)), by the rest of it.
bool lists_source(const std::string& lists, const fs::path& path) {
  if (lists.find(path.filename().string()) != std::string::npos) return true;
  const std::string stem = path.stem().string();
  for (const std::string kind : {"bench", "fuzz"}) {
    const std::string suffix = "_" + kind;
    if (stem.ends_with(suffix) &&
        lists.find("felixsim_" + kind + "(" + stem.substr(0, stem.size() - suffix.size())) !=
            std::string::npos)
      return true;
  }
  return false;
}

TEST_CASE("every source is listed in a CMakeLists.txt") {
  std::string lists;
  for (const auto& entry : fs::recursive_directory_iterator(fs::current_path())) {
    const auto relative = fs::relative(entry.path()).generic_string();
    if (entry.path().filename() != "CMakeLists.txt" || relative.rfind("build/", 0) == 0) continue;
    for (const auto& line : read_lines(entry.path())) lists += line + "\n";
  }
  for (const auto& file : sources()) {
    if (fs::path(file.path).extension() != ".cc") continue;
    INFO(file.path);
    CHECK(lists_source(lists, file.path));
  }
}

TEST_CASE("every relative link in the documents leads somewhere") {
  const std::regex link(R"(\]\(([^)#:]+)(#[^)]*)?\))");
  auto documents = project_files({".md"});
  for (const std::string top : {"README.md", "CHANGELOG.md"})
    if (fs::exists(top)) documents.push_back({top, read_lines(top)});
  for (const auto& file : documents) {
    for (size_t i = 0; i < file.lines.size(); ++i) {
      const auto& line = file.lines[i];
      for (std::sregex_iterator it(line.begin(), line.end(), link), end; it != end; ++it) {
        const fs::path target = fs::path(file.path).parent_path() / (*it)[1].str();
        INFO(place(file, i) << " -> " << target.string());
        CHECK(fs::exists(target));
      }
    }
  }
}

TEST_CASE("every scenario has a line in the syllabus") {
  if (!fs::exists("scenarios/README.md")) return;
  std::string syllabus;
  for (const auto& line : read_lines("scenarios/README.md")) syllabus += line + "\n";
  for (const auto& file : project_files({".yaml"})) {
    if (file.path.rfind("scenarios/", 0) != 0) continue;
    INFO(file.path);
    CHECK(syllabus.find(fs::path(file.path).filename().string()) != std::string::npos);
  }
}
