// `writ build`: makes a module's image before anybody runs it. With --waiting it does what `writ run` leaves for later.
#include <fmt/format.h>
#include <unistd.h>

#include "code.h"
#include "commands.h"
#include "opening.h"
#include "terminal.h"
#include "writ/base/clock.h"
#include "writ/base/escape.h"
#include "writ/base/quantity.h"
#include "writ/runtime/build.h"

namespace writ::cli {
namespace {

// One line that is written over, on a terminal alone.
class ProgressLine {
 public:
  explicit ProgressLine(const Output& output) : shown_(!output.quiet() && is_terminal(STDERR_FILENO)) {}
  ~ProgressLine() {
    if (shown_ && used_) (void)write_all(STDERR_FILENO, "\r\x1b[K");
  }
  void operator()(std::string_view doing) {
    used_ = true;
    if (shown_) (void)write_all(STDERR_FILENO, fmt::format("\r\x1b[Kwrit: {}...", doing));
  }

 private:
  const bool shown_;
  bool used_ = false;
};

Status build_what_waits(Invocation& i, const std::string& cache) {
  const auto built = runtime::build_waiting(cache);
  if (!built) return built.error();
  i.output.note(fmt::format("{} built, {} in vain", built->made, built->failed));
  if (!i.output.text_wanted())
    i.output.document({{"schema", "writ.build-waiting/1"}, {"made", built->made}, {"failed", built->failed}});
  return exit_holds;
}

}  // namespace

Status build(Invocation& i) {
  const bool waiting = i.arguments.has("--waiting");
  if (waiting != i.arguments.operands.empty())
    return {invalid(waiting ? "--waiting takes no code" : "no code was given", "writ build", "writ build CODE, or writ build --waiting"),
            exit_usage};
  const auto tier = parse_tier(i.arguments.value("--tier"));
  if (!tier) return {tier.error(), exit_usage};
  std::string cache = waiting ? i.arguments.value("--waiting").value_or("") : "";
  if (cache.empty()) {
    auto place = image_cache(i);
    if (!place) return place.error();
    cache = *std::move(place);
  }
  if (waiting) return build_what_waits(i, i.surroundings.absolute(cache));

  const std::string& name = i.arguments.operands[0];
  Bytes code;
  if (Status s = read_code(name, code); s.failed()) return s;
  if (Status s = check_module(name, code); s.failed()) return s;
  const Nanoseconds start = system_clock().monotonic();
  const auto built = [&] {
    ProgressLine line(i.output);
    return runtime::build(cache, code, *tier, [&line](std::string_view doing) { line(doing); });
  }();
  if (!built) return built.error();
  const bool made = built->how == runtime::Built::How::made;
  const double seconds = static_cast<double>((system_clock().monotonic() - start).count()) / 1e9;
  i.output.note(fmt::format("{} {} ({}){}", escape_for_terminal(name), made ? "built" : "was built already", built->engine,
                            made ? fmt::format(" in {:.1f} s", seconds) : ""));
  if (!i.output.text_wanted())
    i.output.document({{"schema", "writ.build/1"}, {"code", json_text(name)}, {"engine", built->engine}, {"image", built->sha256}, {"made", made}});
  return exit_holds;
}

}  // namespace writ::cli
