// SPDX-License-Identifier: Apache-2.0
// The console blocks of README.md and docs/ are run and compared, so that what a newcomer types
// gives what is printed. A block is ```console; a line that begins with "$ " is run in a scratch
// folder that shows tests/ and scenarios/; the lines up to the next are its output; a line "..."
// stands for any lines.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

struct Command {
  std::string place, text;
  Lines output;
};

std::vector<std::vector<Command>> console_blocks(const fs::path& document) {
  std::ifstream in(document);
  std::vector<std::vector<Command>> blocks;
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    if (line.rfind("```", 0) == 0) {
      inside = line == "```console";
      if (inside) blocks.emplace_back();
    } else if (inside && line.rfind("$ ", 0) == 0) {
      blocks.back().push_back(
          {document.string() + ":" + std::to_string(number), line.substr(2), {}});
    } else if (inside && !blocks.back().empty()) {
      blocks.back().back().output.push_back(line);
    }
  }
  return blocks;
}

// Runs in `folder` with felixsim on the PATH; standard error is part of the output.
Lines run(const std::string& command, const fs::path& folder) {
  const std::string line = "cd '" + folder.string() +
                           "' && PATH=\"" FELIXSIM_FOLDER ":$PATH\" sh -c '" + command + "' 2>&1";
  Lines lines;
  std::FILE* pipe = popen(line.c_str(), "r");
  std::string text;
  std::array<char, 4096> buffer{};
  while (const size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
    text.append(buffer.data(), got);
  pclose(pipe);
  std::string current;
  for (const char c : text) {
    if (c == '\n')
      lines.push_back(std::exchange(current, {}));
    else
      current += c;
  }
  if (!current.empty()) lines.push_back(current);
  for (auto& l : lines) l.erase(l.find_last_not_of(" \t") + 1);
  return lines;
}

bool matches(const Lines& want, size_t w, const Lines& got, size_t g) {
  if (w == want.size()) return g == got.size();
  if (want[w] == "...") {
    for (size_t next = g; next <= got.size(); ++next)
      if (matches(want, w + 1, got, next)) return true;
    return false;
  }
  return g < got.size() && want[w] == got[g] && matches(want, w + 1, got, g + 1);
}

std::string joined(const Lines& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

}  // namespace

TEST_CASE("what the documents show on a console is what felixsim prints") {
  std::vector<fs::path> documents{"README.md"};
  for (const auto& entry : fs::directory_iterator("docs"))
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  std::sort(documents.begin(), documents.end());
  size_t commands = 0;
  for (const auto& document : documents) {
    const fs::path scratch =
        fs::temp_directory_path() / ("felixsim-documents-" + std::to_string(getpid()));
    fs::create_directories(scratch);
    for (const char* shown : {"tests", "scenarios"})
      fs::create_symlink(fs::absolute(shown), scratch / shown);
    for (const auto& block : console_blocks(document)) {
      for (const auto& command : block) {
        if (command.text.rfind("./dev", 0) == 0 || command.text.rfind("git ", 0) == 0) continue;
        ++commands;
        const Lines got = run(command.text, scratch);
        INFO(command.place << ": " << command.text << "\n" << joined(got));
        CHECK(matches(command.output, 0, got, 0));
      }
    }
    fs::remove_all(scratch);
  }
  CHECK(commands > 0);
}
