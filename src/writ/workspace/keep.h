// Keeping what a task wrote: bytes go into the private folder under their digest. Always as a copy, and the digest is that of the
// copy: a process of the task that nobody killed may have the file open.   Threads: any, each with a folder of its own.
#pragma once

#include <sys/stat.h>

#include <string>

#include "writ/base/fd.h"
#include "writ/base/result.h"
#include "writ/wire/digest.h"

namespace writ::workspace {

struct Content {
  DigestPair digest;
  std::uint64_t size = 0;
  std::string text;  // as far as it is compared by lines (line_diff.h)
};

// Both digests of an open file. What is a hole is not read.
Result<Content> digest_file(const Fd&);
// Into `contents`, under its digest.
Result<Content> keep_file(const Fd&, const std::string& contents);
// The bytes of a file into another that is empty: shared where the file system can, else copied, holes kept.
Result<void> copy_file(const Fd& from, const Fd& to);

// For reading, whatever mode the task gave it: `name` in `folder` is opened without following links, and has to be of the
// same inode as `expected`; `conflict` otherwise. Folders with O_DIRECTORY in `flags`.
Result<Fd> open_left(const Fd& folder, const std::string& name, std::uint64_t flags, const struct stat& expected);

}  // namespace writ::workspace
