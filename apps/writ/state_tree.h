// `writ state export` and `import`: all objects as files below a folder, and back.
#pragma once

#include <string>

#include "exit_status.h"
#include "output.h"
#include "writ/runtime/runtime.h"

namespace writ::cli {

// The folder must be new or empty. An object named like the folder of another one cannot become a file: that is said
// before anything is written.
Status export_objects(Output&, runtime::Runtime&, const std::string& folder);

// Regular files only, each a task of its own with a receipt; links and devices are refused before anything is written.
Status import_objects(Output&, runtime::Runtime&, const std::string& folder, const std::shared_ptr<const authority::policy::Program>& policy);

}  // namespace writ::cli
