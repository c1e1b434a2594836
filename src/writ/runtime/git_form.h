// What git demands of a patch that it is to apply (git-apply, gitformat-diff): names of blobs, and binary contents.
//
// Binary contents are a zlib stream in base 85. The stream is not compressed (RFC 1951 stored blocks): a patch of binary files
// is for git, and this needs no library.   Pure.
#pragma once

#include <string>
#include <string_view>

namespace writ::runtime {

inline constexpr std::string_view no_blob = "0000000000000000000000000000000000000000";

// The SHA-1 that git gives a blob with this content, lower-case hex.
std::string blob_name(std::string_view content);

// "GIT binary patch" from one content to the other, and back.
std::string binary_patch(std::string_view before, std::string_view after);

}  // namespace writ::runtime
