// Random policies and random cases for them, from a seed.
#pragma once

#include <random>
#include <string>

#include "tests/models/policy/reference.h"

namespace writ::policy_model {

using Random = std::mt19937_64;

std::string random_policy(Random&);  // the text of a file; not every one of them compiles
Case random_case(Random&);

}  // namespace writ::policy_model
