// Writ as a library: run a WebAssembly program with only what it was granted, verify what it did, audit the store.
#include <writ/base/file.h>
#include <writ/runtime/runtime.h>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 4) return std::fprintf(stderr, "usage: embed STORE KEYS MODULE.wasm\n"), 64;
  const auto failed = [](const writ::Error& e) { return std::fprintf(stderr, "embed: %s\n", e.text().c_str()), 1; };

  auto runtime = writ::runtime::Runtime::open({.store = argv[1], .keys = argv[2]});
  if (!runtime) return failed(runtime.error());
  auto code = writ::read_file(argv[3], 64 * writ::MiB);
  if (!code) return failed(code.error());

  // A task in isolation: it may write one object and nothing else.
  writ::task::Spec spec;
  spec.code_name = argv[3];
  spec.code = writ::to_bytes(*code);
  auto grant = writ::authority::parse_grant("state.write:greeting.txt,max_size=1KiB", "/", {});
  if (!grant) return failed(grant.error());
  spec.grants.push_back(*grant);
  const auto report = (*runtime)->execute(spec);
  if (!report) return failed(report.error());
  std::printf("%s: %s, %zu objects\n", report->id.brief().c_str(),
              report->settlement == writ::proof::Settlement::committed ? "committed" : "discarded", report->objects.size());

  // What it did is signed: its receipt, then everything in the store.
  if (auto v = (*runtime)->verify_task(report->id); !v) return failed(v.error());
  const auto audit = (*runtime)->audit();
  if (!audit) return failed(audit.error());
  std::printf("audit: %llu of %llu verified, state root %s\n", static_cast<unsigned long long>(audit->verified),
              static_cast<unsigned long long>(audit->total), audit->state_root.substr(0, 16).c_str());
  return audit->failed.empty() ? 0 : 1;
}
