#include "writ/task/task_states.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace writ::task {
namespace {

TEST(TaskStates, EveryPairIsInTheTableOrRefused) {
  std::size_t allowed = 0;
  for (std::size_t s = 0; s < state_names.size(); ++s)
    for (std::size_t e = 0; e < event_names.size(); ++e)
      if (step(static_cast<State>(s), static_cast<Event>(e))) ++allowed;
  EXPECT_EQ(allowed, transitions.size());
}

// docs/task-states.md is generated from the table: WRIT_UPDATE_DOCS=1 writes it, otherwise it must be current.
TEST(TaskStates, TheDocumentIsCurrent) {
  std::ostringstream o;
  o << "# The states of a task\nGenerated from `src/writ/task/task_states.h`; a test fails if it is stale.\n\n| from | event | to |\n|---|---|---|\n";
  for (const auto& t : transitions)
    o << "| " << state_names[static_cast<std::size_t>(t.from)] << " | " << event_names[static_cast<std::size_t>(t.event)] << " | "
      << state_names[static_cast<std::size_t>(t.to)] << " |\n";
  const std::string path = std::string(WRIT_SOURCE_DIR) + "/docs/task-states.md";
  if (std::getenv("WRIT_UPDATE_DOCS") != nullptr) std::ofstream(path) << o.str();
  std::stringstream found;
  found << std::ifstream(path).rdbuf();
  EXPECT_EQ(found.str(), o.str()) << "run the test with WRIT_UPDATE_DOCS=1";
}

}  // namespace
}  // namespace writ::task
